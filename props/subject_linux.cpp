// core/'s reactor on the real kernel: the instance of reactor and kernel, and the harness around it.
#include <csignal>

#include "core/epoll_module.ipp"
#include "core/notify_channel.ipp"
#include "fakekernel/scripted_kernel.hpp"
#include "props/core_subject.ipp"
#include "props/linux_backend.hpp"
#include "props/linux_harness.hpp"
#include "props/linux_world.hpp"
#include "props/scripted_control.hpp"

namespace edgecase {

namespace {

using ObservedLinuxKernel = fake::ScriptedKernel<LinuxBackend>;

class LinuxHarness final : public Harness {
public:
    explicit LinuxHarness(Settling settling)
        : kernel_(LinuxBackend(now_ns_), script_, simulation_), control_(kernel_), world_(now_ns_, settling),
          subject_(kernel_, simulation_) {
        simulation_.stand_on(Platform{control_, world_, subject_, script_, nullptr});
        // write() to a pipe without a reader must answer EPIPE, as the model's does; it has no MSG_NOSIGNAL.
        ::signal(SIGPIPE, SIG_IGN);
    }

    [[nodiscard]] Simulation& simulation() override { return simulation_; }

private:
    std::uint64_t now_ns_ = 0;
    fake::Script script_;
    Simulation simulation_;
    ObservedLinuxKernel kernel_;
    ScriptedControl<ObservedLinuxKernel> control_;
    LinuxWorld world_;
    CoreSubject<ObservedLinuxKernel> subject_;
};

} // namespace

std::unique_ptr<Harness> make_linux_harness(Settling settling) {
    return std::make_unique<LinuxHarness>(settling);
}

} // namespace edgecase
