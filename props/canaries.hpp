// Canaries: for each invariant a subject that breaks it on purpose, and a scenario in which it does. A
// checker that does not fire on its canary checks nothing.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "props/harness.hpp"
#include "props/invariants.hpp"
#include "props/saboteur.hpp"
#include "props/verdict.hpp"

namespace edgecase {

struct CanaryResult {
    Invariant invariant;
    std::string_view sabotage; // what the subject does wrong, in words
    bool fired = false;        // the oracle named this invariant
    bool quiet = false;        // the same scenario passes on a subject that is left alone
    Verdict verdict;           // of the sabotaged run
};

// All of them, in the order of the invariants.
[[nodiscard]] std::vector<CanaryResult> run_all_canaries();

// The model with such a subject on it, for whoever needs a finding.
[[nodiscard]] std::unique_ptr<Harness> make_broken_harness(Sabotage sabotage);

} // namespace edgecase
