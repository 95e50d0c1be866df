// handle_read_event and handle_write_event: what a handler ends with that waits for more.
#include <cerrno>

#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

Options level_options() {
    Options options = Loop::options();
    options.capabilities.clear_event = false;
    return options;
}

Status handle(Loop& loop, Event& event) {
    return event.write ? loop.reactor.handle_write_event(*event.connection)
                       : loop.reactor.handle_read_event(*event.connection);
}

} // namespace

TEST_CASE("handle event: by edges, what is neither active nor ready is added, and nothing is deleted",
          "[no-lost-wakeup]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Event& event = GENERATE(true, false) ? a.read : a.write;

    event.ready = true;
    CHECK(handle(loop, event) == Status::ok);
    CHECK_FALSE(event.active);
    CHECK(loop.kernel.calls("epoll_ctl") == 1); // the notify channel's

    event.ready = false;
    CHECK(handle(loop, event) == Status::ok);
    CHECK(event.active);
    CHECK((loop.kernel.last_mask & k_epollet) != 0);
    CHECK(loop.kernel.calls("epoll_ctl") == 2);

    event.ready = GENERATE(true, false);
    CHECK(handle(loop, event) == Status::ok);
    CHECK(event.active);
    CHECK(loop.kernel.calls("epoll_ctl") == 2);
}

TEST_CASE("handle event: by levels, an active event is deleted while it is ready", "[no-busy-loop]") {
    Loop loop;
    loop.start(level_options());
    Connection& a = loop.open();
    Event& event = GENERATE(true, false) ? a.read : a.write;

    CHECK(handle(loop, event) == Status::ok);
    CHECK(event.active);
    CHECK((loop.kernel.last_mask & k_epollet) == 0);
    CHECK(handle(loop, event) == Status::ok);
    CHECK(event.active);

    event.ready = true;
    CHECK(handle(loop, event) == Status::ok);
    CHECK_FALSE(event.active);
    CHECK(loop.kernel.last_op == k_epoll_ctl_del);
    CHECK(handle(loop, event) == Status::ok);
    CHECK_FALSE(event.active);

    event.ready = false;
    CHECK(handle(loop, event) == Status::ok);
    CHECK(event.active);
}

TEST_CASE("handle event: by levels, the close flag deletes without a call", "[close-event-makes-no-call]") {
    Loop loop;
    loop.start(level_options());
    Connection& a = loop.open();
    CHECK(loop.reactor.handle_read_event(a) == Status::ok);
    const unsigned calls = loop.kernel.calls("epoll_ctl");
    CHECK(loop.reactor.handle_read_event(a, k_close_event) == Status::ok);
    CHECK_FALSE(a.read.active);
    CHECK(loop.kernel.calls("epoll_ctl") == calls);
}

TEST_CASE("handle event: a call that fails is an error and changes nothing",
          "[failed-call-changes-nothing]") {
    Loop loop;
    loop.start(level_options());
    Connection& a = loop.open();
    loop.kernel.fail("epoll_ctl", ENOMEM);
    CHECK(loop.reactor.handle_read_event(a) == Status::error);
    CHECK_FALSE(a.read.active);
    CHECK(loop.reactor.handle_read_event(a) == Status::ok);
    a.read.ready = true;
    loop.kernel.fail("epoll_ctl", ENOENT);
    CHECK(loop.reactor.handle_read_event(a) == Status::error);
    CHECK(a.read.active);
    CHECK(loop.log.take().size() == 2);
}

TEST_CASE("handle event: a level-triggered reader that takes nothing does not keep the loop awake",
          "[no-busy-loop]") {
    Loop loop;
    loop.start(level_options());
    Connection& a = loop.open();
    Loop::handlers(a).read = [&](Event& event) {
        loop.happened.push_back("read");
        CHECK(loop.reactor.handle_read_event(*event.connection) == Status::ok);
    };
    CHECK(loop.reactor.handle_read_event(a) == Status::ok);
    put(loop.peer(a), "xyz");
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read"});

    // Once it has taken what was there, it waits again.
    std::array<char, 16> buffer{};
    CHECK(loop.reactor.recv(a, buffer.data(), buffer.size()).value == 3);
    CHECK(loop.reactor.recv(a, buffer.data(), buffer.size()).error == EAGAIN);
    CHECK(loop.reactor.handle_read_event(a) == Status::ok);
    put(loop.peer(a), "x");
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read", "read"});
}

} // namespace edgecase
