// Accepting: what a listener's handler takes, and what it does when accept4 fails.
#include <sys/resource.h>

#include <cerrno>

#include "core/tests/door.hpp"

namespace edgecase {
namespace {

Options multi_accept(std::uint32_t worker_connections = 8) {
    Options options = Loop::options(worker_connections);
    options.multi_accept = true;
    return options;
}

// Time passes for the loop, and what is due happens.
void pass(Loop& loop, Msec ms) {
    loop.kernel.clock_ms = loop.reactor.now() + ms;
    loop.reactor.update_time();
    loop.reactor.expire_timers();
}

} // namespace

TEST_CASE("listener: a connection that waits gets a slot and is given to the owner",
          "[no-alert-without-fault]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open();
    CHECK(door.watched());
    CHECK(loop.kernel.last_op == k_epoll_ctl_add);
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollrdhup)); // level-triggered
    door.knock();
    CHECK(loop.poll() == Status::ok);
    REQUIRE(door.accepted.size() == 1);
    Connection& connection = *door.accepted[0];
    CHECK((::fcntl(connection.fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(connection.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(connection.write.ready);
    CHECK_FALSE(connection.read.active);
    CHECK_FALSE(door.event().ready);
    put(door.clients[0], "hello");
    char buffer[8];
    CHECK(loop.reactor.recv(connection, buffer, sizeof buffer).value == 5);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK(loop.log.take().empty());
}

TEST_CASE("listener: without multi_accept each report takes one connection", "[bounded-turn]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open().knock(3);
    for (const unsigned taken : {1U, 2U, 3U, 3U}) {
        CHECK(loop.poll() == Status::ok);
        CHECK(door.accepted.size() == taken);
        CHECK(loop.kernel.calls("accept4") == taken);
    }
}

TEST_CASE("listener: with multi_accept a report takes all that waits", "[bounded-turn]") {
    Loop loop(LogLevel::debug);
    loop.start(multi_accept());
    Door door(loop);
    door.open().knock(3);
    loop.log.lines.clear();
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 3);
    CHECK(loop.kernel.calls("accept4") == 4);
    REQUIRE_FALSE(loop.log.lines.empty());
    CHECK(loop.log.lines.back().text == "accept4() not ready");
    CHECK(loop.log.lines.back().error == EAGAIN);
}

TEST_CASE("listener: one run of the handler takes at most 64 connections", "[bounded-turn]") {
    Loop loop;
    loop.start(multi_accept(128));
    Door door(loop);
    door.open().knock(70);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 64);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 70);
}

TEST_CASE("listener: aborted connections count towards what one run may take", "[bounded-turn]") {
    Loop loop;
    loop.start(multi_accept());
    Door door(loop);
    door.open().knock();
    loop.kernel.fail("accept4", ECONNABORTED, 1000);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.kernel.calls("accept4") == 64);
}

TEST_CASE("listener: a connection that was lost before it was accepted is one line",
          "[listener-stays-watched]") {
    const bool multi = GENERATE(false, true);
    const int error =
        GENERATE(ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH);
    Loop loop;
    loop.start(multi ? multi_accept() : Loop::options());
    Door door(loop);
    door.open().knock();
    loop.kernel.fail("accept4", error);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take() ==
          Lines{error == ECONNABORTED ? "error: accept4() failed" : "alert: accept4() failed"});
    CHECK(door.accepted.size() == (multi ? 1 : 0));
    CHECK(door.watched());
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("listener: an interrupted accept4 is repeated, but not for ever", "[bounded-turn]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open().knock();
    loop.kernel.fail("accept4", EINTR, 16);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.empty());
    CHECK(loop.kernel.calls("accept4") == 16);
    CHECK(loop.log.take() ==
          Lines{"alert: accept4() was interrupted 16 times in a row on fd:" + std::to_string(door.fd)});
    loop.kernel.fail("accept4", EINTR, 15);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK(loop.log.take().empty());
}

TEST_CASE("listener: when descriptors or memory run out, all listeners rest for the delay",
          "[listener-stays-watched][no-busy-loop]") {
    const int error = GENERATE(EMFILE, ENFILE, ENOBUFS, ENOMEM);
    Loop loop;
    loop.start();
    Door door(loop);
    Door other(loop);
    door.open().knock();
    other.open();
    loop.kernel.fail("accept4", error);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take() ==
          Lines{error == EMFILE || error == ENFILE ? "crit: accept4() failed" : "alert: accept4() failed"});
    for (const Door* each : {&door, &other}) {
        CHECK_FALSE(each->watched());
        CHECK(each->event().timer_set);
        CHECK(each->event().timer_key == loop.reactor.now() + 500);
    }
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.kernel.calls("accept4") == 1);
    pass(loop, 499);
    CHECK_FALSE(door.watched());
    pass(loop, 1);
    CHECK(door.watched());
    CHECK(other.watched());
    CHECK_FALSE(door.event().timedout);
    CHECK(door.accepted.size() == 1);
    CHECK(loop.log.take().empty());
}

TEST_CASE("listener: at the limit of descriptors the connection waits in the backlog",
          "[listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open().knock();
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const int lowest_free = ::dup(door.fd);
    REQUIRE(lowest_free >= 0);
    ::close(lowest_free);
    rlimit full = limit;
    full.rlim_cur = static_cast<rlim_t>(lowest_free);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &full) == 0);
    const Status polled = loop.poll();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(polled == Status::ok);
    CHECK(loop.log.take() == Lines{"crit: accept4() failed"});
    CHECK(door.event().timer_set);
    pass(loop, 500);
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("listener: it rests again as long as descriptors are missing", "[listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door door(loop);
    Door other(loop);
    door.open().knock();
    other.open().knock();
    loop.kernel.fail("accept4", EMFILE, 3);
    CHECK(loop.poll() == Status::ok);
    // Both handlers may have run, if both were in the batch: none of it doubles a timer.
    for (unsigned i = 0; i < 4; ++i) {
        pass(loop, 500);
        CHECK((door.watched() || door.event().timer_set));
        CHECK((other.watched() || other.event().timer_set));
    }
    CHECK(door.accepted.size() + other.accepted.size() == 2);
}

TEST_CASE("listener: one that cannot be put back is tried again", "[listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open().knock();
    loop.kernel.fail("accept4", EMFILE);
    CHECK(loop.poll() == Status::ok);
    loop.kernel.fail("epoll_ctl", ENOSPC, 2);
    const std::string line = "alert: epoll_ctl(1, " + std::to_string(door.fd) + ") failed";
    loop.log.lines.clear();
    for (unsigned i = 0; i < 2; ++i) {
        pass(loop, 500);
        CHECK_FALSE(door.watched());
        CHECK(door.event().timer_set);
        CHECK(loop.log.take() == Lines{line});
    }
    pass(loop, 500);
    CHECK(door.watched());
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("listener: one that cannot be taken out rests by its timer all the same",
          "[listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door door(loop);
    Door other(loop);
    door.open();
    other.open();
    door.knock();
    loop.kernel.fail("accept4", EMFILE);
    loop.kernel.fail("epoll_ctl", ENOMEM);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.watched());
    CHECK(door.event().timer_set);
    CHECK_FALSE(other.watched());
    CHECK(other.event().timer_set);
    pass(loop, 500);
    CHECK(other.watched());
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("listener: with exclusive_accept those that others share are watched exclusively, after a rest too",
          "[interest-matches-active]") {
    Loop loop;
    Options options = Loop::options();
    options.exclusive_accept = true;
    loop.start(options);
    Door shared(loop);
    shared.open();
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollexclusive));
    Door own(loop);
    own.listener.shared_by_none = true;
    own.open();
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollrdhup));

    shared.knock();
    loop.kernel.fail("accept4", EPERM);
    CHECK(loop.poll() == Status::ok);
    CHECK_FALSE(shared.watched());
    pass(loop, 500);
    CHECK(shared.watched());
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollexclusive));
    CHECK(shared.accepted.size() == 1);
}

TEST_CASE("listener: another error rests this listener alone", "[listener-stays-watched]") {
    const int error = GENERATE(EPERM, EINVAL);
    Loop loop;
    loop.start();
    Door door(loop);
    Door other(loop);
    door.open().knock();
    other.open();
    loop.kernel.fail("accept4", error);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take() == Lines{"alert: accept4() failed"});
    CHECK_FALSE(door.watched());
    CHECK(other.watched());
    pass(loop, 500);
    CHECK(door.watched());
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("listener: without a free slot the connection is closed", "[fds-balanced]") {
    Loop loop;
    loop.start(Loop::options(2));
    Door door(loop);
    door.open().knock(3);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take().empty());
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take() == Lines{"alert: 2 worker_connections are not enough"});
    char byte = 0;
    CHECK(::recv(door.clients[1], &byte, 1, MSG_DONTWAIT) == 0);
    loop.kernel.fail("close", EIO);
    CHECK(loop.poll() == Status::ok);
    REQUIRE(loop.log.lines.size() == 2);
    CHECK(loop.log.lines[1].level == LogLevel::crit);
    CHECK(door.accepted.size() == 1);
    CHECK(door.watched());
}

TEST_CASE("listener: its owner may close it while it accepts", "[stale-event-dropped]") {
    Loop loop;
    loop.start(multi_accept());
    Door door(loop);
    door.open().knock(2);
    door.then = [&](Connection&) { loop.reactor.close_connection(*door.listener.connection); };
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK_FALSE(door.listener.is_open());
    CHECK(loop.kernel.calls("accept4") == 1);
    CHECK(loop.log.take().empty());
}

TEST_CASE("listener: its slot may be taken again while it accepts", "[stale-event-dropped]") {
    Loop loop;
    loop.start(multi_accept());
    Door door(loop);
    Door second(loop);
    door.open().knock(2);
    door.then = [&](Connection&) {
        const std::uint32_t slot = door.listener.connection->slot;
        loop.reactor.close_shared_connection(*door.listener.connection);
        second.open();
        CHECK(second.listener.connection->slot == slot);
    };
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK(loop.kernel.calls("accept4") == 1);
    second.knock();
    CHECK(loop.poll() == Status::ok);
    CHECK(second.accepted.size() == 1);
}

TEST_CASE("listener: those that stay are found after one in the middle was closed",
          "[listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door first(loop);
    Door second(loop);
    Door third(loop);
    first.open();
    second.open();
    third.open();
    loop.reactor.close_connection(*second.listener.connection);
    third.knock();
    loop.kernel.fail("accept4", EMFILE);
    CHECK(loop.poll() == Status::ok);
    CHECK(first.event().timer_set);
    CHECK(third.event().timer_set);
    loop.reactor.close_connection(*first.listener.connection);
    pass(loop, 500);
    CHECK(third.accepted.size() == 1);
}

TEST_CASE("listener: a descriptor that cannot be listened on stays its caller's",
          "[failed-call-changes-nothing]") {
    Loop loop;
    loop.start(Loop::options(2));
    Door door(loop);
    loop.kernel.fail("epoll_ctl", EPERM);
    CHECK(loop.reactor.listen(door.listener, door.fd) == Status::error);
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(1, " + std::to_string(door.fd) + ") failed"});
    CHECK_FALSE(door.listener.is_open());
    CHECK(loop.reactor.connections().free_connections() == 2);
    loop.open();
    loop.open();
    CHECK(loop.reactor.listen(door.listener, door.fd) == Status::error);
    CHECK(loop.log.take() == Lines{"alert: 2 worker_connections are not enough"});
    CHECK(::close(door.fd) == 0);
}

TEST_CASE("listener: done and init again take it out of epoll and put it back", "[listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door door(loop);
    Door other(loop);
    door.open().knock();
    loop.kernel.fail("accept4", EMFILE);
    CHECK(loop.poll() == Status::ok);
    loop.reactor.post(door.event());
    loop.reactor.done();
    CHECK(loop.reactor.timers().empty());
    CHECK(loop.reactor.posted_accept().empty());
    other.open(); // not watched yet: nothing runs
    CHECK_FALSE(other.watched());
    loop.log.lines.clear();
    loop.kernel.fail("epoll_ctl", ENOSPC, 1, 1); // the first add is the notify channel's
    loop.start();
    CHECK(loop.log.take() == Lines{"alert: epoll_ctl(1, " + std::to_string(door.fd) + ") failed"});
    CHECK(other.watched());
    CHECK_FALSE(door.watched());
    pass(loop, 500);
    CHECK(door.watched());
    CHECK(door.accepted.size() == 1);
}

TEST_CASE("listener: the reactor's end leaves its descriptor open", "[fds-balanced]") {
    Loop loop;
    Door door(loop);
    {
        TestReactor reactor(loop.kernel, loop.log.log);
        REQUIRE(reactor.init(Loop::options()) == Status::ok);
        REQUIRE(reactor.listen(door.listener, door.fd) == Status::ok);
    }
    CHECK_FALSE(door.listener.is_open());
    CHECK(::close(door.fd) == 0);
}

TEST_CASE("listener: without accept4, accept and fcntl do the same from then on",
          "[listener-stays-watched][no-blocking-call]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open();
    loop.kernel.fail("accept4", ENOSYS);
    door.knock(2);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.poll() == Status::ok);
    REQUIRE(door.accepted.size() == 2);
    for (const Connection* connection : door.accepted) {
        CHECK((::fcntl(connection->fd, F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(connection->fd, F_GETFD) & FD_CLOEXEC) != 0);
        CHECK(connection->write.ready);
    }
    CHECK(loop.kernel.calls("accept4") == 1);
    CHECK(loop.kernel.calls("accept") == 2);
    CHECK(loop.log.take().empty());

    door.knock();
    loop.kernel.fail("accept", EINTR, 3);
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 3);
    door.knock();
    loop.kernel.fail("accept", EMFILE);
    CHECK(loop.poll() == Status::ok);
    CHECK_FALSE(door.watched());
}

TEST_CASE("listener: without accept4 and accept the listener rests",
          "[no-busy-loop][listener-stays-watched]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open();
    loop.kernel.fail("accept4", ENOSYS);
    loop.kernel.fail("accept", ENOSYS);
    door.knock();
    CHECK(loop.poll() == Status::ok);
    CHECK_FALSE(door.watched());
    CHECK(door.event().timer_set);
    CHECK(loop.log.take() == Lines{"alert: accept4() failed"});
}

TEST_CASE("listener: a connection that cannot be made non-blocking is closed",
          "[no-blocking-call][fds-balanced]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.open();
    loop.kernel.fail("accept4", ENOSYS);
    loop.kernel.fail("fcntl", EPERM, 1, GENERATE(0U, 1U));
    door.knock();
    CHECK(loop.poll() == Status::ok);
    CHECK(door.accepted.empty());
    CHECK(loop.kernel.calls("close") == 1);
    CHECK(loop.log.take().size() == 1);
    CHECK(door.watched());
}

TEST_CASE("listener: a deferred connection is accepted with its first bytes", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Door door(loop);
    door.listener.deferred_accept = GENERATE(true, false);
    door.open();
    door.knock();
    CHECK(loop.poll() == Status::ok);
    REQUIRE(door.accepted.size() == 1);
    CHECK(door.accepted[0]->read.ready == door.listener.deferred_accept);
}

} // namespace edgecase
