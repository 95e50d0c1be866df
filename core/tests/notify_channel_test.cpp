#include "core/notify_channel.hpp"

#include <cerrno>

#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

struct Task : NotifyTask {
    Task()
        : NotifyTask{[](NotifyTask& task) {
              auto& self = static_cast<Task&>(task);
              ++self.runs;
              if (self.then) {
                  self.then();
              }
          }} {}
    int runs = 0;
    std::function<void()> then;
};

} // namespace

TEST_CASE("notify channel: a task runs in the next batch, once for any number of notifies in a row",
          "[notify-reaches-handler]") {
    Loop loop;
    loop.start();
    Task task;
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(task.runs == 0);
    CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::ok);
    CHECK(task.runs == 1);
    CHECK(loop.poll() == Status::ok);
    CHECK(task.runs == 1);
    // The counter was not read; another write is another edge all the same.
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::ok);
    CHECK(task.runs == 2);
    CHECK(loop.kernel.calls("read") == 0);
}

TEST_CASE("notify channel: eight different tasks wait at once, a ninth is an error",
          "[notify-reaches-handler]") {
    Loop loop;
    loop.start();
    std::array<Task, 9> tasks;
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(loop.reactor.notify(tasks[i]) == Status::ok);
    }
    CHECK(loop.reactor.notify(tasks[8]) == Status::error);
    CHECK(loop.log.take() == Lines{"alert: more than 8 notify tasks are waiting"});
    CHECK(loop.reactor.notify(tasks[7]) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(tasks[i].runs == 1);
    }
    CHECK(tasks[8].runs == 0);
    CHECK(loop.reactor.notify(tasks[8]) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(tasks[8].runs == 1);
}

TEST_CASE("notify channel: a task may notify itself, and runs in the next batch",
          "[notify-reaches-handler]") {
    Loop loop;
    loop.start();
    Task task;
    task.then = [&] {
        task.then = nullptr;
        CHECK(loop.reactor.notify(task) == Status::ok);
    };
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(task.runs == 1);
    CHECK(loop.reactor.process_events(k_timer_infinite, 0) == Status::ok);
    CHECK(task.runs == 2);
}

TEST_CASE("notify channel: the loop may take the report before notify has returned",
          "[notify-reaches-handler]") {
    // As another thread's notify and the loop may interleave: nothing is left to do for the loop afterwards.
    Loop loop;
    loop.start();
    Task task;
    loop.kernel.after_write = [&] { CHECK(loop.poll() == Status::ok); };
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(task.runs == 1);
    CHECK(loop.poll() == Status::ok);
    CHECK(task.runs == 1);
}

TEST_CASE("notify channel: a failed write is returned, and the task runs with the next notify",
          "[notify-reaches-handler]") {
    Loop loop;
    loop.start();
    Task first;
    Task second;
    const SysResult result = GENERATE(SysResult::fail(EIO), SysResult::ok(4));
    loop.kernel.plan("write", result);
    CHECK(loop.reactor.notify(first) == Status::error);
    REQUIRE(loop.log.lines.size() == 1);
    CHECK(loop.log.lines[0].error == result.error);
    CHECK(loop.log.lines[0].text.find("write() to eventfd ") == 0);
    CHECK(loop.poll() == Status::ok);
    CHECK(first.runs == 0);
    CHECK(loop.reactor.notify(second) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(first.runs == 1);
    CHECK(second.runs == 1);
}

TEST_CASE("notify channel: a full counter is read back and written again", "[notify-reaches-handler]") {
    Loop loop;
    loop.start();
    Task task;

    SECTION("a really full one") {
        const int fd = loop.reactor.connections().at(8).fd;
        const std::uint64_t most = ~std::uint64_t{0} - 1;
        REQUIRE(::write(fd, &most, sizeof most) == 8);
        CHECK(loop.reactor.notify(task) == Status::ok);
        CHECK(loop.kernel.calls("write") == 2);
        CHECK(loop.kernel.calls("read") == 1);
        CHECK(loop.poll() == Status::ok);
        CHECK(task.runs == 1);
        std::uint64_t count = 0;
        REQUIRE(::read(fd, &count, sizeof count) == 8);
        CHECK(count == 1);
    }
    SECTION("one that stays full") {
        loop.kernel.fail("write", EAGAIN, 2);
        CHECK(loop.reactor.notify(task) == Status::error);
        CHECK(loop.kernel.calls("write") == 2);
        CHECK(loop.log.take().size() == 1);
    }
}

TEST_CASE("notify channel: interrupted calls are repeated, but not for ever", "[no-busy-loop]") {
    Loop loop;
    loop.start();
    Task task;
    loop.kernel.fail("write", EINTR, 15);
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(loop.kernel.calls("write") == 16);
    CHECK(loop.log.take().empty());
    loop.kernel.fail("write", EINTR, 32);
    CHECK(loop.reactor.notify(task) == Status::error);
    CHECK(loop.kernel.calls("write") == 48);
    const Lines lines = loop.log.take();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].find("alert: write() was interrupted 16 times in a row") == 0);
    CHECK(lines[2].find("alert: write() to eventfd ") == 0);
}

TEST_CASE("notify channel: the counter is read back after so many deliveries", "[notify-reaches-handler]") {
    Loop loop(LogLevel::debug);
    Options options = Loop::options();
    options.notify_rewind_after = 3;
    loop.start(options);
    Task task;
    const auto deliver = [&] {
        CHECK(loop.reactor.notify(task) == Status::ok);
        CHECK(loop.poll() == Status::ok);
    };
    deliver();
    deliver();
    CHECK(loop.kernel.calls("read") == 0);
    deliver();
    CHECK(loop.kernel.calls("read") == 1);
    CHECK(loop.log.lines.back().text.find("8 count:3") != std::string::npos);
    CHECK(task.runs == 3);
    deliver();
    deliver();
    CHECK(loop.kernel.calls("read") == 1);

    SECTION("what another thread writes before the read is taken with it") {
        Task other;
        loop.kernel.before_wait = [&] { CHECK(loop.reactor.notify(other) == Status::ok); };
        deliver();
        CHECK(other.runs == 1);
        CHECK(task.runs == 6);
    }
    SECTION("a read that fails is an alert, and the tasks run") {
        loop.log.take();
        loop.kernel.plan("read", GENERATE(SysResult::fail(EIO), SysResult::ok(3), SysResult::ok(0)));
        deliver();
        CHECK(task.runs == 6);
        CHECK(loop.log.lines.back().level == LogLevel::alert);
        CHECK(loop.log.lines.back().text.find("read() eventfd ") == 0);
    }
    SECTION("an empty counter is none") {
        loop.kernel.fail("read", EAGAIN);
        deliver();
        CHECK(task.runs == 6);
        CHECK(loop.log.lines.back().level == LogLevel::debug);
    }
    SECTION("init again may change the number") {
        options.notify_rewind_after = 100;
        CHECK(loop.reactor.init(options) == Status::ok);
        deliver();
        CHECK(loop.kernel.calls("read") == 1);
    }
}

TEST_CASE("notify channel: with POST_EVENTS the tasks run from the normal queue, unless done came first",
          "[notify-reaches-handler][posted-runs-once]") {
    Loop loop;
    loop.start();
    Task task;
    CHECK(loop.reactor.notify(task) == Status::ok);
    CHECK(loop.poll(k_post_events) == Status::ok);
    CHECK(task.runs == 0);
    CHECK(loop.reactor.posted().size() == 1);
    const bool done_first = GENERATE(false, true);
    if (done_first) {
        loop.reactor.done();
        CHECK(loop.reactor.posted().empty());
        loop.start();
        CHECK(loop.poll() == Status::ok);
    }
    loop.reactor.run_posted();
    CHECK(task.runs == (done_first ? 0 : 1));
}

TEST_CASE("notify channel: done drops what waits, and its slot's data are stale afterwards",
          "[notify-reaches-handler][stale-event-dropped]") {
    Loop loop;
    loop.start();
    Task task;
    const std::uint64_t data = loop.reactor.connections().at(8).epoll_data();
    CHECK(loop.reactor.notify(task) == Status::ok);
    loop.reactor.done();
    loop.start();
    loop.kernel.script_wait({{k_epollin, data}});
    CHECK(loop.poll() == Status::ok);
    CHECK(task.runs == 0);
    // The reports of the next life are for its own tasks.
    Task other;
    CHECK(loop.reactor.notify(other) == Status::ok);
    CHECK(loop.poll() == Status::ok);
    CHECK(other.runs == 1);
    CHECK(task.runs == 0);
}

TEST_CASE("notify channel: ERR and HUP find an inert write event", "[error-wakes-waiters]") {
    Loop loop;
    loop.start();
    Connection& channel = loop.reactor.connections().at(8);
    loop.kernel.script_wait(
        {{k_epollerr | k_epollhup, channel.epoll_data()}, {k_epollout, channel.epoll_data()}});
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.log.take().empty());
    CHECK_FALSE(channel.write.ready);
}

} // namespace edgecase
