// What an engine learns of a run beyond the edges of the code: which kinds of things followed each other in the trace.
// A handler that closes its connection and opens another runs through no code that a step at the top would not; only
// the order tells them apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fakekernel/trace.hpp"

namespace edgecase {

class TracePairs {
public:
    static constexpr std::size_t k_counters = 8192;
    using Counters = std::array<std::uint8_t, k_counters>;

    // Sets a counter to 1 for each pair of neighbours (and three in a row, while a handler runs), by the class of each:
    // the kind of record, what became of it, whether it concerns the connection whose handler runs, and whether one
    // runs at all. The other counters keep their value. Different pairs may share a counter.
    static void count(std::span<const fake::Record> records, Counters& counters);
};

} // namespace edgecase
