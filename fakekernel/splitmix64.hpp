// splitmix64, by Sebastiano Vigna: random numbers that are the same everywhere, which the generators and distributions of
// the standard library do not promise.
#pragma once

#include <cstdint>

namespace edgecase {

// The next number; state: any number to begin with.
[[nodiscard]] inline std::uint64_t splitmix64(std::uint64_t& state) {
    std::uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

} // namespace edgecase
