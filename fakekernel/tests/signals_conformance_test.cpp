// Signals and signalfd: sections M and N of the catalogue. Handlers count their calls.
#include "fakekernel/tests/conformance/both.hpp"
#include "fakekernel/tests/conformance/differences.hpp"

namespace edgecase::fake::conformance {
namespace {

constexpr int k_usr1 = 10;
constexpr int k_usr2 = 12;
constexpr int k_realtime = 34;
constexpr SignalSet k_few =
    signal_bit(k_usr1) | signal_bit(k_usr2) | signal_bit(k_sigalrm) | signal_bit(k_realtime);

template <class System> void block(System& system, SignalSet set) {
    REQUIRE(system.sigprocmask(k_sig_block, &set, nullptr) == 0);
}

template <class System> int signal_fd(System& system, SignalSet set) {
    block(system, set);
    const auto fd = static_cast<int>(system.signalfd(-1, &set, k_o_nonblock));
    REQUIRE(fd >= 0);
    return fd;
}

// The signals of one read, "10 12".
template <class System> std::string signals_read(System& system, int fd, std::size_t size) {
    std::vector<unsigned char> buffer(size);
    const long count = system.read(fd, buffer.data(), size);
    if (count < 0) return std::to_string(count);
    std::string text;
    for (long at = 0; at < count; at += 128) {
        std::int32_t signal = 0;
        std::memcpy(&signal, buffer.data() + at, sizeof signal);
        text += (text.empty() ? "" : " ") + std::to_string(signal);
    }
    return text;
}

TEMPLATE_TEST_CASE("signalfd: readable while a signal of its mask is pending", "[S-138]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::signalfd)) return;
    const int fd = signal_fd(system, signal_bit(k_usr1));
    block(system, signal_bit(k_usr2));
    CHECK(mask(system, fd) == 0);
    CHECK(take(system, fd, 128) == -k_eagain);
    system.kill_self(k_usr2);
    CHECK(mask(system, fd) == 0);
    system.kill_self(k_usr1);
    CHECK(mask(system, fd) == 0x1);
    CHECK(take(system, fd, 127) == -k_einval);
    CHECK(put(system, fd, 128) == -k_einval);
    CHECK(system.send(fd, "x", 1, 0) == -k_enotsock);
    CHECK(take(system, fd, 200) == 128);
    CHECK(mask(system, fd) == 0);
    CHECK(system.pending() == signal_bit(k_usr2));
    CHECK(system.fcntl(fd, k_f_getfl, 0) == (k_o_rdwr | k_o_nonblock));
    system.kill_self(k_usr1);
    CHECK(system.read(fd, nullptr, 128) == -k_efault); // and it is lost
    CHECK(take(system, fd, 128) == -k_eagain);
}

TEMPLATE_TEST_CASE("signalfd: standard signals coalesce, realtime ones queue, the lowest number first",
                   "[S-138]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::signalfd)) return;
    const int fd = signal_fd(system, k_few);
    for (const int signal : {k_realtime, k_usr2, k_realtime, k_usr1, k_usr2, k_usr1})
        REQUIRE(system.kill_self(signal) == 0);
    CHECK(signals_read(system, fd, 128) == "10");
    CHECK(signals_read(system, fd, 300) == "12 34");
    CHECK(mask(system, fd) == 0x1);
    CHECK(signals_read(system, fd, 1024) == "34");
    CHECK(signals_read(system, fd, 1024) == "-11");
}

TEMPLATE_TEST_CASE("signalfd: who sent it and why", "[S-138]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::signalfd)) return;
    const int fd = signal_fd(system, k_few);
    const auto code_read = [&] {
        unsigned char record[128];
        REQUIRE(system.read(fd, record, sizeof record) == 128);
        std::int32_t code = -1;
        std::memcpy(&code, record + 8, sizeof code);
        return code;
    };
    system.kill_self(k_usr1);
    CHECK(code_read() == k_si_user);
    system.setitimer(5000, 0);
    system.pass(20);
    CHECK(code_read() == k_si_kernel);
}

TEMPLATE_TEST_CASE("signalfd: its mask can be changed, and what makes no sense is refused", "[S-138]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::signalfd)) return;
    const int fd = signal_fd(system, signal_bit(k_usr1));
    Watcher watcher(system);
    watcher.add(fd, k_in | k_et, 1);
    block(system, signal_bit(k_usr2));
    system.kill_self(k_usr2);
    CHECK(watcher.wait() == "");
    const SignalSet other = signal_bit(k_usr2) | signal_bit(9) | signal_bit(19);
    CHECK(system.signalfd(fd, &other, 0) == fd);
    CHECK(watcher.wait() == "1:1");
    CHECK(take(system, fd, 128) == 128);
    CHECK(system.signalfd(fd, nullptr, 0) == -k_efault);
    CHECK(system.signalfd(fd, &other, 1) == -k_einval);
    CHECK(system.signalfd(999, &other, 0) == -k_ebadf);
    CHECK(system.signalfd(event(system), &other, 0) == -k_einval);
}

TEMPLATE_TEST_CASE("signalfd: a new signal is an edge, one that is pending already is none", "[S-138][S-43]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::signalfd)) return;
    const int first = signal_fd(system, signal_bit(k_usr1) | signal_bit(k_realtime));
    const int second = signal_fd(system, signal_bit(k_usr1) | signal_bit(k_usr2));
    Watcher watcher(system);
    watcher.add(first, k_in | k_et, 1);
    watcher.add(second, k_in | k_et, 2);
    system.kill_self(k_usr1);
    CHECK(watcher.wait() == "2:1 1:1"); // one wait queue: the later watch stands in front (S-75)
    system.kill_self(k_usr1);
    CHECK(watcher.wait() == "");
    system.kill_self(k_usr2); // wakes the first as well, which reports what it has
    CHECK(watcher.wait() == "2:1 1:1");
    CHECK(take(system, first, 128) == 128);
    CHECK(watcher.wait() == "");
    CHECK(signals_read(system, second, 1024) == "12");
    system.kill_self(k_realtime);
    system.kill_self(k_realtime);
    CHECK(watcher.wait() == "1:1");
    CHECK(take(system, first, 128) == 128);
    system.kill_self(k_realtime);
    CHECK(watcher.wait() == "1:1");
}

TEMPLATE_TEST_CASE("signals: handled at once, or when they are unblocked", "[S-145]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    REQUIRE(system.sigaction(k_usr1, SignalAction::handler) == 0);
    REQUIRE(system.sigaction(k_realtime, SignalAction::handler) == 0);
    system.kill_self(k_usr1);
    CHECK(system.handled(k_usr1) == 1);
    block(system, k_few);
    for (const int signal : {k_usr1, k_usr1, k_realtime, k_realtime})
        system.kill_self(signal);
    CHECK(system.handled(k_usr1) == 1);
    CHECK(system.pending() == (signal_bit(k_usr1) | signal_bit(k_realtime)));
    SignalSet old = 0;
    const SignalSet usr1 = signal_bit(k_usr1);
    CHECK(system.sigprocmask(k_sig_unblock, &usr1, &old) == 0);
    CHECK((old & k_few) == k_few);
    CHECK(system.handled(k_usr1) == 2);
    CHECK(system.handled(k_realtime) == 0);
    const SignalSet none = 0;
    CHECK(system.sigprocmask(k_sig_setmask, &none, nullptr) == 0);
    CHECK(system.handled(k_realtime) == 2);
    CHECK(system.pending() == 0);
    CHECK(system.sigprocmask(7, &none, nullptr) == -k_einval);
    CHECK(system.sigprocmask(7, nullptr, nullptr) == 0);
}

TEMPLATE_TEST_CASE("signals: ignored ones vanish, blocked ones wait for what becomes of them", "[S-140]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    block(system, signal_bit(k_usr1));
    REQUIRE(system.sigaction(k_usr1, SignalAction::ignore) == 0);
    system.kill_self(k_usr1);
    CHECK(system.pending() == signal_bit(k_usr1)); // the handler may change before it is unblocked
    REQUIRE(system.sigaction(k_usr1, SignalAction::ignore) == 0);
    CHECK(system.pending() == 0);
    REQUIRE(system.sigaction(k_usr2, SignalAction::ignore) == 0);
    system.kill_self(k_usr2);
    system.kill_self(k_sigchld); // ignored by default
    CHECK(system.pending() == 0);
    CHECK(system.sigaction(9, SignalAction::handler) == -k_einval);
    CHECK(system.sigaction(19, SignalAction::ignore) == -k_einval);
    CHECK(system.sigaction(0, SignalAction::ignore) == -k_einval);
    CHECK(system.sigaction(65, SignalAction::ignore) == -k_einval);
    CHECK(system.kill_self(65) == -k_einval);
    CHECK(system.kill_self(0) == 0);
    const SignalSet unblockable = signal_bit(9) | signal_bit(19);
    SignalSet blocked = 0;
    REQUIRE(system.sigprocmask(k_sig_block, &unblockable, nullptr) == 0);
    REQUIRE(system.sigprocmask(k_sig_block, nullptr, &blocked) == 0);
    CHECK((blocked & unblockable) == 0);
}

TEMPLATE_TEST_CASE("interval timer: SIGALRM once, or again and again", "[S-139]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    REQUIRE(system.sigaction(k_sigalrm, SignalAction::handler) == 0);
    REQUIRE(system.setitimer(100'000, 0) == 0);
    CHECK(system.handled(k_sigalrm) == 0);
    system.pass(250);
    CHECK(system.handled(k_sigalrm) == 1);
    REQUIRE(system.setitimer(20'000, 20'000) == 0);
    for (unsigned run = 2; run <= 4; ++run) {
        system.pass(run == 2 ? 30 : 20);
        CHECK(system.handled(k_sigalrm) >= run);
        if (!TestType::k_real) CHECK(system.handled(k_sigalrm) == run);
    }
    REQUIRE(system.setitimer(0, 20'000) == 0);
    const unsigned runs = system.handled(k_sigalrm);
    system.pass(50);
    CHECK(system.handled(k_sigalrm) == runs);
}

TEMPLATE_TEST_CASE("interval timer: it stands still while its signal waits", "[S-138]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int fd = signal_fd(system, signal_bit(k_sigalrm));
    Watcher watcher(system);
    watcher.add(fd, k_in | k_et, 1);
    REQUIRE(system.setitimer(100'000, 100'000) == 0);
    system.pass(150);
    CHECK(watcher.wait() == "1:1");
    system.pass(150);
    CHECK(watcher.wait() == "");
    CHECK(signals_read(system, fd, 1024) == "14");
    CHECK(mask(system, fd) == 0);
    system.pass(150);
    CHECK(watcher.wait() == "1:1");
}

TEMPLATE_TEST_CASE("wait: a handler ends it with EINTR, with SA_RESTART too", "[S-139][S-143]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    REQUIRE(system.sigaction(k_sigalrm, SignalAction::handler) == 0);
    const Watcher watcher(system);
    EpollEvent entry{};
    REQUIRE(system.setitimer(10'000, 10'000) == 0); // again and again: a machine may be late for the first
    for (const int timeout_ms : {5000, -1})
        CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, timeout_ms) == -4);
    CHECK(system.handled(k_sigalrm) >= 2);
    REQUIRE(system.setitimer(0, 0) == 0);
    system.kill_self(k_sigalrm);
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, 0) == 0);
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, 10) == 0); // it was handled before
}

TEMPLATE_TEST_CASE("wait: signals that are ignored or blocked do not end it", "[S-140][S-145]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Watcher watcher(system);
    EpollEvent entry{};
    REQUIRE(system.sigaction(k_sigalrm, SignalAction::ignore) == 0);
    REQUIRE(system.setitimer(10'000, 0) == 0);
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, 30) == 0);
    REQUIRE(system.sigaction(k_sigalrm, SignalAction::handler) == 0);
    block(system, signal_bit(k_sigalrm));
    REQUIRE(system.setitimer(10'000, 0) == 0);
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, 30) == 0);
    CHECK(system.pending() == signal_bit(k_sigalrm));
    CHECK(system.handled(k_sigalrm) == 0);
}

TEMPLATE_TEST_CASE("wait: a signal that a signalfd takes is an event, not EINTR", "[S-138][S-142]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::signalfd)) return;
    const int fd = signal_fd(system, signal_bit(k_sigalrm));
    Watcher watcher(system);
    watcher.add(fd, k_in, 7);
    EpollEvent entry{};
    REQUIRE(system.setitimer(10'000, 0) == 0);
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, -1) == 1);
    CHECK((entry.data == 7)); // a packed member: nothing may refer to it
}

} // namespace
} // namespace edgecase::fake::conformance
