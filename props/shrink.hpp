// A finding, made as small as a person wants to read it: by meaning, not by byte. What is tried, in this order: without
// the tail; without what the failing step does not depend on; without lines; without what never came to be; places
// taken off their step; without steps of reactions; the plain configuration; the simplest arguments; the first names.
//
// What stays is the finding's identity, and what it needs: a finding without faults stays one without faults.
// The effort is counted in steps and system calls, not in time, so the same finding gives the same text everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "props/harness.hpp"
#include "props/scenario.hpp"
#include "props/verdict.hpp"

namespace edgecase {

// What makes two findings the same one.
struct FindingIdentity {
    Invariant invariant = Invariant::interest_matches_active;
    std::optional<StepKind> step; // the kind of the step that was running; none: the tear-down

    friend bool operator==(const FindingIdentity&, const FindingIdentity&) = default;
};

// The verdict must be a finding.
[[nodiscard]] FindingIdentity identity_of(const Verdict& verdict, const Scenario& scenario);

// no-lost-wakeup-at-process, fds-balanced-at-tear-down: the name of a file, without its extension.
[[nodiscard]] std::string identity_text(const FindingIdentity& identity);

struct Shrunk {
    Scenario scenario;
    Verdict verdict;        // of the shrunk scenario
    std::uint64_t runs = 0; // that it took
};

// So much takes a second or so with sanitizers, and a few tenths without.
inline constexpr std::uint64_t k_shrink_effort = 4'000'000;

// Nothing if the scenario is no finding. It is run twice at a time if what it breaks is same-scenario-same-trace.
[[nodiscard]] std::optional<Shrunk> shrink_finding(Harness& harness, const Scenario& scenario,
                                                   std::uint64_t effort = k_shrink_effort);

} // namespace edgecase
