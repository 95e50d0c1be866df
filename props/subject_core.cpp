// core/'s reactor on the model: the instance of reactor and kernel, and the harness around it.
#include "core/epoll_module.ipp"
#include "core/notify_channel.ipp"
#include "props/core_subject.ipp"
#include "props/harness.hpp"
#include "props/model_parts.hpp"

namespace edgecase {

template class NotifyChannel<ModelKernel>;
template class AioChannel<ModelKernel>;
template class EpollModule<ModelKernel>;
template class Reactor<ModelKernel>;
template class CoreSubject<ModelKernel>;

namespace {

class ModelHarness final : public Harness {
public:
    ModelHarness() : parts_(simulation_), subject_(parts_.kernel, simulation_) {
        simulation_.stand_on(Platform{parts_.control, parts_.world, subject_, parts_.script, &parts_.model});
    }

    [[nodiscard]] Simulation& simulation() override { return simulation_; }

private:
    Simulation simulation_;
    ModelParts parts_;
    CoreSubject<ModelKernel> subject_;
};

} // namespace

std::unique_ptr<Harness> make_model_harness() {
    return std::make_unique<ModelHarness>();
}

} // namespace edgecase
