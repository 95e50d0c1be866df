// What no signal and no later event changes: calls that do not sleep, and a batch that was handed out.
#include <cstdint>

#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("signals: calls that do not sleep are never interrupted", "[S-19][S-149]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    constexpr int k_signal = 10;
    constexpr SignalSet k_set = signal_bit(k_signal);
    REQUIRE(system.sigaction(k_signal, SignalAction::handler) == 0);
    Watcher<TestType> watcher(system);
    const Pair pair = unix_pair(system);
    const Pair pipe = pipe_pair(system);
    const int counter = event(system);
    char bytes[8] = {};
    for (unsigned round = 1; round <= 20; ++round) {
        // It waits until it is unblocked, and is handled on the way out of a call.
        REQUIRE(system.sigprocmask(k_sig_block, &k_set, nullptr) == 0);
        REQUIRE(system.kill_self(k_signal) == 0);
        REQUIRE(system.sigprocmask(k_sig_unblock, &k_set, nullptr) == 0);
        CHECK(system.handled(k_signal) == round);
        CHECK(watcher.add(pair.a, k_in, 1) == 0);
        CHECK(watcher.mod(pair.a, k_in | k_et, 2) == 0);
        CHECK(watcher.wait().empty());
        CHECK(watcher.del(pair.a) == 0);
        CHECK(system.kill_self(k_signal) == 0);
        CHECK(system.handled(k_signal) == ++round);
        CHECK(system.read(pair.a, bytes, 8) == -k_eagain);
        CHECK(system.recv(pair.a, bytes, 8, 0) == -k_eagain);
        CHECK(system.read(pipe.a, bytes, 8) == -k_eagain);
        CHECK(system.read(counter, bytes, 8) == -k_eagain);
    }
}

TEMPLATE_TEST_CASE("epoll: a batch that was handed out is not revised", "[S-41]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> watcher(system);
    const int first = event(system, 1);
    const int second = event(system, 1);
    REQUIRE(watcher.add(first, k_in, 1) == 0);
    REQUIRE(watcher.add(second, k_in, 2) == 0);
    EpollEvent events[4] = {};
    REQUIRE(system.epoll_wait(watcher.fd, events, 4) == 2);
    REQUIRE(system.close(second) == 0);
    const int third = event(system);
    CHECK(third == second);
    CHECK(std::uint64_t{events[1].data} == 2);
    CHECK(std::uint32_t{events[1].events} == k_in);
    CHECK(watcher.wait() == "1:1");
}

} // namespace
} // namespace edgecase::fake::conformance
