// Memory behind the seam: blocks handed out from one region that is kept from run to run, so that a run costs no
// heap allocation after warm-up. Under AddressSanitizer a block that was given back is poisoned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace edgecase::fake {

class Arena {
public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena();

    // Never null; a region that is too small is joined by a larger one. The bytes are filled with 0xa5, so that
    // reading them before writing shows, and shows the same in every run.
    void* allocate(std::size_t bytes, std::size_t alignment);

    // Null is allowed. The bytes come back only at reset.
    void release(void* block, std::size_t bytes);

    void reset();

    [[nodiscard]] std::size_t blocks_in_use() const { return blocks_; }

private:
    struct Region {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
    };
    std::vector<Region> regions_;
    std::size_t region_ = 0;  // the one in use
    std::size_t used_ = 0;    // of it
    std::size_t blocks_ = 0;
};

}  // namespace edgecase::fake
