// rapidcheck's view of props/generate.hpp: a random scenario as one value that shrinks by meaning.
#pragma once

#include <rapidcheck.h>

#include <ostream>

#include "props/generate.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

// How rapidcheck shows a counterexample: as the text to keep.
inline void showValue(const Scenario& scenario, std::ostream& out) {
    out << '\n' << print_scenario(scenario);
}

[[nodiscard]] inline rc::Gen<Scenario> scenario_gen(const GenerateOptions& options) {
    return [options](const rc::Random& random, int size) {
        rc::Random seeds = random;
        GenerateOptions sized = options;
        // rapidcheck's size runs from 0 to 100: small scenarios first.
        sized.max_steps = 1 + options.max_steps * static_cast<unsigned>(size) / 100;
        sized.max_steps = sized.max_steps < options.max_steps ? sized.max_steps : options.max_steps;
        return rc::shrinkable::shrinkRecur(
            generate_scenario(seeds.next(), sized),
            [](const Scenario& scenario) { return rc::seq::fromContainer(simpler_scenarios(scenario)); });
    };
}

[[nodiscard]] inline rc::Gen<Scenario> scenario_gen(unsigned max_steps) {
    GenerateOptions options;
    options.max_steps = max_steps;
    return scenario_gen(options);
}

} // namespace edgecase
