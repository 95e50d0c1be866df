// One process of the model that is alone in the world and sleeps in epoll_wait, as ScriptedKernel lets it: with no script,
// and with nothing that acts but the clock and what it brings.
#pragma once

#include "fakekernel/model_backend.hpp"
#include "fakekernel/scripted_kernel.hpp"

namespace edgecase::fake::conformance {

class Sleeper final : private CallObserver {
public:
    Sleeper(Model& model, Pid pid) : kernel_(ModelBackend(model, pid), script_, *this) {}

    SysResult epoll_wait(int epfd, EpollEvent* out, int maxevents, int timeout_ms) {
        return kernel_.epoll_wait(epfd, out, maxevents, timeout_ms);
    }
    // A signal had to end the sleep, as nothing else could.
    [[nodiscard]] bool was_endless() const { return endless_; }

private:
    void before_call(Call, int) override {}
    void after_call(Record&, const EpollEvent*) override {}
    void injected(Call, int, const ScriptAnswer&, std::size_t, int) override {}
    int scripted_wait(EpollEvent*, int&) override { return -1; }
    void falls_asleep(int, std::int64_t) override {}
    bool act_during(Call) override { return false; }
    bool act_while_asleep() override { return false; }
    void ticks() override {}
    void alarm_comes() override {}
    void interrupts_sleep() override { endless_ = true; }
    void completions_taken(const AioCompletion*, std::size_t) override {}
    void would_block(Call, int) override {}

    Script script_;
    bool endless_ = false;
    ScriptedKernel<ModelBackend> kernel_;
};

} // namespace edgecase::fake::conformance
