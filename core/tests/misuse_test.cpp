// What callers must not do is stopped at once in builds that check.
#include "core/tests/last_words.hpp"
#include "core/tests/loop.hpp"

#ifndef NDEBUG

namespace edgecase {
namespace {

bool says(const std::string& words, const char* message) {
    return words.find(message) != std::string::npos;
}

} // namespace

TEST_CASE("reactor: what must not be called from a handler is stopped", "[bounded-turn]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    REQUIRE(loop.reactor.add_connection(a) == Status::ok);
    const auto in_handler = [&](const std::function<void()>& misuse) {
        Loop::handlers(a).write = [misuse](Event&) { misuse(); };
        // Scripted: the child would take the parent's edge.
        loop.kernel.script_wait({{k_epollout, a.epoll_data()}});
        return last_words([&] { static_cast<void>(loop.poll()); });
    };
    CHECK(
        says(in_handler([&] { static_cast<void>(loop.poll()); }), "process_events is called from a handler"));
    CHECK(says(in_handler([&] { loop.reactor.done(); }), "done is called from a handler"));
    CHECK(says(in_handler([&] { static_cast<void>(loop.reactor.init(Loop::options())); }),
               "init is called from a handler"));
    Loop::handlers(a).read = [&](Event&) { loop.reactor.run_posted(); };
    loop.reactor.post(a.read);
    CHECK(
        says(last_words([&] { loop.reactor.run_posted(); }), "a handler runs the queue that is running it"));
    loop.reactor.unpost(a.read);
}

TEST_CASE("reactor: a turn within a turn is stopped", "[bounded-turn]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = [&](Event&) { static_cast<void>(loop.reactor.process_events_and_timers()); };
    loop.reactor.add_timer(a.read, 0);
    CHECK(says(last_words([&] { static_cast<void>(loop.reactor.process_events_and_timers()); }),
               "a turn is begun within a turn"));
}

TEST_CASE("reactor: events without a handler are stopped", "[stale-event-dropped]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    a.read.handler = nullptr;
    a.read.active = true;
    loop.kernel.script_wait({{k_epollin, a.epoll_data()}});
    CHECK(says(last_words([&] { static_cast<void>(loop.poll()); }),
               "an active event has no handler (event.connection->slot = 0)"));
    a.read.active = false;
    loop.reactor.post(a.read);
    CHECK(says(last_words([&] { loop.reactor.run_posted(); }), "a posted event has no handler"));
    loop.reactor.unpost(a.read);
    loop.reactor.add_timer(a.read, 0);
    CHECK(says(last_words([&] { loop.reactor.expire_timers(); }), "an event with a timer has no handler"));
}

TEST_CASE("reactor: slots are given back once, and channels never", "[fds-balanced]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    CHECK(says(last_words([&] { loop.reactor.free_connection(loop.reactor.connections().at(8)); }),
               "a channel's slot is freed as a connection"));
    CHECK(says(last_words([&] { static_cast<void>(loop.reactor.connections().at(10)); }),
               "there is no such slot (slot = 10, slot_count_ = 10)"));
    CHECK(says(last_words([&] { loop.reactor.get_connection(-1); }),
               "a connection is opened without a descriptor"));
    loop.reactor.close_connection(a);
    CHECK(says(last_words([&] { loop.reactor.free_connection(a); }), "a free slot is freed"));
}

TEST_CASE("epoll module: more events than asked for are impossible", "[memory-safe]") {
    Loop loop;
    loop.start();
    loop.kernel.plan("epoll_wait", SysResult::ok(9));
    CHECK(says(last_words([&] { static_cast<void>(loop.poll()); }),
               "epoll_wait gave more events than it was asked for (waited.value = 9, event_count_ = 8)"));
}

} // namespace edgecase

#endif
