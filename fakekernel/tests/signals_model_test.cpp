// Signals and timers of the model where several processes, or one moment, are concerned: what a test on the real kernel
// cannot see or cannot time.
#include "fakekernel/conformance/sleeper.hpp"
#include "fakekernel/model.hpp"
#include "fakekernel/tests/catch.hpp"

namespace edgecase::fake {
namespace {

constexpr int k_usr1 = 10;
constexpr int k_term = 15;
constexpr std::uint64_t k_ms = 1'000'000;

int as_fd(SysResult result) {
    REQUIRE_FALSE(result.failed());
    return static_cast<int>(result.value);
}

void watch(Model& model, Pid pid, int epfd, int fd, std::uint64_t data) {
    EpollEvent event{};
    event.events = k_epollin | k_epollet;
    event.data = data;
    REQUIRE_FALSE(model.epoll_ctl(pid, epfd, k_epoll_ctl_add, fd, &event).failed());
}

// A signalfd for SIGUSR1, which the process blocks.
int usr1_fd(Model& model, Pid pid) {
    const SignalSet set = signal_bit(k_usr1);
    REQUIRE_FALSE(model.sigprocmask(pid, k_sig_block, &set, nullptr).failed());
    return as_fd(model.signalfd(pid, -1, &set, k_o_nonblock));
}

TEST_CASE("model: a child inherits mask and handlers, and neither pending signals nor the timer", "[S-145]") {
    Model model;
    const SignalSet usr1 = signal_bit(k_usr1);
    model.sigprocmask(0, k_sig_block, &usr1, nullptr);
    model.sigaction(0, k_sigalrm, SignalAction::handler);
    model.setitimer(0, k_itimer_real, 5000, 0);
    model.kill(0, 0, k_usr1);
    const Pid child = model.fork(0);
    CHECK(model.blocked_signals(child) == usr1);
    CHECK(model.pending_signals(child) == 0);
    CHECK(model.timer_left_ns(child) == 0);
    CHECK(model.timer_left_ns(0) == 5 * k_ms);
    model.kill(0, child, k_sigalrm);
    CHECK(model.handled(child, k_sigalrm) == 1);
    model.advance(10 * k_ms);
    CHECK(model.handled(child, k_sigalrm) == 1);
    CHECK(model.handled(0, k_sigalrm) == 1);
    model.check_consistency();
}

TEST_CASE("model: a signalfd speaks of the signals of whoever asks", "[S-138]") {
    Model model;
    const int fd = usr1_fd(model, 0);
    const int epoll = as_fd(model.epoll_create1(0, 0));
    watch(model, 0, epoll, fd, 1);
    const Pid child = model.fork(0);
    EpollEvent entry{};
    // A signal of the child: the parent's watch hears nothing, and its descriptor has nothing.
    model.kill(0, child, k_usr1);
    CHECK(model.harvest(0, epoll, &entry, 1).value == 0);
    CHECK(model.poll(0, fd, k_epollin).value == 0);
    CHECK(model.poll(child, fd, k_epollin).value == k_epollin);
    unsigned char record[128];
    CHECK(model.read(0, fd, record, sizeof record).error == k_eagain);
    CHECK(model.read(child, fd, record, sizeof record).value == 128);
    // A signal of the parent wakes the watch that it made; the child, harvesting it, finds nothing.
    model.kill(child, 0, k_usr1);
    CHECK(model.harvest(child, epoll, &entry, 1).value == 0);
    model.check_consistency();
}

TEST_CASE("model: a process that is killed closes its descriptors, and its parent gets SIGCHLD", "[S-138]") {
    Model model;
    const SignalSet chld = signal_bit(k_sigchld);
    model.sigprocmask(0, k_sig_block, &chld, nullptr);
    int fds[2] = {-1, -1};
    REQUIRE_FALSE(model.pipe2(0, fds, k_o_nonblock).failed());
    const Pid child = model.fork(0);
    model.close(0, fds[1]);
    CHECK((model.ready_mask(model.file_of(0, fds[0])) & k_epollhup) == 0);
    REQUIRE_FALSE(model.kill(0, child, k_term).failed());
    CHECK_FALSE(model.alive(child));
    CHECK((model.ready_mask(model.file_of(0, fds[0])) & k_epollhup) != 0);
    CHECK(model.pending_signals(0) == chld);
    CHECK(model.kill(0, child, 0).error == k_esrch);
    model.check_consistency();
}

TEST_CASE("model: an event wins over a signal that comes at the same moment", "[S-142]") {
    Model model;
    const int epoll = as_fd(model.epoll_create1(0, 0));
    const int timer = as_fd(model.timerfd_create(0, k_clock_monotonic, k_o_nonblock));
    watch(model, 0, epoll, timer, 1);
    model.sigaction(0, k_sigalrm, SignalAction::handler);
    const TimerSpec spec{{0, 0}, {0, 5'000'000}};
    model.timerfd_settime(0, timer, 0, &spec, nullptr);
    model.setitimer(0, k_itimer_real, 5000, 0);
    conformance::Sleeper sleeper(model, 0);
    EpollEvent entry{};
    CHECK(sleeper.epoll_wait(epoll, &entry, 1, -1).value == 1);
    CHECK(model.handled(0, k_sigalrm) == 1);
    CHECK(model.now_ns() == 5 * k_ms);
    CHECK(sleeper.epoll_wait(epoll, &entry, 1, 10).value == 0); // it does not interrupt the next one
    CHECK_FALSE(sleeper.was_endless());
}

// The end of a sleep has slack (S-151), a timer has none.
TEST_CASE("model: an alarm at the very end of a sleep comes before the end", "[S-139]") {
    Model model;
    const int epoll = as_fd(model.epoll_create1(0, 0));
    model.sigaction(0, k_sigalrm, SignalAction::handler);
    model.setitimer(0, k_itimer_real, 5000, 0);
    conformance::Sleeper sleeper(model, 0);
    EpollEvent entry{};
    CHECK(sleeper.epoll_wait(epoll, &entry, 1, 5).error == 4);
    CHECK(model.now_ns() == 5 * k_ms);
}

TEST_CASE("model: timers of one moment expire in the order of arming", "[S-137][S-153]") {
    Model model;
    const int epoll = as_fd(model.epoll_create1(0, 0));
    int timers[3];
    for (int i = 0; i < 3; ++i) {
        timers[i] = as_fd(model.timerfd_create(0, k_clock_monotonic, k_o_nonblock));
        watch(model, 0, epoll, timers[i], static_cast<std::uint64_t>(i));
    }
    const TimerSpec spec{{0, 0}, {0, 1'000'000}};
    for (const int i : {2, 0, 1})
        model.timerfd_settime(0, timers[i], 0, &spec, nullptr);
    model.timerfd_settime(0, timers[2], 0, &spec, nullptr); // armed anew: now the last
    CHECK(model.next_deadline_ns() == 1'000'000);
    model.advance(k_ms);
    EpollEvent entries[3];
    REQUIRE(model.harvest(0, epoll, entries, 3).value == 3);
    CHECK((entries[0].data == 0 && entries[1].data == 1 && entries[2].data == 2));
    CHECK(model.next_deadline_ns() == -1);
    model.check_consistency();
}

TEST_CASE("model: while the clock moves no handler runs, so an interval timer goes off once", "[S-139]") {
    Model model;
    model.sigaction(0, k_sigalrm, SignalAction::handler);
    model.setitimer(0, k_itimer_real, 1000, 1000);
    model.advance(10'500'000);
    CHECK(model.handled(0, k_sigalrm) == 1);
    CHECK(model.timer_left_ns(0) == 500'000); // on by whole periods
    model.check_consistency();
}

TEST_CASE("model: no more descriptions than the system has, after the limit of the process", "[S-4]") {
    ModelOptions options;
    options.max_files = 4; // one of them behind 0 to 2
    Model model(options);
    const int epoll = as_fd(model.epoll_create1(0, 0));
    int fds[2] = {-1, -1};
    CHECK_FALSE(model.pipe2(0, fds, 0).failed());
    CHECK(model.eventfd(0, 0, 0).error == k_enfile);
    CHECK(model.epoll_create1(0, 0).error == k_enfile);
    CHECK(model.socket(0, FileKind::udp, 0).error == k_enfile);
    CHECK(model.timerfd_create(0, k_clock_monotonic, 0).error == k_enfile);
    CHECK(model.dup(0, epoll).value == 6); // a number, no description
    model.close(0, 6);
    model.set_open_files(0, 6);
    CHECK(model.eventfd(0, 0, 0).error == k_emfile);
    CHECK(model.pipe2(0, fds, 0).error == k_enfile); // pipes make their files first
    CHECK(model.socketpair(0, k_sock_stream, 0, fds).error == k_emfile);
    model.close(0, epoll);
    CHECK(model.pipe2(0, fds, 0).error == k_enfile); // it takes two
    CHECK(model.eventfd(0, 0, 0).value == 3);
    model.check_consistency();
}

TEST_CASE("model: a connection that cannot be accepted for want of a description stays", "[S-4][S-121]") {
    ModelOptions options;
    options.max_files = 3;
    Model model(options);
    const int listener = as_fd(model.socket(0, FileKind::tcp, k_o_nonblock));
    model.bind(0, listener, 80);
    model.listen(0, listener, 8);
    const int client = as_fd(model.socket(0, FileKind::tcp, k_o_nonblock));
    model.connect(0, client, 80);
    CHECK(model.accept4(0, listener, k_o_nonblock).error == k_enfile);
    CHECK((model.ready_mask(model.file_of(0, listener)) & k_epollin) != 0);
    model.close(0, client);
    CHECK_FALSE(model.accept4(0, listener, k_o_nonblock).failed());
    model.check_consistency();
}

TEST_CASE("model: an ICMP message from outside is a pending error", "[S-132]") {
    Model model;
    const Pid outside = model.spawn();
    int fds[2] = {-1, -1};
    REQUIRE_FALSE(model.udp_pair_between(0, outside, k_o_nonblock, fds).failed());
    const int file = model.file_of(0, fds[0]);
    model.icmp_port_unreachable(file);
    CHECK(model.ready_mask(file) == (k_epollout | k_epollwrnorm | k_epollwrband | k_epollerr));
    char byte = 0;
    CHECK(model.recv(0, fds[0], &byte, 1, 0).error == k_econnrefused);
    CHECK(model.recv(0, fds[0], &byte, 1, 0).error == k_eagain);
    model.check_consistency();
}

} // namespace
} // namespace edgecase::fake
