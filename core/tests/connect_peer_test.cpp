// connect_peer: outgoing connections on the loopback, those that are accepted, refused and never answered.
#include <cerrno>

#include "core/tests/door.hpp"

namespace edgecase {
namespace {

// A port of the loopback on which nobody listens any more.
InetAddress closed_port(Loop& loop) {
    const Door door(loop, 1);
    const InetAddress address = door.address();
    ::close(door.fd);
    return address;
}

// connect_peer, with handlers that note who was called.
Connection& dial(Loop& loop, const InetAddress& address) {
    const ConnectResult result = loop.reactor.connect_peer(address);
    REQUIRE(result.status == ConnectStatus::in_progress);
    REQUIRE(result.connection != nullptr);
    loop.equip(*result.connection);
    Loop::handlers(*result.connection).read = loop.note("read");
    Loop::handlers(*result.connection).write = loop.note("write");
    return *result.connection;
}

} // namespace

TEST_CASE("connect: it is in epoll before it connects, and hears that it stands", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Door door(loop);
    loop.kernel.before_connect = [&] {
        CHECK(loop.kernel.last_op == k_epoll_ctl_add);
        CHECK(loop.kernel.last_mask == (k_epollin | k_epollrdhup | k_epollout | k_epollet));
    };
    Connection& client = dial(loop, door.address());
    CHECK(loop.kernel.before_connect == nullptr);
    CHECK(client.read.active);
    CHECK(client.write.active);
    CHECK_FALSE(client.write.ready);
    CHECK((::fcntl(client.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(client.fd, F_GETFD) & FD_CLOEXEC) != 0);

    CHECK(loop.reactor.process_events(5000, 0) == Status::ok);
    CHECK(loop.happened == Lines{"write"});
    CHECK(loop.reactor.connect_error(client) == 0);
    CHECK(loop.reactor.send(client, "hello", 5).value == 5);
    door.open();
    CHECK(loop.reactor.process_events(5000, 0) == Status::ok);
    REQUIRE(door.accepted.size() == 1);
    std::array<char, 8> buffer{};
    CHECK(loop.reactor.recv(*door.accepted[0], buffer.data(), buffer.size()).value == 5);
    CHECK(loop.log.take().empty());
}

TEST_CASE("connect: a refusal wakes both directions, and is said once", "[error-wakes-waiters]") {
    Loop loop;
    loop.start();
    Connection& client = dial(loop, closed_port(loop));
    CHECK(loop.reactor.process_events(5000, 0) == Status::ok);
    CHECK(loop.happened == Lines{"read", "write"});
    CHECK(loop.reactor.connect_error(client) == ECONNREFUSED);
    CHECK(loop.log.take() == Lines{"error: connect() failed"});
    CHECK(loop.reactor.connect_error(client) == 0);
    CHECK(loop.log.take().empty());
    loop.kernel.fail("getsockopt_error", ENOBUFS);
    CHECK(loop.reactor.connect_error(client) == ENOBUFS);
}

TEST_CASE("connect: one that is never answered is given up by its timer", "[timers-on-time]") {
    Loop loop;
    loop.start();
    Door full(loop, 0);
    full.knock(); // as many as a backlog of 0 takes: further SYNs are dropped
    Connection& client = dial(loop, full.address());
    loop.reactor.add_timer(client.write, 60);
    while (loop.happened.empty()) {
        CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    }
    CHECK(loop.happened == Lines{"write"});
    CHECK(client.write.timedout);
    CHECK_FALSE(client.write.ready);
    loop.reactor.close_connection(client);
    ::close(full.fd);
}

TEST_CASE("connect: one that stands at once may write at once", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    loop.kernel.plan("connect", SysResult::ok(0));
    const ConnectResult result = loop.reactor.connect_peer({INADDR_LOOPBACK, 1});
    CHECK(result.status == ConnectStatus::connected);
    REQUIRE(result.connection != nullptr);
    CHECK(result.connection->write.ready);
    CHECK_FALSE(result.connection->read.ready);
}

TEST_CASE("connect: what cannot be reached at once is declined, and nothing is left", "[fds-balanced]") {
    Loop loop;
    loop.start();
    const auto [error, level] = GENERATE(table<int, std::string>(
        {{ECONNREFUSED, "error"}, {ENETUNREACH, "error"}, {EADDRNOTAVAIL, "crit"}, {EACCES, "crit"}}));
    loop.kernel.fail("connect", error);
    const ConnectResult result = loop.reactor.connect_peer({0x0a000102, 80});
    CHECK(result.status == ConnectStatus::declined);
    CHECK(result.connection == nullptr);
    CHECK(loop.log.take() == Lines{level + ": connect() to 10.0.1.2:80 failed"});
    CHECK(loop.reactor.connections().free_connections() == 8);
    CHECK(loop.kernel.calls("close") == 1);
}

TEST_CASE("connect: an interrupted one goes on and is not repeated", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    loop.kernel.fail("connect", EINTR);
    CHECK(loop.reactor.connect_peer({INADDR_LOOPBACK, 1}).status == ConnectStatus::in_progress);
    CHECK(loop.kernel.calls("connect") == 1);
}

TEST_CASE("connect: without a socket, a slot or an entry in epoll it is an error, and nothing is left",
          "[fds-balanced][failed-call-changes-nothing]") {
    Loop loop;
    loop.start(Loop::options(2, 8));
    SECTION("no socket") {
        loop.kernel.fail("socket", EMFILE);
        CHECK(loop.reactor.connect_peer({INADDR_LOOPBACK, 1}).status == ConnectStatus::error);
        CHECK(loop.log.take() == Lines{"alert: socket() failed"});
    }
    SECTION("no slot") {
        loop.open();
        loop.open();
        CHECK(loop.reactor.connect_peer({INADDR_LOOPBACK, 1}).status == ConnectStatus::error);
        CHECK(loop.log.take() == Lines{"alert: 2 worker_connections are not enough"});
        CHECK(loop.kernel.calls("close") == 1);
    }
    SECTION("not in epoll") {
        loop.kernel.fail("epoll_ctl", ENOMEM);
        CHECK(loop.reactor.connect_peer({INADDR_LOOPBACK, 1}).status == ConnectStatus::error);
        CHECK(loop.log.take().size() == 1);
        CHECK(loop.reactor.connections().free_connections() == 2);
        CHECK(loop.kernel.calls("close") == 1);
    }
    CHECK(loop.kernel.calls("connect") == 0);
}

} // namespace edgecase
