// Memory behind the seam: blocks handed out from one region that is kept from run to run, so that a run costs
// no heap allocation after warm-up. Under AddressSanitizer a block that was given back is poisoned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace edgecase::fake {

class Arena {
public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena();

    // Never null. The bytes are filled with 0xa5, so that reading them before writing shows, and shows the
    // same in every run. A block larger than k_large_bytes comes from the system instead, zeroed, and goes
    // back at reset: filling megabytes that nobody looks at would take longer than the run.
    void* allocate(std::size_t bytes, std::size_t alignment);

    // Null is allowed. The bytes come back only at reset.
    void release(void* block, std::size_t bytes);

    void reset();

    static constexpr std::size_t k_large_bytes = 64 * 1024;

    [[nodiscard]] std::size_t blocks_in_use() const { return blocks_; }

private:
    struct Region {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
    };
    struct FreeLarge {
        void operator()(void* block) const { std::free(block); }
    };
    std::vector<Region> regions_;
    std::vector<std::unique_ptr<void, FreeLarge>> large_;
    std::size_t region_ = 0; // the one in use
    std::size_t used_ = 0;   // of it
    std::size_t blocks_ = 0;
};

} // namespace edgecase::fake
