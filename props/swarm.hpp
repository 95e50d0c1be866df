// The swarm: long random scenarios. Which kinds of steps are left out, and the configuration, are a pure function of the
// seed. Each has two phases: one with faults, and a healed one, in which peers drain what they were sent, time passes,
// and everything that was owed must come; then a new connection, a new listener, a timer and a notify are tried, which
// must all work: a reactor that got over its faults can serve. Steps that break the module's contract are taken out
// first, since little can be judged behind them, and so are those that never come to rest.
#pragma once

#include <cstdint>
#include <string>

#include "props/generate.hpp"
#include "props/harness.hpp"
#include "props/scenario.hpp"
#include "props/verdict.hpp"

namespace edgecase {

inline constexpr unsigned k_swarm_steps = 400; // of the phase with faults, unless told otherwise
inline constexpr unsigned k_most_swarm_steps = 20'000;

// What a run of that seed will be.
struct SwarmPlan {
    std::uint64_t seed = 0;
    unsigned steps = k_swarm_steps;
    GenerateOptions options;
    Config config;
    std::vector<StepKind>
        left_out; // but for what belongs to a step that is not: what is opened is added, and so on
};
[[nodiscard]] SwarmPlan swarm_plan(std::uint64_t seed, unsigned steps);
[[nodiscard]] std::string plan_text(const SwarmPlan& plan); // one line

struct SwarmRun {
    Scenario scenario;
    std::uint32_t healed_at = 0; // the step from which on nothing is injected
    unsigned taken_out = 0;      // steps that would have broken the contract, or never come to rest
    Verdict verdict;
    std::string unhealed; // not empty: what did not come back to life, although every invariant held
};
// The trace of the run is the harness's latest.
[[nodiscard]] SwarmRun run_swarm(Harness& harness, const SwarmPlan& plan);

} // namespace edgecase
