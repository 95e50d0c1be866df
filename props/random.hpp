// Choices by random numbers that are the same everywhere (fakekernel/splitmix64.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "fakekernel/splitmix64.hpp"

namespace edgecase {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() { return splitmix64(state_); }

    // bound must not be 0.
    unsigned below(std::size_t bound) { return static_cast<unsigned>(next() % bound); }
    bool one_in(unsigned odds) { return below(odds) == 0; }

    template <typename Values> auto pick(const Values& values) { return values[below(values.size())]; }

private:
    std::uint64_t state_;
};

} // namespace edgecase
