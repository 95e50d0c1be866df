// A simulation with everything it stands on, ready to run: on the model, or on the real kernel.
#pragma once

#include <memory>

#include "props/simulation.hpp"

namespace edgecase {

class Harness {
public:
    virtual ~Harness() = default;
    [[nodiscard]] virtual Simulation& simulation() = 0;

    const Verdict& run(const Scenario& scenario, const RunOptions& options = {}) {
        return simulation().run(scenario, options);
    }
    const Verdict& run_twice(const Scenario& scenario, const RunOptions& options = {}) {
        return simulation().run_twice(scenario, options);
    }
};

// The chosen subject (props/subjects.hpp) on the deterministic model. Several may live in one process; each belongs to one thread.
[[nodiscard]] std::unique_ptr<Harness> make_model_harness();

} // namespace edgecase
