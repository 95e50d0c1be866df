// timerfd: section M of the catalogue, and S-58. Where a busy machine may be late, what is expected is reckoned from the
// clock of the system under test: on the model that leaves one answer.
#include "fakekernel/tests/conformance/both.hpp"
#include "fakekernel/tests/conformance/differences.hpp"

namespace edgecase::fake::conformance {
namespace {

constexpr TimerSpec after_ms(std::int64_t value, std::int64_t interval = 0) {
    return TimerSpec{{interval / 1000, interval % 1000 * 1'000'000},
                     {value / 1000, value % 1000 * 1'000'000}};
}

template <class System> int timer(System& system) {
    return static_cast<int>(system.timerfd_create(k_clock_monotonic, k_o_nonblock));
}

template <class System> long set(System& system, int fd, const TimerSpec& spec) {
    return system.timerfd_settime(fd, 0, &spec, nullptr);
}

// How many periods have passed since a timer was set, at the least and at the most.
template <class System> class Periods {
public:
    Periods(System& system, int fd, std::int64_t interval_ms)
        : system_(system), interval_ns_(static_cast<std::uint64_t>(interval_ms) * 1'000'000) {
        before_ns_ = system.now_ns();
        REQUIRE(set(system, fd, after_ms(interval_ms, interval_ms)) == 0);
        after_ns_ = system.now_ns();
    }

    // A read's count, given what earlier reads have answered.
    void check_read(int fd) {
        const std::uint64_t least = (system_.now_ns() - after_ns_) / interval_ns_;
        counted_ += read_counter(system_, fd);
        const std::uint64_t most = (system_.now_ns() - before_ns_) / interval_ns_;
        CHECK(counted_ >= least);
        CHECK(counted_ <= most);
    }

private:
    System& system_;
    std::uint64_t interval_ns_;
    std::uint64_t before_ns_ = 0;
    std::uint64_t after_ns_ = 0;
    std::uint64_t counted_ = 0;
};

TEMPLATE_TEST_CASE("timerfd: readable once it has expired, never writable", "[S-133]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    const int fd = timer(system);
    CHECK(mask(system, fd) == 0);
    CHECK(take(system, fd, 8) == -k_eagain);
    REQUIRE(set(system, fd, after_ms(100)) == 0);
    CHECK(mask(system, fd) == 0);
    CHECK(take(system, fd, 8) == -k_eagain);
    system.pass(120);
    CHECK(mask(system, fd) == 0x1);
    CHECK(take(system, fd, 7) == -k_einval);
    CHECK(put(system, fd, 8) == -k_einval);
    CHECK(system.recv(fd, nullptr, 8, 0) == -k_enotsock);
    CHECK(take(system, fd, 16) == 8);
    CHECK(mask(system, fd) == 0);
    CHECK(take(system, fd, 8) == -k_eagain);
    CHECK(system.fcntl(fd, k_f_getfl, 0) == (k_o_rdwr | k_o_nonblock));
    REQUIRE(set(system, fd, after_ms(5)) == 0);
    system.pass(20);
    CHECK(system.read(fd, nullptr, 8) == -k_efault); // and what had expired is lost
    CHECK(take(system, fd, 8) == -k_eagain);
}

TEMPLATE_TEST_CASE("timerfd: setting it forgets what has expired, also in the ready list", "[S-134]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    Watcher watcher(system);
    const int fd = timer(system);
    watcher.add(fd, k_in, 1);
    for (const TimerSpec& spec : {after_ms(0), after_ms(5000)}) {
        REQUIRE(set(system, fd, after_ms(5)) == 0);
        system.pass(20);
        CHECK(mask(system, fd) == 0x1);
        REQUIRE(set(system, fd, spec) == 0);
        CHECK(mask(system, fd) == 0);
        CHECK(take(system, fd, 8) == -k_eagain);
        CHECK(watcher.wait() == "");
    }
}

TEMPLATE_TEST_CASE("timerfd: a moment that has passed expires at once, zero disarms", "[S-135]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    const int fd = timer(system);
    system.pass(5);
    const TimerSpec past{{0, 0}, {0, 1}};
    REQUIRE(system.timerfd_settime(fd, k_tfd_timer_abstime, &past, nullptr) == 0);
    system.settle();
    CHECK(mask(system, fd) == 0x1);
    CHECK(read_counter(system, fd) == 1);
    const auto soon_ns = static_cast<std::int64_t>(system.now_ns()) + 100'000'000;
    const TimerSpec soon{{0, 0}, {soon_ns / 1'000'000'000, soon_ns % 1'000'000'000}};
    REQUIRE(system.timerfd_settime(fd, k_tfd_timer_abstime, &soon, nullptr) == 0);
    CHECK(mask(system, fd) == 0);
    system.pass(120);
    CHECK(read_counter(system, fd) == 1);
    REQUIRE(set(system, fd, after_ms(10, 10)) == 0);
    REQUIRE(set(system, fd, after_ms(0, 10)) == 0);
    system.pass(30);
    CHECK(mask(system, fd) == 0);
}

TEMPLATE_TEST_CASE("timerfd: what makes no sense is refused", "[S-135]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    const int fd = timer(system);
    const int counter = event(system);
    const TimerSpec fine = after_ms(5);
    for (const TimerSpec& wrong :
         {TimerSpec{{0, 0}, {0, 1'000'000'000}}, TimerSpec{{0, 0}, {0, -1}}, TimerSpec{{0, 0}, {-1, 0}},
          TimerSpec{{0, 1'000'000'000}, {1, 0}}, TimerSpec{{-1, 0}, {1, 0}}}) {
        CHECK(set(system, fd, wrong) == -k_einval);
        CHECK(set(system, 999, wrong) == -k_einval);
    }
    CHECK(system.timerfd_settime(fd, 4, &fine, nullptr) == -k_einval);
    CHECK(system.timerfd_settime(fd, 0, nullptr, nullptr) == -k_efault);
    CHECK(system.timerfd_settime(999, 0, nullptr, nullptr) == -k_efault);
    CHECK(set(system, 999, fine) == -k_ebadf);
    CHECK(set(system, counter, fine) == -k_einval);
    TimerSpec out;
    CHECK(system.timerfd_gettime(999, &out) == -k_ebadf);
    CHECK(system.timerfd_gettime(counter, &out) == -k_einval);
    CHECK(system.timerfd_gettime(fd, nullptr) == -k_efault);
    CHECK(system.timerfd_create(99, 0) == -k_einval);
    CHECK(system.timerfd_create(k_clock_monotonic, 1) == -k_einval);
    const long boottime = system.timerfd_create(k_clock_boottime, k_o_cloexec);
    CHECK(boottime >= 0);
    CHECK(system.fcntl(static_cast<int>(boottime), k_f_getfd, 0) == k_fd_cloexec);
}

TEMPLATE_TEST_CASE("timerfd: the periods are counted when they are read", "[S-136]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    const int fd = timer(system);
    Periods<TestType> periods(system, fd, 50);
    system.pass(270);
    periods.check_read(fd);
    CHECK(take(system, fd, 8) == -k_eagain);
    system.pass(50);
    periods.check_read(fd);
}

TEMPLATE_TEST_CASE("timerfd: what is left of it, and what was", "[S-136]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    const int fd = timer(system);
    TimerSpec now;
    REQUIRE(system.timerfd_gettime(fd, &now) == 0);
    CHECK((now.value.seconds == 0 && now.value.nanoseconds == 0));
    REQUIRE(set(system, fd, after_ms(1500, 30)) == 0);
    REQUIRE(system.timerfd_gettime(fd, &now) == 0);
    CHECK(now.interval.nanoseconds == 30'000'000);
    CHECK((now.value.seconds == 1 && now.value.nanoseconds <= 500'000'000));
    const TimerSpec once = after_ms(5);
    REQUIRE(system.timerfd_settime(fd, 0, &once, &now) == 0);
    CHECK(now.interval.nanoseconds == 30'000'000);
    CHECK(now.value.seconds >= 1);
    system.pass(20);
    REQUIRE(system.timerfd_gettime(fd, &now) == 0);
    CHECK((now.value.seconds == 0 && now.value.nanoseconds == 0));
    CHECK(now.interval.nanoseconds == 0);
    CHECK(read_counter(system, fd) == 1);
    // The next deadline of one that expired is told, and the periods behind it are counted from there.
    REQUIRE(set(system, fd, after_ms(20, 1000)) == 0);
    system.pass(50);
    REQUIRE(system.timerfd_settime(fd, 0, &once, &now) == 0);
    CHECK((now.value.seconds == 0 && now.value.nanoseconds > 0 && now.value.nanoseconds <= 970'000'000));
}

TEMPLATE_TEST_CASE("timerfd: a period is one edge until somebody asks", "[S-58]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    Watcher watcher(system);
    const int fd = timer(system);
    watcher.add(fd, k_in | k_et, 1);
    Periods<TestType> periods(system, fd, 50);
    system.pass(70);
    CHECK(watcher.wait() == "1:1");
    system.pass(100);
    CHECK(watcher.wait() == "");
    periods.check_read(fd);
    system.pass(50);
    CHECK(watcher.wait() == "1:1");
    TimerSpec now;
    REQUIRE(system.timerfd_gettime(fd, &now) == 0); // asks as well, and leaves the count
    system.pass(50);
    CHECK(watcher.wait() == "1:1");
    periods.check_read(fd);
}

TEMPLATE_TEST_CASE("timerfd: expired ones are reported in the order of their deadlines", "[S-137]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    Watcher watcher(system);
    const std::int64_t deadlines_ms[] = {40, 20, 60, 10};
    const auto base_ns = static_cast<std::int64_t>(system.now_ns()) + 100'000'000;
    std::uint64_t data = 0;
    for (const std::int64_t deadline_ms : deadlines_ms) {
        const int fd = timer(system);
        watcher.add(fd, k_in, ++data);
        const std::int64_t deadline_ns = base_ns + deadline_ms * 1'000'000;
        const TimerSpec spec{{0, 0}, {deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000}};
        REQUIRE(system.timerfd_settime(fd, k_tfd_timer_abstime, &spec, nullptr) == 0);
    }
    system.pass(200);
    CHECK(watcher.wait() == "4:1 2:1 1:1 3:1");
}

TEMPLATE_TEST_CASE("timerfd: level-triggered until it is read, and MOD is an edge", "[S-133][S-59]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    Watcher level(system);
    Watcher edge(system);
    const int fd = timer(system);
    level.add(fd, k_everything, 1);
    edge.add(fd, k_everything | k_et, 2);
    REQUIRE(set(system, fd, after_ms(10)) == 0);
    CHECK(level.wait() == "");
    system.pass(30);
    CHECK(level.wait() == "1:1");
    CHECK(level.wait() == "1:1");
    CHECK(edge.wait() == "2:1");
    CHECK(edge.wait() == "");
    edge.mod(fd, k_in | k_et, 3);
    CHECK(edge.wait() == "3:1");
    CHECK(read_counter(system, fd) == 1);
    CHECK(level.wait() == "");
}

TEMPLATE_TEST_CASE("timerfd: a wait sleeps until it expires", "[S-150][S-153]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::timerfd)) return;
    Watcher watcher(system);
    const int fd = timer(system);
    watcher.add(fd, k_in | k_et, 1);
    REQUIRE(set(system, fd, after_ms(20)) == 0);
    const std::uint64_t began_ns = system.now_ns();
    EpollEvent entry{};
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, 5000) == 1);
    CHECK(system.now_ns() - began_ns >= 20'000'000);
    CHECK(system.now_ns() - began_ns < 2'000'000'000);
    CHECK(system.sleep_in_wait(watcher.fd, &entry, 1, 10) == 0);
}

} // namespace
} // namespace edgecase::fake::conformance
