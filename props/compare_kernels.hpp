// One scenario on the model and on the real kernel, compared: the same dispatches, the same masks, the same
// verdict. The first thing that keeps the model honest.
#pragma once

#include <string>

#include "props/scenario.hpp"

namespace edgecase {

struct KernelComparison {
    enum class Outcome : std::uint8_t { same, different, not_comparable };

    Outcome outcome = Outcome::same;
    std::string text; // different: both answers side by side, lines with their ends; not_comparable: why
};

// Whether the scenario can run on the real kernel at all: there is one, no faults, no scripts, nothing that only
// a model's world can do. Otherwise the reason.
[[nodiscard]] bool runs_on_linux(const Scenario& scenario, std::string& reason);

[[nodiscard]] KernelComparison compare_kernels(const Scenario& scenario);

} // namespace edgecase
