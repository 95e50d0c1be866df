// The turn: its order, its wait, the accept mutex.
#include <cerrno>

#include "core/tests/door.hpp"

namespace edgecase {
namespace {

// A lock that says who asked for it.
struct CountedMutex {
    LocalAcceptMutex lock;
    unsigned tries = 0;
    unsigned unlocks = 0;

    [[nodiscard]] AcceptMutex mutex() {
        return {[](void* self) {
                    ++static_cast<CountedMutex*>(self)->tries;
                    return static_cast<CountedMutex*>(self)->lock.try_lock();
                },
                [](void* self) {
                    ++static_cast<CountedMutex*>(self)->unlocks;
                    static_cast<CountedMutex*>(self)->lock.unlock();
                },
                this};
    }

    // Whether nobody has it.
    [[nodiscard]] bool is_free() {
        const bool got = lock.try_lock();
        if (got) {
            lock.unlock();
        }
        return got;
    }
};

// A turn whose wait finds nothing, however long it was to be: how long, in milliseconds.
int idle_turn(Loop& loop) {
    loop.kernel.script_wait({});
    static_cast<void>(loop.reactor.process_events_and_timers());
    return loop.kernel.last_timeout_ms;
}

// A turn whose wait is not to sleep.
Status turn(Loop& loop, Connection& ready) {
    loop.kernel.longest_wait_ms = 100;
    loop.reactor.post(ready.write); // its handler does nothing, and the turn does not sleep
    return loop.reactor.process_events_and_timers();
}

void set_clock(Loop& loop, Msec now) {
    loop.kernel.clock_ms = now;
    loop.reactor.update_time();
}

} // namespace

TEST_CASE("turn: it waits until the first timer is due, and fires it", "[timers-on-time]") {
    Loop loop;
    loop.start();
    set_clock(loop, 1000);
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("a");
    loop.reactor.add_timer(a.read, 70);
    CHECK(idle_turn(loop) == 70);
    CHECK(loop.happened.empty());
    loop.kernel.clock_ms = 1069;
    CHECK(idle_turn(loop) == 70); // the time of before
    CHECK(loop.happened.empty());
    loop.kernel.clock_ms = 1070;
    CHECK(idle_turn(loop) == 1);
    CHECK(loop.happened == Lines{"a"});
    CHECK(loop.reactor.timers().empty());
    CHECK(idle_turn(loop) == -1);
    CHECK(loop.log.take() == Lines{"alert: epoll_wait() returned no events without timeout"});
}

TEST_CASE("turn: a timer that is due fires although no time has passed", "[timers-on-time]") {
    Loop loop;
    loop.start();
    set_clock(loop, 1000);
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("a");
    loop.reactor.add_timer(a.read, 0);
    CHECK(idle_turn(loop) == 0);
    CHECK(loop.happened == Lines{"a"});
}

TEST_CASE("turn: a timer that its own handler sets again fires once a turn", "[bounded-turn]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = [&](Event& event) {
        loop.happened.push_back("a");
        loop.reactor.add_timer(event, 0);
        loop.reactor.post(event);
    };
    loop.reactor.add_timer(a.read, 0);
    CHECK(idle_turn(loop) == 0);
    CHECK(loop.happened == Lines{"a", "a"}); // its timer, and what that posted
    CHECK(idle_turn(loop) == 0);
    CHECK(loop.happened.size() == 4);
}

TEST_CASE("turn: it does not sleep over what is posted", "[posted-runs-once]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = [&](Event& event) {
        loop.happened.push_back("a");
        if (loop.happened.size() == 1) {
            loop.reactor.post(event);
        }
    };
    loop.reactor.post(a.read);
    CHECK(idle_turn(loop) == 0);
    CHECK(loop.happened == Lines{"a"});
    CHECK(idle_turn(loop) == 0);
    CHECK(loop.happened == Lines{"a", "a"});
    a.read.accept = true;
    loop.reactor.post(a.read);
    CHECK(idle_turn(loop) == 0);
    CHECK(loop.happened.size() == 3);
}

TEST_CASE("turn: with timer_resolution time passes by the alarm alone", "[timers-on-time]") {
    Loop loop;
    Options options = Loop::options();
    options.timer_resolution_ms = 100;
    loop.start(options);
    set_clock(loop, 1000);
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("a");
    loop.reactor.add_timer(a.read, 50);
    loop.kernel.clock_ms = 1100;
    loop.kernel.script_wait({{k_epollin, ~std::uint64_t{0}}}); // something that is nothing
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(loop.kernel.last_timeout_ms == -1);
    CHECK(loop.reactor.now() == 1000);
    CHECK(loop.happened.empty());
    loop.kernel.alarm = true;
    loop.kernel.fail("epoll_wait", EINTR);
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(loop.reactor.now() == 1100);
    CHECK(loop.happened == Lines{"a"});
}

TEST_CASE("turn: a wait that fails ends the turn no earlier", "[timers-on-time]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("timer");
    Loop::handlers(a).write = loop.note("posted");
    loop.reactor.add_timer(a.read, 0);
    loop.reactor.post(a.write);
    loop.kernel.fail("epoll_wait", EINTR);
    CHECK(loop.reactor.process_events_and_timers() == Status::error);
    CHECK(loop.happened == Lines{"timer", "posted"});
    CHECK(mutex.is_free());
    CHECK(loop.log.take() == Lines{"info: epoll_wait() failed"});
}

TEST_CASE("turn: accept queue, unlock, timers, normal queue", "[posted-runs-once]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    Door door(loop);
    door.open().knock();
    CHECK_FALSE(door.watched()); // the lock comes first
    Connection& a = loop.open();
    Connection& b = loop.open();
    REQUIRE(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    put(loop.peer(a), "x");
    loop.reactor.add_timer(b.read, 0);
    const auto note = [&](const char* word) {
        loop.happened.push_back(std::string(word) + (mutex.is_free() ? " free" : " locked"));
    };
    Loop::handlers(a).read = [&](Event&) { note("read"); };
    Loop::handlers(b).read = [&](Event&) { note("timer"); };
    door.then = [&](Connection&) { note("accept"); };
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(loop.happened == Lines{"accept locked", "timer free", "read free"});
    CHECK(mutex.tries == 1);
    CHECK(mutex.unlocks == 1);
    CHECK(door.watched()); // until another was found to have the lock
}

TEST_CASE("turn: while another has the lock, governed listeners are not watched",
          "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    Door door(loop);
    Door own(loop);
    own.listener.shared_by_none = true;
    door.open();
    own.open();
    Connection& a = loop.open();
    CHECK(own.watched());
    REQUIRE(mutex.lock.try_lock());
    CHECK(idle_turn(loop) == 500); // not for ever: the lock is to be tried again
    CHECK_FALSE(door.watched());
    loop.reactor.add_timer(a.read, 20);
    CHECK(idle_turn(loop) <= 20);
    loop.reactor.del_timer(a.read);
    mutex.lock.unlock();
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.watched());
    CHECK(mutex.is_free());
    REQUIRE(mutex.lock.try_lock());
    loop.kernel.fail("epoll_ctl", ENOMEM);
    CHECK(idle_turn(loop) == 500);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(2, " + std::to_string(door.fd) + ") failed"});
    CHECK(door.watched());
    CHECK(idle_turn(loop) == 500); // tried again
    CHECK_FALSE(door.watched());
    CHECK(own.watched());
    own.knock();
    CHECK(loop.reactor.process_events_and_timers() == Status::ok); // in place: events are not posted
    CHECK(own.accepted.size() == 1);
    mutex.lock.unlock();
}

TEST_CASE("turn: a lock that this turn did not take is not given back", "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    Connection& a = loop.open();
    CHECK(turn(loop, a) == Status::ok);
    CHECK(mutex.unlocks == 1);
    REQUIRE(mutex.lock.try_lock());
    CHECK(turn(loop, a) == Status::ok);
    CHECK(mutex.unlocks == 1);
    CHECK_FALSE(mutex.is_free());
}

TEST_CASE("turn: a reactor that is nearly full lets others have the lock", "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start(Loop::options(24));
    Door door(loop);
    door.open().knock(2);
    Connection& a = loop.open();
    CHECK(turn(loop, a) == Status::ok);
    CHECK(loop.reactor.accept_disabled() == 3 - 22);
    std::vector<Connection*> more;
    while (loop.reactor.connections().free_connections() != 1) {
        more.push_back(&loop.open());
    }
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.accepted.size() == 2);
    CHECK(loop.reactor.accept_disabled() == 2);
    CHECK(mutex.tries == 2);
    for (const std::int64_t left : {1, 0}) {
        CHECK(idle_turn(loop) == 500); // and counts down, though nothing happens
        CHECK(loop.reactor.accept_disabled() == left);
        CHECK(mutex.tries == 2);
    }
    CHECK(turn(loop, a) == Status::ok);
    CHECK(mutex.tries == 3);
}

TEST_CASE("turn: when descriptors run out, the lock goes to others and comes back",
          "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    Door door(loop);
    Door own(loop);
    own.listener.shared_by_none = true;
    door.open().knock();
    own.open();
    Connection& a = loop.open();
    loop.kernel.fail("accept4", EMFILE);
    bool free_in_timer = false;
    Loop::handlers(a).read = [&](Event&) { free_in_timer = mutex.is_free(); };
    loop.reactor.add_timer(a.read, 0);
    CHECK(turn(loop, a) == Status::ok);
    CHECK(loop.log.take() == Lines{"crit: accept4() failed"});
    CHECK(free_in_timer);
    CHECK(mutex.unlocks == 1);
    CHECK_FALSE(door.watched());
    CHECK_FALSE(door.event().timer_set);
    CHECK_FALSE(own.watched()); // no lock brings it back
    CHECK(own.event().timer_set);
    CHECK(loop.reactor.accept_disabled() == 1);
    loop.reactor.del_timer(own.event());
    CHECK(idle_turn(loop) == 500); // not for ever, though there is no timer
    CHECK_FALSE(door.watched());
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.watched());
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("turn: a listener that cannot be added with the lock is tried again, and others work",
          "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    set_clock(loop, 1000);
    Door door(loop);
    Door other(loop);
    door.open().knock();
    other.open().knock();
    Connection& a = loop.open();
    loop.kernel.fail("epoll_ctl", ENOSPC);
    CHECK(turn(loop, a) == Status::ok);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(1, " + std::to_string(door.fd) + ") failed"});
    CHECK_FALSE(door.watched());
    CHECK(other.accepted.size() == 1);
    CHECK(turn(loop, a) == Status::ok); // the timer is its next try
    CHECK_FALSE(door.watched());
    loop.kernel.clock_ms = 1500;
    CHECK(turn(loop, a) == Status::ok); // it expires when the lock has been given back
    CHECK_FALSE(door.watched());
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.watched());
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("turn: a timer does not bring a governed listener back while another has the lock",
          "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    set_clock(loop, 1000);
    Door door(loop);
    door.open().knock();
    Connection& a = loop.open();
    loop.kernel.fail("accept4", EPERM);
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.event().timer_set);
    REQUIRE(mutex.lock.try_lock());
    loop.kernel.clock_ms = 1500;
    CHECK(turn(loop, a) == Status::ok);
    CHECK_FALSE(door.watched());
    CHECK_FALSE(door.event().timedout);
    CHECK(door.accepted.empty());
    mutex.lock.unlock();
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("turn: two reactors that share a listener take each connection once", "[listener-stays-watched]") {
    LocalAcceptMutex lock;
    std::vector<Connection*> taken;
    Listener shared;
    shared.data = &taken;
    shared.handler = [](Listener& self, Connection& connection) {
        static_cast<std::vector<Connection*>*>(self.data)->push_back(&connection);
    };
    Loop loop;
    loop.reactor.use_accept_mutex(lock.mutex());
    loop.start(Loop::options(32));
    FailingKernel kernel;
    kernel.longest_wait_ms = 100;
    TestReactor other(kernel, loop.log.log);
    other.use_accept_mutex(lock.mutex());
    REQUIRE(other.init(Loop::options(32)) == Status::ok);
    Door door(loop);
    door.open();
    REQUIRE(other.listen(shared, ::fcntl(door.fd, F_DUPFD_CLOEXEC, 0)) == Status::ok);
    Connection& a = loop.open();
    Event& tick = other.connections().at(31).write; // of a slot that stays free; posted, so as not to sleep
    tick.handler = [](Event&) {};
    for (unsigned i = 0; i < 8; ++i) {
        door.knock(2);
        CHECK(turn(loop, a) == Status::ok);
        other.post(tick);
        CHECK(other.process_events_and_timers() == Status::ok);
        CHECK(door.accepted.size() + taken.size() == 2 * i + 2);
    }
    CHECK(door.accepted.size() == 8);
    for (Connection* connection : taken) {
        other.close_connection(*connection);
    }
    other.close_shared_connection(*shared.connection);
    CHECK_FALSE(shared.is_open());
    CHECK(loop.log.take().empty());
}

TEST_CASE("turn: without accept_mutex the lock is not tried", "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    Options options = Loop::options();
    options.accept_mutex = false;
    loop.start(options);
    Door door(loop);
    door.open().knock();
    CHECK(door.watched());
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK(mutex.tries == 0);
}

TEST_CASE("turn: done in a handler of the accept queue gives the lock back", "[listener-stays-watched]") {
    Loop loop;
    CountedMutex mutex;
    loop.reactor.use_accept_mutex(mutex.mutex());
    loop.start();
    Door door(loop);
    door.open().knock();
    door.then = [&](Connection&) { loop.reactor.done(); };
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK(mutex.unlocks == 1);
    CHECK(mutex.is_free());
    loop.start();
    CHECK_FALSE(door.watched());
    Connection& a = loop.open();
    CHECK(turn(loop, a) == Status::ok);
    CHECK(door.watched());
}

TEST_CASE("accept mutex: one of two has it", "[listener-stays-watched]") {
    LocalAcceptMutex lock;
    const AcceptMutex first = lock.mutex();
    const AcceptMutex second = lock.mutex();
    CHECK(first.exists());
    CHECK_FALSE(AcceptMutex{}.exists());
    CHECK(first.try_lock(first.context));
    CHECK_FALSE(second.try_lock(second.context));
    first.unlock(first.context);
    CHECK(second.try_lock(second.context));
}

} // namespace edgecase
