// Posters: where they stop, whose calls are whose, and what the oracle makes of a notify that is interrupted.
#include "props/harness.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

// Without posters, for what must not depend on what was left half way.
constexpr std::string_view k_quiet = "open a unix\nadd a read et\npeer a send 5\nnotify 1\nprocess 0ms\n";

void check_leaves_nothing_behind(std::string_view cut) {
    const std::unique_ptr<Harness> harness = make_model_harness();
    const std::uint64_t before = harness->run(scenario_of(k_quiet)).trace_hash;
    for (int round = 0; round < 3; ++round) {
        CHECK(harness->run(scenario_of(cut)).kind != Verdict::Kind::pass);
        CHECK(harness->run(scenario_of(k_quiet)).trace_hash == before);
    }
}

} // namespace

TEST_CASE("posters: one stops before each system call and inside it", "[notify-reaches-handler]") {
    const TextRun run("fail write 1 EAGAIN\nposter 1 notify 1\nposter 1 step\nposter 1 step\nposter 1 step\n"
                      "poster 1 step\nposter 1 step\nposter 1 step\nprocess 0ms\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("poster 1 notify 1: before write\n"
                   "  poster 1: the script answers:\n"
                   "  poster 1: write(notify (4), 8 bytes) = -1 EAGAIN\n"
                   "poster 1 step: in write\n"
                   "poster 1 step: before read\n"
                   "  poster 1: read(notify (4), 8 bytes) = -1 EAGAIN\n"
                   "poster 1 step: in read\n"
                   "poster 1 step: before write\n"
                   "  poster 1: write(notify (4), 8 bytes) = 8\n"
                   "poster 1 step: in write\n"
                   "poster 1 step: notify returned ok\n"
                   "  epoll_wait(epoll (3), timeout 0) = 1\n"));
    CHECK(run.says("  handler notify 1"));
}

TEST_CASE("posters: the loop runs between two calls of one", "[notify-reaches-handler]") {
    const TextRun run("poster 1 notify 1\npost a.read\npeer a send 1\nnotify 2\nprocess 0ms\nposter 1 step\n"
                      "process 0ms\nposter 1 step\n");
    INFO(run.report());
    CHECK(run.passed());
    // By the loop's own report, before the poster's write; after it there is nothing left to run.
    CHECK(run.count("handler notify 1") == 1);
    CHECK(run.trace().find("handler notify 1") < run.trace().find("poster 1: write"));
}

TEST_CASE("posters: one that is busy does not begin, and one that is not does not go on") {
    const TextRun run(
        "poster 2 step\nposter 2 finish\nposter 2 notify 1\nposter 2 notify 2\nposter 2 finish\n"
        "poster 2 step\nprocess 0ms\n");
    CHECK(run.passed());
    CHECK(run.count("that poster is busy, or not in notify(): nothing is done") == 4);
    CHECK(run.count("handler notify") == 1);
}

TEST_CASE("posters: before a call of its own one cannot act on itself, but on another") {
    const TextRun run("poster 1 notify 1\nposter 2 notify 2\nbefore write 1: poster 1 step\n"
                      "before write 1: poster 2 finish\nposter 1 finish\nprocess 0ms\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("poster 1 step: that poster is busy"));
    CHECK(run.says("  poster 2: write(notify (4), 8 bytes) = 8\n"
                   "poster 2 finish: notify returned ok\n"
                   "  poster 1: write(notify (4), 8 bytes) = 8\n"
                   "poster 1 finish: notify returned ok\n"));
}

TEST_CASE("posters: faults count the calls of all, when they are made") {
    const TextRun run("poster 1 notify 1\nfail write 2 EIO\nposter 2 notify 2\nnotify 3\nposter 2 finish\n"
                      "poster 1 finish\nprocess 0ms\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("poster 2 finish: notify returned an error"));
    CHECK(run.says("poster 1 finish: notify returned ok"));
}

TEST_CASE("posters: a fault of a poster's call is not taken for one of the loop's", "[stale-event-dropped]") {
    // A wait whose answer is injected brings no batch: if the poster's fault counted for it, the handler would be called
    // for no entry.
    const TextRun run("open a unix\nadd a read et\npeer a send 5\nposter 1 notify 1\nfail write 1 EIO\n"
                      "before epoll_wait 1: poster 1 finish\nprocess 0ms\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("poster 1 finish: notify returned an error\n  epoll_wait(epoll (3), timeout 0) = 1\n"));
    CHECK(run.says("handler a.read"));
}

TEST_CASE("posters: a line of a poster is none of the loop's call under way",
          "[failed-call-changes-nothing]") {
    const TextRun run("open a unix\nposter 1 notify 1\nfail write 1 EIO\nfail epoll_ctl 1 ENOMEM\n"
                      "before epoll_ctl 1: poster 1 finish\nadd a read et\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("  poster 1: [alert] write() to eventfd 4 failed (EIO)"));
    CHECK(run.says("add a read et: error"));
}

TEST_CASE("posters: those that are left go on to their ends before the tear-down", "[fds-balanced]") {
    const TextRun run("poster 4 notify 1\nposter 2 notify 2\nposter 2 step\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("poster 2 finish, at the tear-down: notify returned ok\n"
                   "  poster 4: write(notify (4), 8 bytes) = 8\n"
                   "poster 4 finish, at the tear-down: notify returned ok\n"
                   "  close(epoll (3)) = 0\n"));
}

TEST_CASE("posters: done while one is in notify() is misuse, and so is one that begins in done") {
    const TextRun across("poster 1 notify 1\ndone\nposter 1 finish\n");
    CHECK(across.passed());
    CHECK(across.verdict().misuse);
    const TextRun inside("notify 2\nbefore close 1: poster 1 notify 1\ndone\n");
    CHECK(inside.passed());
    CHECK(inside.verdict().misuse);
    const TextRun before("poster 1 notify 1\nposter 1 finish\ndone\nposter 1 notify 1\n");
    CHECK(before.passed());
    CHECK_FALSE(before.verdict().misuse);
    CHECK(before.says("poster 1 notify 1: the reactor does not run"));
}

TEST_CASE("posters: while one has taken reports away the loop may sleep, and no longer",
          "[notify-reaches-handler]") {
    // The same steps up to the loop's sleep; then the poster's second write succeeds, or its notify has ended.
    const TextRun between("poster 2 notify 2\nposter 2 finish\nfail write 1 EAGAIN\nposter 1 notify 1\n"
                          "poster 1 step\nposter 1 step\nposter 1 step\nprocess 10ms\nposter 1 finish\n"
                          "process 10ms\n");
    INFO(between.report());
    CHECK(between.passed());
    CHECK(between.says("  sleeps until 10 ms\n"));
    CHECK(between.count("handler notify") == 2);
}

TEST_CASE("posters: one that is cut off by the budget leaves nothing behind", "[same-scenario-same-trace]") {
    check_leaves_nothing_behind("config budget 8\nposter 1 notify 1\nposter 2 notify 2\nposter 2 step\n"
                                "process 0ms\nposter 1 finish\nposter 2 finish\nnotify 4\nnotify 4\n");
    const TextRun run(
        "config budget 7\nposter 1 notify 1\nposter 2 notify 2\nposter 1 step\nposter 2 step\n");
    CHECK(run.verdict().kind == Verdict::Kind::budget);
    CHECK(run.says("poster 1 step: in write"));
    CHECK_FALSE(run.says("poster 2: write"));
}
