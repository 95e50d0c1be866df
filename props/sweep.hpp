// The fault sweep: a scenario is run again and again, each time with one of its subject's calls answered otherwise: the
// first, the second, up to the last, each with every error that Linux could give at that moment (legal_results.hpp), once
// and from there on always, and with a transfer of one byte where a short one is legal; each allocation fails as well.
// No first failure is left out, whatever the scenario is about.
#pragma once

#include <cstdint>
#include <functional>

#include "props/harness.hpp"
#include "props/scenario.hpp"
#include "props/verdict.hpp"

namespace edgecase {

// Which errors a call is given, of those that are legal.
enum class SweepErrors : std::uint8_t {
    all,
    one_of_each_class, // try again, interrupted, no resources, the connection is gone, anything else
};

struct SweepOptions {
    SweepErrors errors = SweepErrors::all;
};

// Adds up over scenarios.
struct SweepCounts {
    std::uint64_t scenarios = 0;
    std::uint64_t calls = 0; // that were answered otherwise, each in its turn
    std::uint64_t runs = 0;
    std::uint64_t findings = 0;
    std::uint64_t budgets = 0;
    std::uint64_t without =
        0; // calls that cannot fail on Linux as they stand, or that the scenario scripts itself
    std::uint64_t unreachable = 0; // calls too far into their line for a script to name
    std::uint64_t unmet = 0; // faults that did not come to be in their run, of which there should be none
};

// The scenario must pass; it is run once more to see its calls. found is called for each run that is a finding, with
// the scenario that has the fault in it.
void sweep_faults(Harness& harness, const Scenario& scenario, const SweepOptions& options,
                  SweepCounts& counts, const std::function<void(const Scenario&, const Verdict&)>& found);

} // namespace edgecase
