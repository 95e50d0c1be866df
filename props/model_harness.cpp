// The harness around the chosen subject on the model.
#include "props/harness.hpp"
#include "props/model_parts.hpp"
#include "props/subjects.hpp"

namespace edgecase {

namespace {

class ModelHarness final : public Harness {
public:
    ModelHarness() : parts_(simulation_), subject_(chosen_subject().make(parts_.kernel, simulation_)) {
        simulation_.stand_on(Platform{parts_.control, parts_.world, *subject_, parts_.script, &parts_.model});
    }

    [[nodiscard]] Simulation& simulation() override { return simulation_; }

private:
    Simulation simulation_;
    ModelParts parts_;
    std::unique_ptr<Subject> subject_;
};

} // namespace

std::unique_ptr<Harness> make_model_harness() {
    return std::make_unique<ModelHarness>();
}

} // namespace edgecase
