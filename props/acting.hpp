// Which step is being carried out, for the length of a block.
#pragma once

#include <cstdint>

namespace edgecase {

// Sets the step that acts, and gives the one before it back at the end of the block: a step may run handlers,
// and they run steps.
class Acting {
public:
    Acting(std::uint64_t& acting, std::uint64_t step) : acting_(acting), before_(acting) { acting_ = step; }
    Acting(const Acting&) = delete;
    Acting& operator=(const Acting&) = delete;
    ~Acting() { acting_ = before_; }

private:
    std::uint64_t& acting_;
    std::uint64_t before_;
};

} // namespace edgecase
