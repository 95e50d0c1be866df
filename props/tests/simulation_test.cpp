// The simulation: what each part of a scenario does, seen in the trace.
#include "props/harness.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

TEST_CASE("simulation: a quiet run passes and is the same every time", "[same-scenario-same-trace]") {
    const TextRun run("open a unix\nadd a read et\npeer a send 5\nprocess 0ms\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.verdict().faults == Faults::none);
    CHECK_FALSE(run.verdict().misuse);
    CHECK(run.says("handler a.read"));
    CHECK(run.says("recv(a (5), 65536 bytes) = 5"));
}

TEST_CASE("simulation: the trace does not depend on what ran before", "[same-scenario-same-trace]") {
    const Scenario first = scenario_of("open a tcp\nadd a connection\npeer a reset\nprocess 0ms\nclose a\n");
    const Scenario second = scenario_of("config first_generation 7\nopen b unix\nfork\nprocess 10ms\n");
    const std::unique_ptr<Harness> used = make_model_harness();
    const std::unique_ptr<Harness> fresh = make_model_harness();
    used->run(first);
    used->run(scenario_of("config budget 1\nopen a unix\nadd a read\n"));
    const std::uint64_t after_others = used->run(second).trace_hash;
    CHECK(after_others == fresh->run(second).trace_hash);
    CHECK(after_others != used->run(first).trace_hash);
}

TEST_CASE("simulation: keeping the trace for people does not change its hash", "[same-scenario-same-trace]") {
    const Scenario scenario = scenario_of("fail eventfd 1 ENOSYS\nopen a unix\nadd a read et\nprocess 5ms\n");
    const std::unique_ptr<Harness> harness = make_model_harness();
    const std::uint64_t hash = harness->run(scenario).trace_hash;
    RunOptions options;
    options.keep_trace = true;
    CHECK(harness->run(scenario, options).trace_hash == hash);
}

TEST_CASE("simulation: a name is one connection and never another") {
    const TextRun run("open a unix\nclose a\nopen a unix\nadd a read et\n");
    CHECK(run.passed());
    CHECK(run.says("open a unix: no such connection is open"));
    CHECK(run.count("open a unix: 0") == 1);
}

TEST_CASE("simulation: a full table turns a connection away, and that is no fault",
          "[no-alert-without-fault]") {
    const TextRun run(
        "config worker_connections 2\nopen a unix\nopen b unix\nopen c unix\nclose a\nopen d unix\n");
    INFO(run.report());
    CHECK(run.passed());
    CHECK(run.says("open c unix: the reactor has no free connection"));
    CHECK(run.says("open d unix: 0"));
}

TEST_CASE("simulation: a reaction is taken once, then the default acts") {
    const TextRun run("open a unix\nadd a read et\non a.read: read a 1\npeer a send 3\nprocess 0ms\n"
                      "peer a send 3\nprocess 0ms\n");
    CHECK(run.passed());
    CHECK(run.count("recv(a (5), 1 bytes) = 1") == 1);
    CHECK(run.says("recv(a (5), 65536 bytes) = 5"));
}

TEST_CASE("simulation: what could not be written is owed, and the write handler writes it") {
    const TextRun run("config unix_buffer 4608\nopen a unix\nadd a connection\nprocess 0ms\nwrite a 60000\n"
                      "peer a recv all\nprocess 0ms\npeer a recv all\nprocess 0ms\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.count("send(a (5)") > 2);
}

TEST_CASE("simulation: an endless wait lets the world go on until something wakes it") {
    const TextRun run(
        "open a unix\nadd a read et\nprocess infinite\ntime 5ms\npeer a send 1\npeer a send 2\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("sleeps until something happens"));
    CHECK(run.says("timeout -1) = 1"));
    CHECK_FALSE(run.says("a signal does"));
}

TEST_CASE("simulation: an endless wait that nothing can end is ended by a signal") {
    const TextRun run("process infinite\n");
    CHECK(run.passed());
    CHECK(run.says("nothing can end this sleep: a signal does"));
    CHECK(run.says("-1 EINTR"));
}

TEST_CASE("simulation: a finite wait sleeps to its end on the virtual clock", "[S-150]") {
    const TextRun run("open a unix\ntimer a.read 50ms\nprocess 50ms update\nrun timers\n");
    CHECK(run.passed());
    CHECK(run.says("sleeps until 50 ms"));
    CHECK(run.count("handler a.read") == 1);
}

TEST_CASE("simulation: a finite wait ends in time though something else is due later", "[S-153]") {
    const TextRun run(
        "open a fresh\nconnect a dropped\nopen b unix\ntimer b.read 500ms\nprocess 100ms update\n"
        "run timers\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("sleeps until 100 ms"));
    CHECK(run.count("handler b.read") == 0);
}

TEST_CASE("simulation: an alarm during the wait ends it without an error") {
    const TextRun run("during epoll_wait 1: alarm\nprocess infinite\n");
    CHECK(run.passed());
    CHECK(run.says("-1 EINTR"));
    CHECK_FALSE(run.says("epoll_wait() failed"));
    CHECK_FALSE(run.says("process infinite: error"));
}

TEST_CASE("simulation: a fault is counted from its line, and a second one from its own") {
    const TextRun run("open a unix\nopen b unix\nadd a read et\nfail epoll_ctl 2 ENOMEM\nadd b read et\n"
                      "fail epoll_ctl 2 ENOSPC\nadd a write et\nadd b write et\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("add b read et\n"));
    CHECK(run.says("add a write et: error"));
    CHECK(run.says("add b write et: error"));
    CHECK(run.says("ENOMEM"));
    CHECK(run.says("ENOSPC"));
    CHECK(run.verdict().faults == Faults::defensive);
}

TEST_CASE("simulation: a fault that Linux could give is told from one that it could not") {
    CHECK(TextRun("open a unix\nfail epoll_ctl 1 ENOMEM\nadd a read et\n").verdict().faults ==
          Faults::reachable);
    CHECK(TextRun("fail epoll_wait 1 EINTR\nprocess 10ms\n").verdict().faults == Faults::reachable);
    CHECK(TextRun("fail epoll_wait 1 EINTR\nprocess 0ms\n").verdict().faults == Faults::defensive);
    CHECK(TextRun("open a unix\npeer a send 1\nfail recv 1 EAGAIN\nread a 1\n").verdict().faults ==
          Faults::defensive);
    CHECK(TextRun("open a unix\nshort send 1 3\nwrite a 5\n").verdict().faults == Faults::reachable);
    CHECK(TextRun("wait gives nothing\nprocess 0ms\n").verdict().faults == Faults::defensive);
}

TEST_CASE("simulation: what of the script never came is reported as unreached and breaks nothing") {
    const TextRun run("fail recv 1 ECONNRESET\nbefore send 1: time 1ms\nprocess 0ms\n");
    CHECK(run.passed());
    CHECK(run.verdict().unreached.size() == 2);
}

TEST_CASE("simulation: the budget ends a run and is no finding") {
    const TextRun run("config budget 12\nopen a unix\nadd a read et\nprocess 0ms\nprocess 0ms\nprocess 0ms\n"
                      "process 0ms\nprocess 0ms\nprocess 0ms\n");
    CHECK(run.verdict().kind == Verdict::Kind::budget);
    CHECK(run.report().find("budget: 12 system calls were not enough") != std::string::npos);
}

TEST_CASE("simulation: breaking the module's contract is noted, and what follows is judged less") {
    const TextRun run("open a unix\nadd a read et\nadd a read et\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.verdict().misuse);
    CHECK(run.says("EEXIST"));
    CHECK(run.verdict().not_judged ==
          std::vector<Invariant>{Invariant::no_lost_wakeup, Invariant::no_busy_loop,
                                 Invariant::bytes_conserved, Invariant::no_alert_without_fault});
}

TEST_CASE("simulation: a ghost left behind by dup is misuse, a close for shared descriptors is not") {
    CHECK(TextRun("open a unix\nadd a read et\ndup a\nclose a\n").verdict().misuse);
    CHECK_FALSE(TextRun("open a unix\nadd a read et\ndup a\nclose a shared\n").verdict().misuse);
    CHECK_FALSE(TextRun("open a unix\nadd a read et\nfork\nchild exit\nclose a\n").verdict().misuse);
}

TEST_CASE("simulation: module steps do nothing once the reactor is done") {
    const TextRun run("open a unix\nadd a read et\ndone\nadd a read et\nprocess 10ms\nnotify 1\nclose a\n");
    CHECK(run.passed());
    CHECK(run.count("the reactor does not run") == 3);
}

TEST_CASE("simulation: a short eventfd read is scripted outright and takes nothing") {
    const TextRun run("config notify_rewind_after 1\nshort read 1 3\nnotify 1\nprocess 0ms\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("read(notify (4), 8 bytes) = 3"));
    CHECK(run.says("handler notify 1"));
}

TEST_CASE("simulation: a timerfd ends an endless wait at its deadline", "[S-133][S-153]") {
    const TextRun run("open t timerfd\nadd t read et\narm t once 50ms\nprocess infinite\nprocess 0ms\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.count("handler t.read") == 1);
    CHECK(run.says("arm t once 50ms: 0"));
    CHECK(run.says("epoll_wait(epoll (3), timeout -1) = 1"));
    CHECK_FALSE(run.says("a signal"));
}

TEST_CASE("simulation: a periodic timerfd counts what was missed, and can be stopped", "[S-58][S-136]") {
    const TextRun run(
        "open t timerfd\nadd t read et\non t.read: nothing\narm t every 10ms\ntime 45ms\nprocess 0ms\n"
        "process 100ms\nread t all\nprocess 20ms\narm t every 0ms\nprocess 100ms\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.count("handler t.read") == 2); // the wait of 100ms brings none
    CHECK(run.count("read(t (5), 65536 bytes) = 8") == 2);
}

TEST_CASE("simulation: one signal is there for all signalfds, and for who reads first", "[S-138]") {
    const TextRun run(
        "open r signalfd\nopen s signalfd\nadd r read et\nadd s read et\nraise\nraise\nprocess 0ms\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.count("handler s.read") == 1);
    CHECK(run.count("handler r.read") == 1);
    CHECK(run.count("= 128") == 1);
}

TEST_CASE("simulation: an ICMP message is an error once, and no end", "[error-wakes-waiters][S-132]") {
    const TextRun run(
        "open u udp\nadd u connection\nprocess 0ms\nicmp u\nprocess 0ms\npeer u send 0\npeer u send 5\n"
        "process 0ms\nopen a unix\nicmp a\nicmp b\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.count("ECONNREFUSED") == 1);
    CHECK(run.says("recv(u (5), 65536 bytes) = 0"));
    CHECK(run.says("recv(u (5), 65536 bytes) = 5"));
    CHECK(run.says("icmp a: -1 EINVAL"));
    CHECK(run.says("icmp b: no such connection is open"));
}

TEST_CASE("simulation: what a peer does not receive of a datagram is lost") {
    const TextRun run("open u udp\nwrite u 70000\npeer u recv 10\npeer u recv all\npeer u send 65508\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.says("send(u (5), 65507 bytes) = 65507"));
    CHECK(run.says("send(u (5), 4493 bytes) = 4493"));
    CHECK(run.says("peer u recv 10: 10"));
    CHECK(run.says("peer u recv all: 4493"));
    CHECK(run.says("peer u send 65508: -1 EMSGSIZE"));
}

TEST_CASE("simulation: handle adds whoever is not ready, and makes no call otherwise", "[no-lost-wakeup]") {
    const TextRun run(
        "open a unix\nhandle a read\nhandle a read\non a.read: handle a read\npeer a send 1\nprocess 0ms\n"
        "handle a write\nfail epoll_ctl 1 ENOMEM\nopen b unix\nhandle b read\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.count("epoll_ctl(ADD, a (5), IN|RDHUP|ET, c:0#0) = 0") == 1);
    CHECK(run.count("epoll_ctl(MOD, a (5)") == 1);
    CHECK(run.says("handle b read: error"));
    CHECK_FALSE(run.verdict().misuse);
}

TEST_CASE("simulation: writev is one call, and what it leaves is owed") {
    const TextRun run(
        "open a tcp\nadd a connection\nprocess 0ms\nshort sendmsg 1 40\nwritev a 100 3\npeer a recv all\n"
        "process 0ms\nopen b pipe_write\nwritev b 10 1\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("sendmsg(a (5), 100 bytes in 3 pieces) = 40"));
    CHECK(run.says("peer a recv all: 40"));
    CHECK(run.says("send(a (5), 60 bytes) = 60"));
    CHECK(run.count("sendmsg(") == 1);
}

TEST_CASE("simulation: a dialled connection has its name from its add on", "[no-lost-wakeup]") {
    const TextRun run(
        "dial a accepted\npeer a send 5\non a.write: outcome a\nprocess 0ms\nclose a\ndial a accepted\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("epoll_ctl(ADD, a (5), IN|OUT|RDHUP|ET, c:0#0) = 0\n  connect(a (5)) = -1 "
                   "EINPROGRESS\ndial a accepted\n"));
    CHECK(run.says("getsockopt(a (5), SO_ERROR) = 0"));
    CHECK(run.says("recv(a (5), 65536 bytes) = 5"));
    CHECK(run.says("dial a accepted: no such connection is open"));
}

TEST_CASE("simulation: a refused dial says so once, and one that fails leaves a dead name",
          "[fds-balanced]") {
    const TextRun run(
        "dial a refused\non a.read: outcome a; outcome a\nprocess 0ms\nfail socket 1 EMFILE\ndial b refused\n"
        "fail connect 1 EACCES\ndial c accepted\nadd c read\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.count("getsockopt(a (5), SO_ERROR) = ECONNREFUSED") == 1);
    CHECK(run.says("dial b refused: error"));
    CHECK(run.says("dial c accepted: error"));
    CHECK(run.says("add c read: no such connection is open"));
    CHECK_FALSE(run.verdict().misuse);
}

TEST_CASE("simulation: the subject shuts a direction of its own end, and the peer hears of it") {
    const TextRun run("open a tcp\nadd a connection\nwrite a 5\nshutdown a write\npeer a recv all\n"
                      "peer a close\nprocess 0ms\nopen b pipe_read\nshutdown b read\nshutdown c read\n");
    INFO(run.report());
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("shutdown a write: 0\npeer a recv all: 5\n"));
    CHECK(run.says("HUP"));
    CHECK(run.says("shutdown b read: -1 ENOTSOCK\n"));
    CHECK(run.says("shutdown c read: no such connection is open"));
}
