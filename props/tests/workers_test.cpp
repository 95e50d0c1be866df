// Other workers: when they run, what they share with the subject, what becomes of them.
#include "props/harness.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

// As often as a worker was given a connection.
unsigned accepted_by(const TextRun& run, unsigned worker) {
    return run.count("worker " + std::to_string(worker) + ": handler a.accept:");
}

} // namespace

TEST_CASE("workers: one runs until it sleeps, and no further by itself", "[listener-stays-watched]") {
    const TextRun run("listen a\nworker 1 start\nclient b to a\ntime 1000ms\nworker 1 run\nworker 1 run\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("worker 1 start: asleep\nclient b to a: 0\ntime 1000ms: 0\n"
                   "  worker 1: epoll_wait("));
    CHECK(accepted_by(run, 1) == 1);
    CHECK(run.says("  worker 1: handler a.accept: b"));
    CHECK(run.says("worker 1 run: asleep\nworker 1 run: asleep\n"));
}

TEST_CASE("workers: one stops before each system call and inside it") {
    const TextRun run("listen a\nworker 1 start\nclient b to a\nworker 1 step\nworker 1 step\nworker 1 step\n"
                      "worker 1 run\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("worker 1 step: in epoll_wait\nworker 1 step: before accept4\n"));
    CHECK(run.says("  worker 1: handler a.accept: b\nworker 1 step: in accept4\n"));
}

TEST_CASE("workers: each connection is accepted once, by whoever comes first", "[fds-balanced]") {
    const TextRun run(
        "listen a\nworker 1 start\nworker 2 start\nclient b to a\nclient c to a\nclient d to a\n"
        "worker 2 step\nworker 2 step\nworker 2 step\nbefore accept4 1: worker 1 step\n"
        "before accept4 1: worker 1 step\nbefore accept4 1: worker 1 step\nturn\nworker 1 run\n"
        "worker 2 run\nrun idle\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.count(".accept: b") == 1);
    CHECK(run.count(".accept: c") == 1);
    CHECK(run.count(".accept: d") == 1);
    CHECK(accepted_by(run, 2) == 1);
    CHECK(accepted_by(run, 1) == 1);
}

TEST_CASE("workers: while one has the accept mutex nobody else accepts", "[listener-stays-watched]") {
    const TextRun run("config accept_mutex 1\nlisten a\nworker 1 start\nworker 2 start\nclient b to a\n"
                      "worker 2 run\nturn\nworker 2 run\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    // Worker 1 sleeps with the lock and is not told to go on; at the tear-down it is.
    CHECK(run.trace().find(".accept: b") > run.trace().rfind("worker 2 run: asleep"));
    CHECK(run.says("  the accept mutex: another has it\n"));

    // Nor does the subject that had it before, and watched: it learns in its turn, before its wait.
    const TextRun before("config accept_mutex 1\nlisten a\nrun idle\nworker 1 start\nclient b to a\nturn\n"
                         "worker 1 run\n");
    INFO(before.trace());
    CHECK(before.passed());
    CHECK(accepted_by(before, 1) == 1);

    const TextRun later("config accept_mutex 1\nlisten a\nworker 1 start\nworker 2 start\nclient b to a\n"
                        "worker 2 run\nturn\nworker 1 run\n");
    CHECK(later.passed());
    CHECK(accepted_by(later, 1) == 1);
}

TEST_CASE("workers: one that dies with the accept mutex does not keep it", "[listener-stays-watched]") {
    const TextRun run("config accept_mutex 1\nlisten a\nworker 1 start\nturn\nclient b to a\nturn\n"
                      "worker 1 exit\nturn\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("worker 1 exit: it has ended\n  the accept mutex: given back\n"));
    CHECK(run.trace().find("handler a.accept: b") > run.trace().find("worker 1 exit"));
    CHECK(run.says("  handler a.accept: b\n"));
}

TEST_CASE("workers: what one has ends with its process", "[fds-balanced]") {
    const TextRun run("listen a\nworker 1 start\nclient b to a\nworker 1 run\npeer b recv all\n"
                      "worker 1 exit\npeer b recv all\nworker 1 start\nclient c to a\nworker 1 run\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("peer b recv all: -1 EAGAIN\nworker 1 exit: it has ended\npeer b recv all: 0\n"));
    CHECK(run.says("  worker 1: handler a.accept: c"));
}

TEST_CASE("workers: those that live at the end close what they have", "[fds-balanced]") {
    const TextRun run("listen a\nworker 2 start\nworker 1 start\nclient b to a\nworker 2 run\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("worker 1, at the tear-down: it has ended\n"));
    CHECK(run.says("worker 2, at the tear-down: it has ended\n"));
    CHECK_FALSE(run.verdict().misuse); // the listener is the subject's alone by then
}

TEST_CASE("workers: one that lives does not start, and one that does not goes no further") {
    const TextRun run(
        "worker 3 run\nworker 3 step\nworker 3 exit\nlisten a\nworker 3 start\nworker 3 start\n");
    CHECK(run.passed());
    CHECK(run.count("that worker lives already, or does not: nothing is done") == 4);
}

TEST_CASE("workers: one that is cut off by the budget leaves nothing behind", "[same-scenario-same-trace]") {
    const Scenario quiet = scenario_of("listen a\nclient b to a\nrun idle\n");
    const Scenario cut =
        scenario_of("config budget 24\nconfig accept_mutex 1\nlisten a\nclient b to a\n"
                    "worker 1 start\nworker 2 start\nworker 1 step\nworker 2 run\nworker 1 run\n"
                    "client c to a\nworker 1 run\nworker 2 run\nrun idle\nrun idle\n");
    const std::unique_ptr<Harness> harness = make_model_harness();
    const std::uint64_t before = harness->run(quiet).trace_hash;
    for (int round = 0; round < 3; ++round) {
        CHECK(harness->run(cut).kind == Verdict::Kind::budget);
        CHECK(harness->run(quiet).trace_hash == before);
    }
}

TEST_CASE("workers: EPOLLEXCLUSIVE wakes one of those that sleep", "[interest-matches-active]") {
    const std::string steps =
        "listen a\nworker 1 start\nworker 2 start\nclient b to a\nworker 2 run\nworker 1 run\n";
    const TextRun plain(steps);
    CHECK(plain.passed());
    CHECK(accepted_by(plain, 2) == 1); // both are woken, and worker 1 comes too late
    const TextRun exclusive("config exclusive_accept 1\n" + steps);
    INFO(exclusive.report());
    INFO(exclusive.trace());
    CHECK(exclusive.passed());
    CHECK(exclusive.says("worker 1: epoll_ctl(ADD, a (3), IN|EXCLUSIVE, c:0#0) = 0"));
    CHECK(exclusive.count("accept4(") == 1);
    CHECK(accepted_by(exclusive, 1) == 1); // the first that watched, and not the one that runs first

    // While worker 1 has been woken and does not run, the next client is worker 2's.
    const TextRun two("config exclusive_accept 1\nlisten a\nworker 1 start\nworker 2 start\n"
                      "client b to a\nclient c to a\nworker 2 run\nworker 1 run\n");
    INFO(two.trace());
    CHECK(two.passed());
    CHECK(accepted_by(two, 1) == 0);
    CHECK(accepted_by(two, 2) == 2); // who is first in the backlog first
}

TEST_CASE("workers: their calls are failed by the script as the subject's are, and theirs alone",
          "[listener-stays-watched]") {
    const TextRun run("listen a\nworker 1 start\nworker 1 fail accept4 1 EMFILE\nclient b to a\nturn\n"
                      "client c to a\nworker 1 run\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.verdict().faults == Faults::reachable);
    CHECK(run.says("  handler a.accept: b\n"));
    CHECK(run.count("worker 1: accept4(a (3), 02004000) = -1 EMFILE") == 1);
    CHECK(run.count("worker 1: epoll_ctl(DEL, a (3)) = 0") == 1);

    const TextRun never("listen a\nworker 2 fail accept4 1 EMFILE\nclient b to a\nturn\n");
    CHECK(never.passed());
    CHECK(never.verdict().unreached.size() == 1);
}

TEST_CASE("workers: one that has given the accept mutex back does not accept for a timer",
          "[accept-needs-mutex]") {
    const TextRun run("config accept_mutex 1\nlisten a\nopen c unix\ntimer c.write 500ms\nclient b to a\n"
                      "fail accept4 1 EPERM\nturn\non c.write: worker 1 start\nturn\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(accepted_by(run, 1) == 1);
    CHECK(run.count("accept4(a (5)") == 1); // the one that failed
}

TEST_CASE("workers: a run does not show what a worker of an earlier one did", "[same-scenario-same-trace]") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    const Scenario refused = scenario_of("listen a\nworker 1 fail epoll_create1 1 EMFILE\nworker 1 start\n");
    const std::uint64_t alone = harness->run(refused).trace_hash;
    harness->run(scenario_of("listen a\nworker 1 start\nclient b to a\nworker 1 step\nworker 1 step\n"));
    CHECK(harness->run(refused).trace_hash == alone);
}
