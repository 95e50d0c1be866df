// timer_resolution: the interval timer and its alarm, planned and real.
#include <sys/time.h>

#include <cerrno>
#include <csignal>

#include "core/linux_reactor.hpp"
#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

Options with_resolution(Msec resolution_ms) {
    Options options = Loop::options();
    options.timer_resolution_ms = resolution_ms;
    return options;
}

Msec real_interval_ms() {
    itimerval timer{};
    REQUIRE(::getitimer(ITIMER_REAL, &timer) == 0);
    return static_cast<Msec>(timer.it_interval.tv_sec) * 1000 +
           static_cast<Msec>(timer.it_interval.tv_usec) / 1000;
}

// A reactor on the kernel as it is, with a connection on one end of a pair.
struct RealLoop {
    explicit RealLoop(Msec resolution_ms) {
        REQUIRE(reactor.init(with_resolution(resolution_ms)) == Status::ok);
        connection = reactor.get_connection(ends[0]);
        REQUIRE(connection != nullptr);
        connection->data = this;
        connection->read.handler = [](Event& event) {
            RealLoop& self = *static_cast<RealLoop*>(event.connection->data);
            ++(event.timedout ? self.timers : self.reads);
            event.timedout = false;
        };
        connection->write.handler = connection->read.handler;
    }

    ~RealLoop() {
        reactor.close_connection(*connection);
        ::close(ends[1]);
    }

    DescriptorBalance balance;
    LinuxKernel kernel;
    RecordedLog log;
    std::array<int, 2> ends = make_pair();
    NativeReactor reactor{kernel, log.log};
    Connection* connection = nullptr;
    int reads = 0;
    int timers = 0;
};

} // namespace

TEST_CASE("alarm: init sets the interval timer and done stops it", "[timers-on-time]") {
    Loop loop;
    loop.start();
    CHECK(loop.kernel.calls("setitimer") == 0);
    loop.start(with_resolution(20));
    CHECK(loop.kernel.interval_ms == 20);
    loop.start(with_resolution(20));
    CHECK(loop.kernel.calls("setitimer") == 1);
    loop.start(with_resolution(30));
    CHECK(loop.kernel.interval_ms == 30);
    loop.reactor.done();
    CHECK(loop.kernel.interval_ms == 0);
    loop.reactor.done();
    CHECK(loop.kernel.calls("setitimer") == 3);
}

TEST_CASE("alarm: without an interval timer each wait updates the time", "[timers-on-time]") {
    Loop loop;
    loop.kernel.clock_ms = 100;
    loop.kernel.fail("setitimer", EINVAL);
    loop.start(with_resolution(20));
    CHECK(loop.log.take() == Lines{"emerg: setitimer() failed"});
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("timer");
    loop.reactor.add_timer(a.read, 5);
    loop.kernel.clock_ms = 105;
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(loop.happened == Lines{"timer"});
    loop.reactor.done();
    CHECK(loop.kernel.calls("setitimer") == 1);
}

TEST_CASE("alarm: the real one, and nothing else, moves the time", "[timers-on-time]") {
    RealLoop loop(60'000);
    CHECK(real_interval_ms() == 60'000);
    CHECK(loop.reactor.add_event(loop.connection->read, k_clear_event) == Status::ok);
    const Msec begin = loop.reactor.now();
    while (loop.kernel.monotonic_ms() < begin + 5) {
    }
    put(loop.ends[1], "x");
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(loop.reads == 1);
    CHECK(loop.reactor.now() == begin);
    CHECK(::raise(SIGALRM) == 0);
    put(loop.ends[1], "x");
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(loop.reactor.now() >= begin + 5);
    loop.reactor.done();
    CHECK(real_interval_ms() == 0);
    CHECK(::raise(SIGALRM) == 0); // one that comes late finds its handler
    CHECK(loop.kernel.take_alarm());
    CHECK(loop.log.take().empty());
}

TEST_CASE("alarm: with the real one a timer fires within two ticks", "[timers-on-time]") {
    RealLoop loop(10);
    REQUIRE(real_interval_ms() == 10); // nothing else would end the waits
    loop.reactor.add_timer(loop.connection->read, 35);
    const Msec due = loop.connection->read.timer_key;
    unsigned late_turns = 0; // that began when the timer was due
    while (loop.timers == 0 && late_turns <= 2) {
        late_turns += loop.kernel.monotonic_ms() >= due ? 1 : 0;
        CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    }
    CHECK(loop.timers == 1);
    CHECK(loop.reactor.now() >= due);
    CHECK(late_turns <= 2);
}

} // namespace edgecase
