// recv, send, the rules of `ready`, and close.
#include <cerrno>

#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

// An open connection whose events are ready, as after a report.
Connection& open_ready(Loop& loop) {
    Connection& connection = loop.open();
    REQUIRE(loop.reactor.add_connection(connection) == Status::ok);
    connection.read.ready = connection.write.ready = true;
    return connection;
}

} // namespace

TEST_CASE("reactor: recv leaves ready set until EAGAIN", "[no-lost-wakeup]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = open_ready(loop);
    std::array<char, 16> buffer{};
    put(loop.peer(a), "hello");
    CHECK(loop.reactor.recv(a, buffer.data(), 3).value == 3);
    CHECK(a.read.ready);
    CHECK(loop.reactor.recv(a, buffer.data(), buffer.size()).value == 2);
    CHECK(a.read.ready);
    loop.log.take();
    CHECK(loop.reactor.recv(a, buffer.data(), buffer.size()).error == EAGAIN);
    CHECK_FALSE(a.read.ready);
    CHECK_FALSE(a.read.error);
    CHECK(loop.log.take() == Lines{"debug: recv() not ready"});
}

TEST_CASE("reactor: recv of nothing is not the end", "[bytes-conserved]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    char byte = 0;
    put(loop.peer(a), "x");
    CHECK(loop.reactor.recv(a, &byte, 0).value == 0);
    CHECK_FALSE(a.read.eof);
    CHECK(a.read.ready);
}

TEST_CASE("reactor: the end and an error clear ready and are remembered", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    char byte = 0;

    SECTION("the end") {
        loop.close_peer(a);
        CHECK(loop.reactor.recv(a, &byte, 1).value == 0);
        CHECK(a.read.eof);
        CHECK_FALSE(a.read.error);
    }
    SECTION("a reset") {
        put(a.fd, "unread");
        loop.close_peer(a);
        CHECK(loop.reactor.recv(a, &byte, 1).error == ECONNRESET);
        CHECK(a.read.error);
        CHECK(loop.log.take() == Lines{"error: recv() failed"});
    }
    CHECK_FALSE(a.read.ready);
}

TEST_CASE("reactor: send clears ready on EAGAIN, on fewer bytes than asked, and on an error",
          "[no-lost-wakeup]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = open_ready(loop);
    CHECK(loop.reactor.send(a, "x", 1).value == 1);
    CHECK(a.write.ready);

    SECTION("a full buffer") {
        const std::vector<char> bytes(1 << 20);
        const SysResult sent = loop.reactor.send(a, bytes.data(), bytes.size());
        CHECK(sent.value > 0);
        CHECK(sent.value < 1 << 20);
        CHECK_FALSE(a.write.ready);
        a.write.ready = true;
        loop.log.take();
        CHECK(loop.reactor.send(a, bytes.data(), bytes.size()).error == EAGAIN);
        CHECK(loop.log.take() == Lines{"debug: send() not ready"});
        CHECK_FALSE(a.write.error);
    }
    SECTION("a closed peer, without a signal") {
        loop.close_peer(a);
        loop.log.take();
        CHECK(loop.reactor.send(a, "x", 1).error == EPIPE);
        CHECK(a.write.error);
        CHECK(loop.log.take() == Lines{"error: send() failed"});
    }
    SECTION("nothing moved") {
        loop.kernel.plan("send", SysResult::ok(0));
        loop.log.take();
        CHECK(loop.reactor.send(a, "x", 1).value == 0);
        CHECK(loop.log.take() == Lines{"alert: send() returned zero"});
    }
    CHECK_FALSE(a.write.ready);
}

TEST_CASE("reactor: writev sends its pieces in order as one run of bytes", "[bytes-conserved]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    const std::array<BytePiece, 4> pieces{{{"he", 2}, {nullptr, 0}, {"l", 1}, {"lo", 2}}};
    CHECK(loop.reactor.writev(a, pieces).value == 5);
    CHECK(a.write.ready);
    std::array<char, 8> buffer{};
    CHECK(::recv(loop.peer(a), buffer.data(), buffer.size(), 0) == 5);
    CHECK(std::string_view(buffer.data()) == "hello");
    CHECK(loop.reactor.writev(a, {}).value == 0);
    CHECK(a.write.ready);
    CHECK(loop.log.take().empty());
}

TEST_CASE("reactor: of more pieces than writev takes, the first go and ready stays", "[bytes-conserved]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    const std::vector<BytePiece> pieces(2000, BytePiece{"x", 1});
    CHECK(loop.reactor.writev(a, pieces).value == 64);
    CHECK(loop.kernel.last_pieces == 64);
    CHECK(a.write.ready);
    CHECK_FALSE(a.write.error);
}

TEST_CASE("reactor: writev clears ready on EAGAIN, on fewer bytes than asked, and on an error",
          "[no-lost-wakeup]") {
    Loop loop(LogLevel::debug);
    loop.start();
    Connection& a = open_ready(loop);
    const std::vector<char> bytes(1 << 20);
    const std::array<BytePiece, 2> pieces{{{bytes.data(), bytes.size()}, {bytes.data(), 1}}};

    SECTION("a full buffer") {
        const SysResult sent = loop.reactor.writev(a, pieces);
        CHECK(sent.value > 0);
        CHECK(sent.value < 1 << 20);
        CHECK_FALSE(a.write.ready);
        a.write.ready = true;
        loop.log.take();
        CHECK(loop.reactor.writev(a, pieces).error == EAGAIN);
        CHECK(loop.log.take() == Lines{"debug: sendmsg() not ready"});
        CHECK_FALSE(a.write.error);
    }
    SECTION("the last byte is missing") {
        loop.kernel.plan("sendmsg", SysResult::ok(1 << 20));
        CHECK(loop.reactor.writev(a, pieces).value == 1 << 20);
    }
    SECTION("a closed peer, without a signal") {
        loop.close_peer(a);
        loop.log.take();
        CHECK(loop.reactor.writev(a, pieces).error == EPIPE);
        CHECK(a.write.error);
        CHECK(loop.log.take() == Lines{"error: sendmsg() failed"});
    }
    SECTION("nothing moved") {
        loop.kernel.plan("sendmsg", SysResult::ok(0));
        loop.log.take();
        CHECK(loop.reactor.writev(a, pieces).value == 0);
        CHECK(loop.log.take() == Lines{"alert: sendmsg() returned zero"});
    }
    SECTION("a signal, again and again") {
        loop.kernel.fail("sendmsg", EINTR, 16);
        CHECK(loop.reactor.writev(a, pieces).error == EAGAIN);
        CHECK(loop.kernel.calls("sendmsg") == 16);
    }
    CHECK_FALSE(a.write.ready);
}

TEST_CASE("reactor: interrupted calls are repeated 16 times and then not ready", "[no-busy-loop]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    char byte = 0;
    put(loop.peer(a), "x");
    loop.kernel.fail("recv", EINTR, 15);
    CHECK(loop.reactor.recv(a, &byte, 1).value == 1);
    CHECK(a.read.ready);
    loop.kernel.fail("recv", EINTR, 16);
    CHECK(loop.reactor.recv(a, &byte, 1).error == EAGAIN);
    CHECK_FALSE(a.read.ready);
    CHECK_FALSE(a.read.error);
    loop.kernel.fail("send", EINTR, 15);
    CHECK(loop.reactor.send(a, "x", 1).value == 1);
    CHECK(a.write.ready);
    loop.kernel.fail("send", EINTR, 16);
    CHECK(loop.reactor.send(a, "x", 1).error == EAGAIN);
    CHECK_FALSE(a.write.ready);
    const std::string fd = std::to_string(a.fd);
    CHECK(loop.log.take() == Lines{"alert: recv() was interrupted 16 times in a row on fd:" + fd,
                                   "alert: send() was interrupted 16 times in a row on fd:" + fd});
}

TEST_CASE("reactor: the rules of ready hold for pipes and eventfds too", "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0);
    Connection& reader = loop.adopt(ends[0]);
    Connection& writer = loop.adopt(ends[1]);
    CHECK(loop.reactor.add_event(reader.read, k_clear_event) == Status::ok);
    CHECK(loop.reactor.add_event(writer.write, k_clear_event) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(writer.write.ready);
    CHECK_FALSE(reader.read.ready);

    char byte = 'x';
    loop.reactor.apply_write_result(writer.write, loop.kernel.write(writer.fd, &byte, 1), 1);
    CHECK(writer.write.ready);
    CHECK(loop.poll() == Status::ok);
    CHECK(reader.read.ready);
    loop.reactor.apply_read_result(reader.read, loop.kernel.read(reader.fd, &byte, 1), 1);
    CHECK(reader.read.ready);
    loop.reactor.apply_read_result(reader.read, loop.kernel.read(reader.fd, &byte, 1), 1);
    CHECK_FALSE(reader.read.ready);
    loop.reactor.apply_write_result(writer.write, SysResult::ok(3), 4);
    CHECK_FALSE(writer.write.ready);
    loop.reactor.apply_write_result(writer.write, SysResult::fail(EPIPE), 4);
    CHECK(writer.write.error);

    loop.reactor.close_connection(writer);
    CHECK(loop.poll() == Status::ok);
    CHECK(reader.read.ready);
    loop.reactor.apply_read_result(reader.read, loop.kernel.read(reader.fd, &byte, 1), 1);
    CHECK(reader.read.eof);
    loop.reactor.apply_read_result(reader.read, SysResult::fail(EIO), 1);
    CHECK(reader.read.error);

    Connection& counter = loop.adopt(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    Loop::handlers(counter).read = loop.note("counter");
    CHECK(loop.reactor.add_event(counter.read, k_clear_event) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"counter"});
}

TEST_CASE("reactor: close takes timers and posted events along, frees the slot and closes last",
          "[fds-balanced]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    Loop::handlers(a).read = loop.note("read");
    Loop::handlers(a).write = loop.note("write");
    loop.reactor.add_timer(a.read, 0);
    loop.reactor.add_timer(a.write, 0);
    loop.reactor.post(a.read);
    loop.reactor.post(a.write);
    const unsigned calls = loop.kernel.calls("epoll_ctl");
    const int fd = a.fd;
    loop.reactor.close_connection(a);
    CHECK(loop.kernel.calls("epoll_ctl") == calls);
    CHECK(a.fd == -1);
    CHECK(::fcntl(fd, F_GETFD) == -1);
    loop.reactor.expire_timers();
    loop.reactor.run_posted();
    CHECK(loop.happened.empty());
    CHECK(loop.reactor.connections().free_connections() == 8);
    loop.reactor.close_connection(a);
    loop.reactor.close_shared_connection(a);
    CHECK(loop.log.take() == Lines{"alert: connection already closed", "alert: connection already closed"});
    CHECK(loop.kernel.calls("close") == 1);
}

TEST_CASE("reactor: close() failing is one line, and the connection is closed", "[fds-balanced]") {
    Loop loop;
    loop.start();
    Connection& a = open_ready(loop);
    const std::string fd = std::to_string(a.fd);
    loop.kernel.fail("close", EIO);
    loop.reactor.close_connection(a);
    CHECK(a.fd == -1);
    CHECK(loop.kernel.calls("close") == 1);
    CHECK(loop.log.take() == Lines{"crit: close() socket " + fd + " failed"});
}

TEST_CASE("reactor: free_connection leaves the descriptor to its caller", "[fds-balanced]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    loop.reactor.add_timer(a.read, 10);
    loop.reactor.post(a.read);
    const int fd = a.fd;
    loop.reactor.free_connection(a);
    CHECK(a.fd == -1);
    CHECK(loop.reactor.timers().empty());
    CHECK(loop.reactor.posted().empty());
    CHECK(::close(fd) == 0);
}

TEST_CASE("reactor: a shared descriptor is deleted from epoll before it is closed",
          "[no-busy-loop][interest-matches-active]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("read");
    CHECK(loop.reactor.add_event(a.read, k_level_event) == Status::ok);
    const int other = ::dup(a.fd);
    REQUIRE(other != -1);
    put(loop.peer(a), "x");

    SECTION("shared") {
        loop.reactor.close_shared_connection(a);
        CHECK(loop.kernel.last_op == k_epoll_ctl_del);
        CHECK(loop.reactor.process_events(1, 0) == Status::ok);
        CHECK(loop.log.take().empty());
    }
    SECTION("not shared: the entry lives on, and its reports are stale") {
        loop.reactor.close_connection(a);
        CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::ok);
    }
    SECTION("deleting fails: it is closed all the same") {
        loop.kernel.fail("epoll_ctl", EPERM);
        loop.reactor.close_shared_connection(a);
        CHECK(a.fd == -1);
        CHECK(loop.log.take().size() == 1);
    }
    SECTION("not registered: there is nothing to delete") {
        CHECK(loop.reactor.del_event(a.read, 0) == Status::ok);
        const unsigned calls = loop.kernel.calls("epoll_ctl");
        loop.reactor.close_shared_connection(a);
        CHECK(loop.kernel.calls("epoll_ctl") == calls);
    }
    CHECK(loop.happened.empty());
    ::close(other);
}

TEST_CASE("reactor: when every slot is taken, one line says so", "[listener-stays-watched]") {
    Loop loop;
    loop.start(Loop::options(2, 8));
    loop.open();
    Connection& b = loop.open();
    CHECK(loop.reactor.get_connection(99) == nullptr);
    CHECK(loop.log.take() == Lines{"alert: 2 worker_connections are not enough"});
    loop.reactor.close_connection(b);
    loop.open();
}

TEST_CASE("reactor: a handler may close its connection from a timer and from a queue", "[posted-runs-once]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Connection& b = loop.open();
    Loop::handlers(a).read = [&](Event&) {
        loop.happened.push_back("a");
        loop.reactor.close_connection(b);
        loop.reactor.close_connection(a);
    };
    Loop::handlers(b).read = loop.note("b");
    const bool timers = GENERATE(true, false);
    for (Connection* connection : {&a, &b}) {
        timers ? loop.reactor.add_timer(connection->read, 0) : loop.reactor.post(connection->read);
    }
    loop.reactor.expire_timers();
    loop.reactor.run_posted();
    CHECK(loop.happened == Lines{"a"});
}

} // namespace edgecase
