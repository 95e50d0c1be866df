// What a run ended with: pass, an invariant broken (where, and why), or the step budget used up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "props/invariants.hpp"
#include "props/scenario.hpp"

namespace edgecase {

// What a finding needed of the script.
enum class Faults : std::uint8_t {
    none,      // nothing was injected before it
    reachable, // only what Linux could answer in that state
    defensive, // something that Linux could not
};

// An invariant broken.
struct Violation {
    Invariant invariant = Invariant::interest_matches_active;
    std::uint32_t step = 0;  // the scenario's step that was running
    std::uint64_t calls = 0; // system calls of the subject until then
    std::string why;
};

// A part of the script that never came to be.
struct Unreached {
    std::uint32_t step = 0;
};

struct Verdict {
    enum class Kind : std::uint8_t { pass, finding, budget };

    Kind kind = Kind::pass;
    Violation violation;          // of a finding; of budget: the step and, in `why`, the loop
    Faults faults = Faults::none; // what was injected until the end
    bool misuse = false;          // the scenario broke the module's contract before the end
    std::uint64_t trace_hash = 0;
    std::uint64_t calls = 0; // system calls of the subject
    std::vector<Unreached> unreached;
    std::vector<Invariant> not_judged; // what could not be, on this platform or for this subject
};

} // namespace edgecase
