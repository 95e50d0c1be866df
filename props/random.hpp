// Random numbers that are the same everywhere, which the distributions of <random> do not promise: splitmix64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgecase {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    // bound must not be 0.
    unsigned below(std::size_t bound) { return static_cast<unsigned>(next() % bound); }
    bool one_in(unsigned odds) { return below(odds) == 0; }

    template <typename Values> auto pick(const Values& values) { return values[below(values.size())]; }

private:
    std::uint64_t state_;
};

} // namespace edgecase
