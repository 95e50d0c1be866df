// Random scenarios that are worth running, and the simpler ones to try when one of them fails. Both work from
// the table of the language, so a new kind of step is generated and simplified without a line here. A
// scenario is a pure function of seed and options, the same on every compiler.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "props/scenario.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

enum class Variety : std::uint8_t {
    everything, // any kind of step
    swarm,      // kinds left out at random, a different set for each seed
};

// What scenarios are mostly about.
enum class Focus : std::uint8_t {
    module, // as the weights of the table say
    server, // listeners, clients, turns, and what goes wrong when connections are accepted
};

struct GenerateOptions {
    unsigned max_steps = 40; // nested ones included; a scenario may have fewer
    Variety variety = Variety::swarm;
    Focus focus = Focus::module;
    bool script = true;    // steps of the script family: faults, scripted waits, places
    bool life = true;      // init and done
    bool configure = true; // other than the default configuration
};

// Some calls are made only by a reactor that is configured so: if such a call is to fail, it is.
void configure_for_faults(Scenario& scenario);

// What a scenario of that seed does without.
[[nodiscard]] std::vector<StepKind> kinds_left_out(std::uint64_t seed, const GenerateOptions& options);

// Always valid. Mostly connections are opened before they are used and added after they were opened.
[[nodiscard]] Scenario generate_scenario(std::uint64_t seed, const GenerateOptions& options);

// One more line, its nested steps behind it; one more step nested in `head`; other values for a step of that
// kind (without nested steps): each speaks mostly of connections that the steps before it have opened.
[[nodiscard]] std::vector<Step> generate_line(std::uint64_t seed, std::span<const Step> before,
                                              Focus focus = Focus::module);
[[nodiscard]] Step generate_nested(std::uint64_t seed, const Step& head, std::span<const Step> before,
                                   Focus focus = Focus::module);
[[nodiscard]] Step generate_step_like(std::uint64_t seed, StepKind kind, std::span<const Step> before,
                                      Focus focus = Focus::module);

// The parts of the next: a step with one of its values simpler (its nested steps stay), a configuration with one line
// less, or with none.
[[nodiscard]] std::vector<Step> simpler_steps(const Step& step);
[[nodiscard]] std::vector<Config> simpler_configs(const Config& config);

// Valid scenarios that are a little simpler: without some steps, with a smaller value, with a default back in
// place; the boldest first. Following any of them repeatedly ends.
[[nodiscard]] std::vector<Scenario> simpler_scenarios(const Scenario& scenario);

} // namespace edgecase
