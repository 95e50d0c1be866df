// Random scenarios that are worth running, and the simpler ones to try when one of them fails. Both work from
// the table of the language, so a new kind of step is generated and simplified without a line here. A
// scenario is a pure function of seed and options, the same on every compiler.
#pragma once

#include <cstdint>
#include <vector>

#include "props/scenario.hpp"

namespace edgecase {

enum class Variety : std::uint8_t {
    everything, // any kind of step
    swarm,      // kinds left out at random, a different set for each seed
};

struct GenerateOptions {
    unsigned max_steps = 40; // nested ones included; a scenario may have fewer
    Variety variety = Variety::swarm;
    bool script = true;    // steps of the script family: faults, scripted waits, places
    bool life = true;      // init and done
    bool configure = true; // other than the default configuration
};

// Always valid. Mostly connections are opened before they are used and added after they were opened.
[[nodiscard]] Scenario generate_scenario(std::uint64_t seed, const GenerateOptions& options);

// Valid scenarios that are a little simpler: without some steps, with a smaller value, with a default back in
// place; the boldest first. Following any of them repeatedly ends.
[[nodiscard]] std::vector<Scenario> simpler_scenarios(const Scenario& scenario);

} // namespace edgecase
