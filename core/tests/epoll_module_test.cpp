// add, delete and process_events: what reaches the kernel, and what the scan of a batch does.
#include "core/epoll_module.hpp"

#include <limits>

#include <cerrno>

#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

constexpr std::uint32_t k_read = k_epollin | k_epollrdhup;

} // namespace

TEST_CASE("epoll module: the first direction is added, the second modifies, the last deletes",
          "[interest-matches-active]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    const bool read_first = GENERATE(true, false);
    Event& first = read_first ? a.read : a.write;
    Event& second = read_first ? a.write : a.read;
    const std::uint32_t first_mask = read_first ? k_read : k_epollout;
    const std::uint32_t second_mask = read_first ? k_epollout : k_read;

    CHECK(loop.reactor.add_event(first, k_clear_event) == Status::ok);
    CHECK(loop.kernel.last_op == k_epoll_ctl_add);
    CHECK(loop.kernel.last_mask == (first_mask | k_epollet));
    CHECK(first.active);
    CHECK_FALSE(second.active);
    CHECK(loop.reactor.add_event(second, k_clear_event) == Status::ok);
    CHECK(loop.kernel.last_op == k_epoll_ctl_mod);
    CHECK(loop.kernel.last_mask == (k_read | k_epollout | k_epollet));
    CHECK(loop.reactor.del_event(first, k_clear_event) == Status::ok);
    CHECK(loop.kernel.last_op == k_epoll_ctl_mod);
    CHECK(loop.kernel.last_mask == (second_mask | k_epollet));
    CHECK_FALSE(first.active);
    CHECK(second.active);
    CHECK(loop.reactor.del_event(second, 0) == Status::ok);
    CHECK(loop.kernel.last_op == k_epoll_ctl_del);
    CHECK_FALSE(second.active);
}

TEST_CASE("epoll module: of the flags only the edge-triggered bit reaches the kernel",
          "[interest-matches-active]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    CHECK(loop.reactor.add_event(a.read, k_disable_event | k_flush_event) == Status::ok);
    CHECK(loop.kernel.last_mask == k_read);
    CHECK(loop.reactor.add_event(a.write, k_clear_event) == Status::ok);
    CHECK(loop.reactor.del_event(a.write, k_flush_event | k_disable_event) == Status::ok);
    CHECK(loop.kernel.last_mask == k_read);
}

TEST_CASE("epoll module: an exclusive event is added with that bit and without RDHUP",
          "[interest-matches-active]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    CHECK(loop.reactor.add_event(a.read, k_exclusive_event) == Status::ok); // Linux refuses it with RDHUP
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollexclusive));
    CHECK(loop.reactor.del_event(a.read, k_exclusive_event) == Status::ok);
    CHECK(loop.reactor.add_event(a.read, k_exclusive_event | k_clear_event) == Status::ok);
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollexclusive | k_epollet));
}

TEST_CASE("epoll module: deletion with the close flag asks the kernel nothing",
          "[close-event-makes-no-call]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    const unsigned calls = loop.kernel.calls("epoll_ctl");
    CHECK(loop.reactor.del_event(a.read, k_close_event) == Status::ok);
    CHECK_FALSE(a.read.active);
    CHECK(a.write.active);
    CHECK(loop.reactor.del_connection(a, k_close_event) == Status::ok);
    CHECK_FALSE(a.write.active);
    CHECK(loop.kernel.calls("epoll_ctl") == calls);
}

TEST_CASE("epoll module: a connection is added and deleted as a whole", "[interest-matches-active]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = loop.open();
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    CHECK(loop.kernel.last_mask == (k_read | k_epollout | k_epollet));
    CHECK(a.read.active);
    CHECK(a.write.active);
    CHECK(loop.reactor.del_connection(a, 0) == Status::ok);
    CHECK(loop.kernel.last_op == k_epoll_ctl_del);
    CHECK_FALSE(a.read.active);
    CHECK_FALSE(a.write.active);
}

TEST_CASE("epoll module: a call that fails changes nothing and writes one line",
          "[failed-call-changes-nothing]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    const std::string fd = std::to_string(a.fd);

    loop.kernel.fail("epoll_ctl", ENOSPC);
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::error);
    CHECK_FALSE(a.read.active);
    CHECK(loop.log.lines.at(0).error == ENOSPC);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(1, " + fd + ") failed"});

    loop.kernel.fail("epoll_ctl", ENOMEM);
    CHECK(loop.reactor.add_connection(a) == Status::error);
    CHECK_FALSE(a.read.active);
    CHECK_FALSE(a.write.active);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(EPOLL_CTL_ADD, " + fd + ") failed"});

    CHECK(loop.reactor.add_connection(a) == Status::ok);
    CHECK(loop.reactor.add_connection(a) == Status::error);
    CHECK(loop.log.lines.at(0).error == EEXIST);
    CHECK(a.read.active);
    loop.log.take();

    loop.kernel.fail("epoll_ctl", ENOMEM);
    CHECK(loop.reactor.del_event(a.write, 0) == Status::error);
    CHECK(a.write.active);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(3, " + fd + ") failed"});

    loop.kernel.fail("epoll_ctl", ENOENT);
    CHECK(loop.reactor.del_connection(a, 0) == Status::error);
    CHECK(a.read.active);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(2, " + fd + ") failed"});
}

TEST_CASE("epoll module: both halves of one report are handled, the read half first", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = [&](Event& event) {
        CHECK(event.ready);
        CHECK_FALSE(a.write.ready);
        loop.happened.push_back("read");
    };
    Loop::handlers(a).write = loop.note("write");
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    put(loop.peer(a), "x");
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read", "write"});
    CHECK(a.write.ready);
    CHECK_FALSE(a.read.pending_eof);
}

TEST_CASE("epoll module: a direction that is not active is not touched", "[inactive-not-dispatched]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("read");
    Loop::handlers(a).write = loop.note("write");
    const bool read = GENERATE(true, false);
    CHECK(loop.reactor.add_event(read ? a.read : a.write, k_clear_event) == Status::ok);
    loop.kernel.script_wait({{k_epollin | k_epollout, a.epoll_data()}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{read ? "read" : "write"});
    CHECK(a.read.ready == read);
    CHECK(a.write.ready != read);
}

TEST_CASE("epoll module: ERR or HUP wakes both directions, whatever comes with it", "[error-wakes-waiters]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("read");
    Loop::handlers(a).write = loop.note("write");
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    const std::uint32_t with =
        GENERATE(as<std::uint32_t>(), 0, k_epollin, k_epollout, k_epollin | k_epollout);
    const std::uint32_t what = GENERATE(as<std::uint32_t>(), k_epollerr, k_epollhup, k_epollerr | k_epollhup);
    INFO(what << " with " << with);
    loop.kernel.script_wait({{what | with, a.epoll_data()}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read", "write"});
}

TEST_CASE("epoll module: RDHUP is remembered in the read event", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("read");
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    loop.close_peer(a);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read"});
    CHECK(a.read.pending_eof);
}

TEST_CASE("epoll module: an event for a connection closed earlier in the batch is dropped",
          "[stale-event-dropped]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = loop.open();
    Connection& b = loop.open();
    const bool reopen = GENERATE(false, true);
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    CHECK(loop.reactor.add_connection(b) == Status::ok);
    Loop::handlers(a).read = [&](Event&) {
        loop.happened.push_back("a");
        loop.close_peer(b);
        loop.reactor.close_connection(b);
        if (reopen) {
            Connection& c = loop.open();
            CHECK(c.slot == 1);
            CHECK(c.generation == 1);
            CHECK(loop.reactor.add_connection(c) == Status::ok);
            Loop::handlers(c).read = loop.note("c read");
            Loop::handlers(c).write = loop.note("c write");
        }
    };
    Loop::handlers(b).read = loop.note("b read");
    Loop::handlers(b).write = loop.note("b write");
    loop.kernel.script_wait(
        {{k_epollin, a.epoll_data()}, {k_epollin | k_epollout | k_epollhup, b.epoll_data()}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"a"});
    CHECK(loop.log.lines.back().text == "epoll: stale event c:1#0");
    CHECK_FALSE(loop.reactor.connections().at(1).read.ready);
}

TEST_CASE("epoll module: an event for a closed connection is dropped between the read and the write half",
          "[stale-event-dropped]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = loop.open();
    const bool reopen = GENERATE(false, true);
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    Loop::handlers(a).write = loop.note("a write");
    Loop::handlers(a).read = [&](Event&) {
        loop.happened.push_back("a read");
        loop.close_peer(a);
        loop.reactor.close_connection(a);
        if (reopen) {
            Connection& b = loop.open();
            CHECK(&b == &a);
            CHECK(loop.reactor.add_connection(b) == Status::ok);
            Loop::handlers(b).write = loop.note("b write");
        }
    };
    loop.kernel.script_wait({{k_epollin | k_epollout, a.epoll_data()}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"a read"});
    CHECK_FALSE(a.write.ready);
    if (reopen) {
        CHECK(loop.log.lines.back().text == "epoll: stale event c:0#0");
    }
}

TEST_CASE("epoll module: an event of a free slot's coming user is dropped", "[stale-event-dropped]") {
    Loop loop(LogLevel::debug);
    loop.start();
    loop.kernel.script_wait({{k_epollin | k_epollout | k_epollrdhup, 3}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.lines.back().text == "epoll: stale event c:3#0");
    const Connection& free_slot = loop.reactor.connections().at(3);
    CHECK_FALSE(free_slot.read.ready);
    CHECK_FALSE(free_slot.read.pending_eof);
    CHECK_FALSE(free_slot.write.ready);
}

TEST_CASE("epoll module: data that name no slot are dropped with one line", "[stale-event-dropped]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("a");
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    loop.kernel.script_wait({{k_epollin, 0x70000000a}, {k_epollin, a.epoll_data()}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take() ==
          Lines{"alert: epoll_wait() returned an event of no connection, data 000000070000000A"});
    CHECK(loop.happened == Lines{"a"});
}

TEST_CASE("epoll module: a handler may delete the half whose turn is next", "[inactive-not-dispatched]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    Loop::handlers(a).read = [&](Event&) {
        CHECK(loop.reactor.del_event(a.write, k_clear_event) == Status::ok);
    };
    Loop::handlers(a).write = loop.note("write");
    put(loop.peer(a), "x");
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened.empty());
    CHECK_FALSE(a.write.ready);
}

TEST_CASE("epoll module: with POST_EVENTS events wait in their queues", "[posted-runs-once]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Connection& b = loop.open();
    a.read.accept = true;
    Loop::handlers(a).read = loop.note("a read");
    Loop::handlers(a).write = loop.note("a write");
    Loop::handlers(b).read = loop.note("b read");
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    CHECK(loop.reactor.add_event(b.read, k_clear_event) == Status::ok);
    put(loop.peer(a), "x");
    put(loop.peer(b), "x");
    CHECK(loop.poll(k_post_events) == Status::ok);
    CHECK(loop.happened.empty());
    CHECK(a.read.ready);
    CHECK(loop.reactor.posted_accept().contains(a.read));
    CHECK(loop.reactor.posted_accept().size() == 1);
    CHECK(loop.reactor.posted().size() == 2);
    loop.reactor.run_posted();
    CHECK(loop.happened.size() == 2);
    loop.reactor.run_posted_accept();
    CHECK(loop.happened.back() == "a read");

    loop.reactor.post(b.read);
    loop.reactor.post(a.read);
    CHECK(loop.reactor.posted_accept().contains(a.read));
    loop.reactor.unpost(a.read);
    loop.reactor.close_connection(b);
    loop.reactor.run_posted();
    loop.reactor.run_posted_accept();
    CHECK(loop.happened.size() == 3);
}

TEST_CASE("epoll module: the timeout reaches the kernel, and a long one stays finite", "[timers-on-time]") {
    Loop loop(LogLevel::debug);
    loop.start();
    CHECK(loop.reactor.process_events(7, 0) == Status::ok);
    CHECK(loop.kernel.last_timeout_ms == 7);
    loop.kernel.plan("epoll_wait", SysResult::ok(0), 3);
    CHECK(loop.reactor.process_events(Msec{std::numeric_limits<int>::max()}, 0) == Status::ok);
    CHECK(loop.kernel.last_timeout_ms == std::numeric_limits<int>::max());
    CHECK(loop.reactor.process_events(k_timer_infinite - 1, 0) == Status::ok);
    CHECK(loop.kernel.last_timeout_ms == std::numeric_limits<int>::max());
    loop.log.take();
    CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::error);
    CHECK(loop.kernel.last_timeout_ms == -1);
    CHECK(loop.log.take() ==
          Lines{"debug: epoll timer: -1", "alert: epoll_wait() returned no events without timeout"});
}

TEST_CASE("epoll module: an interrupted wait is an error, unless the alarm interrupted it",
          "[timers-on-time]") {
    Loop loop;
    loop.kernel.clock_ms = 100;
    loop.start();
    loop.kernel.clock_ms = 200;
    loop.kernel.fail("epoll_wait", EINTR, 2);
    CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::error);
    CHECK(loop.log.take() == Lines{"info: epoll_wait() failed"});
    CHECK(loop.reactor.now() == 100);
    loop.kernel.alarm = true;
    CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::ok);
    CHECK(loop.log.take().empty());
    CHECK(loop.reactor.now() == 200);
    CHECK_FALSE(loop.kernel.alarm);
}

TEST_CASE("epoll module: the alarm is taken whatever the wait answers", "[timers-on-time]") {
    Loop loop;
    loop.kernel.clock_ms = 100;
    loop.start();
    loop.kernel.clock_ms = 200;
    loop.kernel.alarm = true;
    CHECK(loop.poll() == Status::ok);
    CHECK_FALSE(loop.kernel.alarm);
    CHECK(loop.reactor.now() == 200);
    loop.kernel.fail("epoll_wait", EINTR);
    CHECK(loop.poll() == Status::error);
}

TEST_CASE("epoll module: a wait that fails is an alert", "[failed-call-changes-nothing]") {
    Loop loop;
    loop.start();
    loop.kernel.fail("epoll_wait", EBADF);
    CHECK(loop.poll() == Status::error);
    CHECK(loop.log.take() == Lines{"alert: epoll_wait() failed"});
    loop.reactor.done();
    CHECK(loop.poll() == Status::error);
    CHECK(loop.log.take() == Lines{"alert: epoll_wait() failed"});
}

TEST_CASE("epoll module: the time is updated after the wait only if asked", "[timers-on-time]") {
    Loop loop;
    loop.kernel.clock_ms = 100;
    loop.start();
    loop.kernel.before_wait = [&] { loop.kernel.clock_ms = 150; };
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.reactor.now() == 100);
    CHECK(loop.poll(k_update_time) == Status::ok);
    CHECK(loop.reactor.now() == 150);
}

TEST_CASE("epoll module: timers fire from the cached time", "[timers-on-time]") {
    Loop loop;
    loop.kernel.clock_ms = 100;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("timer");
    CHECK(loop.reactor.nearest_timer() == k_timer_infinite);
    loop.reactor.add_timer(a.read, 50);
    CHECK(loop.reactor.nearest_timer() == 50);
    loop.kernel.clock_ms = 150;
    loop.reactor.expire_timers();
    CHECK(loop.happened.empty());
    loop.reactor.update_time();
    loop.reactor.expire_timers();
    CHECK(loop.happened == Lines{"timer"});
    CHECK(a.read.timedout);
    loop.reactor.add_timer(a.write, 5);
    loop.reactor.del_timer(a.write);
    CHECK(loop.reactor.timers().empty());
}

TEST_CASE("epoll module: edge-triggered reports come once, level-triggered ones until read",
          "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    const bool edge = GENERATE(true, false);
    Loop::handlers(a).read = loop.note("read");
    CHECK(loop.reactor.add_event(a.read, edge ? k_clear_event : k_level_event) == Status::ok);
    put(loop.peer(a), "x");
    for (int i = 0; i < 3; ++i) {
        CHECK(loop.poll() == Status::ok);
    }
    CHECK(loop.happened.size() == (edge ? 1 : 3));
}

} // namespace edgecase
