// The simulation of a server: listeners, clients, turns, the accept mutex, the interval timer, seen in the trace.
#include "props/tests/run_text.hpp"

using namespace edgecase;

TEST_CASE("server: an accepted connection has the name of the client that connected first") {
    const TextRun run("listen a\nclient b to a\nclient c to a\npeer c send 7\npeer b send 5\nrun idle\n");
    INFO(run.trace());
    CHECK(run.passed());
    const std::size_t first = run.trace().find("handler a.accept: b");
    const std::size_t second = run.trace().find("handler a.accept: c");
    REQUIRE(first != std::string::npos);
    REQUIRE(second != std::string::npos);
    CHECK(first < second);
    CHECK(run.says("65536 bytes) = 5"));
    CHECK(run.says("65536 bytes) = 7"));
    CHECK(run.says("add b read, as its accept handler does by default"));
}

TEST_CASE("server: what a client's name says does not depend on when it is accepted") {
    const TextRun run("listen a\nclient b to a\npeer b reset\nclient c to a\nrun idle\nread c 1\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("handler a.accept: b"));
    CHECK(run.says("handler a.accept: c"));
    CHECK(run.says("recv(c (7), 1 bytes) = -1 EAGAIN"));
}

TEST_CASE("server: an anonymous client has the highest name that the scenario does not mention") {
    const TextRun run("listen a\npeer a connect\npeer a connect\npeer v9 send 1\nrun idle\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("peer v9 send 1: no such connection is open"));
    CHECK(run.says("handler a.accept: u9"));
    CHECK(run.says("handler a.accept: t9"));
}

TEST_CASE("server: a client of a raw listener is accepted by nobody") {
    const TextRun run("open a listener\nadd a read et\nclient b to a\nprocess 0ms\nrun idle\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("client b to a: 0"));
    CHECK_FALSE(run.says("accept4"));
}

TEST_CASE("server: a client finds nobody at a listener that is closed, and its name is used up") {
    const TextRun run("listen a\nclose a\nclient b to a\nopen b unix\nclient c to d\nclient c to c\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("client b to a: -1 ECONNREFUSED"));
    CHECK(run.says("open b unix: no such connection is open"));
    CHECK(run.says("client c to d: no such connection is open"));
    CHECK(run.says("client c to c: no such connection is open"));
}

TEST_CASE("server: reactions to an accept are taken one by one, then the default acts") {
    const TextRun run("config multi_accept 1\nlisten a\non a.accept: add b connection\non a.accept: nothing\n"
                      "client b to a\nclient c to a\nclient d to a\nturn\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("epoll_ctl(ADD, b (6), IN|OUT|RDHUP|ET"));
    CHECK_FALSE(run.says("epoll_ctl(ADD, c"));
    CHECK(run.says("epoll_ctl(ADD, d (8), IN|RDHUP|ET"));
}

TEST_CASE("server: a connection that cannot be added is closed by the default") {
    const TextRun run("listen a\nfail epoll_ctl 1 ENOMEM\nclient b to a\nturn\npeer b send 1\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("add b read, as its accept handler does by default: error"));
    CHECK(run.says("close b, as its handler does by default"));
    CHECK(run.says("close(b (6)) = 0"));
}

TEST_CASE("server: a turn whose wait has no end lets the scenario go on until it is woken") {
    const TextRun run("listen a\nturn\ntime 5ms\nclient b to a\nclient c to a\nrun idle\n");
    INFO(run.trace());
    CHECK(run.passed());
    const std::size_t turn = run.trace().find("\nturn\n");
    CHECK(run.trace().find("handler a.accept: b") < turn);
    CHECK(run.trace().find("client c to a") > turn);
}

TEST_CASE("server: run idle does what there is to do, and no time passes") {
    const TextRun run("listen a\nopen b unix\ntimer b.read 10ms\nclient c to a\npeer c send 5\nrun idle\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("handler c.read"));
    CHECK(run.says("there is nothing to do: a signal ends this sleep"));
    CHECK_FALSE(run.says("handler b.read"));
}

TEST_CASE("server: run idle ends by the budget if the loop never comes to rest") {
    const TextRun run("config budget 40\nopen b unix\nadd b write\nrun idle\n");
    CHECK(run.verdict().kind == Verdict::Kind::budget);
}

TEST_CASE("server: the events of a listener are the reactor's own, its close is not") {
    const TextRun run("listen a\ndel a read\ntimer a.read 1ms\npost a.read\nadd a write et\nturn\n"
                      "client b to a\nclose a\nturn\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK_FALSE(run.verdict().misuse);
    CHECK(run.count("its events are the reactor's own: nothing is done") == 4);
    CHECK(run.says("close(a (5)) = 0"));
}

TEST_CASE("server: another worker has the accept mutex, or the reactor") {
    const TextRun run(
        "config accept_mutex 1\nlisten a\nmutex taken\nclient b to a\nturn\nmutex taken\nmutex free\n"
        "mutex free\nbefore accept4 1: mutex taken\nturn\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("the accept mutex: another has it"));
    CHECK(run.says("sleeps until 500 ms"));
    CHECK(run.count("mutex taken: -1 EBUSY") == 2);
    CHECK(run.says("mutex free: 0"));
    CHECK(run.says("mutex free: -1 EPERM"));
    CHECK(run.says("the accept mutex: got"));
    CHECK(run.says("handler a.accept: b"));
    CHECK(run.says("the accept mutex: given back"));
}

TEST_CASE("server: a listener of the reactor's alone is not governed by the mutex") {
    const TextRun run("config accept_mutex 1\nlisten a reuseport\nmutex taken\nclient b to a\nturn\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("handler a.accept: b"));
}

TEST_CASE("server: with timer_resolution the interval timer ends a sleep, and time passes by it alone",
          "[timers-on-time]") {
    const TextRun run("config timer_resolution 100ms\nopen b unix\ntimer b.read 150ms\nturn\nturn\nturn\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.count("the interval timer ticks") == 3);
    CHECK(run.count("handler b.read") == 1);
    CHECK(run.count("timeout -1) = -1 EINTR") == 3);
    CHECK(run.trace().find("handler b.read") > run.trace().find("\nturn\n"));
}

TEST_CASE("server: ticks while the reactor is awake are one alarm, which ends no sleep") {
    const TextRun run("config timer_resolution 100ms\nopen b unix\nadd b read et\ntime 350ms\nprocess 20ms\n"
                      "process 60ms\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("timeout 20) = 0"));
    CHECK(run.says("timeout 60) = -1 EINTR"));
    CHECK(run.count("the interval timer ticks") == 1);
}

TEST_CASE("server: a deferred client is accepted when its first bytes are there", "[no-lost-wakeup]") {
    const TextRun run("listen a deferred\nclient b to a\nrun idle\npeer b recv all\npeer b send 10\n"
                      "on a.accept: read b all; add b read et\nrun idle\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("client b to a: 0\n"));
    CHECK(run.says("peer b recv all: -1 EAGAIN\npeer b send 10: 10\n"));
    CHECK(run.count("accept4(") == 1);
    CHECK(run.says("handler a.accept: b\n  recv(b (6), "));

    const TextRun gone("listen a deferred\nclient b to a\npeer b reset\nrun idle\npeer b send 1\n");
    CHECK(gone.passed());
    CHECK(gone.count("accept4(") == 0);
}

TEST_CASE("server: who is reusable is asked to close when connections run out, longest first",
          "[room-from-the-reusable]") {
    const TextRun run(
        "config worker_connections 3\nopen a unix\nopen b unix\nopen c unix\nreusable b\nreusable a\n"
        "reusable c\nkeep c\nopen d unix\nopen e unix\nopen f unix\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.trace().find("handler b.read, asked to close") <
          run.trace().find("handler a.read, asked to close"));
    CHECK(run.count("asked to close") == 2);
    CHECK(run.says("open d unix: 0"));
    CHECK(run.count("the reactor has no free connection") == 1); // f

    const TextRun stays(
        "config worker_connections 2\nopen a unix\nopen b unix\nreusable a\non a.read: read a 5\n"
        "open c unix\nopen d unix\nadd a read et\npeer a send 1\nprocess 0ms\n");
    INFO(stays.trace());
    CHECK(stays.passed());
    CHECK(stays.count("asked to close") == 1);
    CHECK(stays.says("  handler a.read\n"));
}
