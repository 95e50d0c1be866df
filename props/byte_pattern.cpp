#include "props/byte_pattern.hpp"

#include <vector>

namespace edgecase {

namespace {

constexpr std::uint64_t k_period = k_longest_pattern;

// Odd factors, so that a stream that is shifted by any number of bytes below 2^16 differs from itself in each byte, or
// in each of most blocks of 256.
std::vector<std::byte> make_table() {
    std::vector<std::byte> table(k_period + k_longest_pattern);
    for (std::uint64_t place = 0; place < table.size(); ++place) {
        const std::uint64_t at = place % k_period;
        table[place] = static_cast<std::byte>(at * 61 + (at >> 8) * 29 + (at >> 16) * 113);
    }
    return table;
}

} // namespace

const std::byte* byte_pattern(Name name, Direction direction, std::uint64_t position) {
    static const std::vector<std::byte> table = make_table();
    constexpr std::uint64_t k_between_names = 4099;
    constexpr std::uint64_t k_between_directions = 524'309;
    const std::uint64_t own =
        name * k_between_names + (direction == Direction::to_subject ? 0 : k_between_directions);
    return table.data() + (own + position) % k_period;
}

} // namespace edgecase
