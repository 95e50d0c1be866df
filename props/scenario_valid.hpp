// What the types of scenario.hpp cannot say: bounds, words, nesting. Whatever the parser accepts and whatever
// the byte form decodes to is valid, and only that can be printed, encoded and run.
#pragma once

#include <optional>
#include <string>

#include "props/scenario.hpp"

namespace edgecase {

// Nothing if the scenario is valid; otherwise the first rule it breaks, with the index of the step.
[[nodiscard]] std::optional<std::string> scenario_fault(const Scenario& scenario);

} // namespace edgecase
