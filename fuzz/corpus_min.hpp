// Which scenarios of many are enough: a small set that together reaches what all of them do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edgecase {

// One scenario: what it reaches, as numbers in rising order, and what it costs to keep.
struct Coverage {
    std::vector<std::uint32_t> reached;
    std::size_t size = 0;
};

// The indices of the chosen, in rising order. Greedy: the one that brings most that is new, and among such the smallest,
// and the first of those; then those that the later ones have made superfluous are dropped.
[[nodiscard]] std::vector<std::size_t> smallest_cover(const std::vector<Coverage>& all);

} // namespace edgecase
