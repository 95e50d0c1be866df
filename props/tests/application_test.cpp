// The example server in the place of scripted reactions: what a scenario may do with it, and that every byte
// comes back whatever the order of things.
#include <map>
#include <string>

#include "props/harness.hpp"
#include "props/random.hpp"
#include "props/scenario_language.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

// A scenario of clients that send, take and end in any order, and in the end take what is left.
std::string exchange(std::uint64_t seed) {
    Random random(seed);
    const unsigned clients = 1 + random.below(3);
    std::string text = "config tcp_buffer " + std::to_string(1 + random.below(64)) + "\n";
    text += "config echo_buffer " + std::to_string(1 + random.below(64)) + "\n";
    text += "config epoll_events " + std::to_string(1 + random.below(4)) + "\n";
    text += "config multi_accept " + std::to_string(random.below(2)) + "\n";
    text += "config accept_mutex " + std::to_string(random.below(2)) + "\nlisten a\n";
    for (unsigned i = 0; i < clients; ++i) {
        text += "client " + std::string(1, static_cast<char>('b' + i)) + " to a\n";
    }
    for (unsigned i = 0; i < 30; ++i) {
        const std::string peer = "peer " + std::string(1, static_cast<char>('b' + random.below(clients)));
        switch (random.below(8)) {
        case 0:
        case 1:
        case 2: text += peer + " send " + std::to_string(1 + random.below(100)) + "\n"; break;
        case 3: text += peer + " recv " + std::to_string(1 + random.below(100)) + "\n"; break;
        case 4: text += "process 0ms\nrun posted\n" + peer + " send 1\n"; break;
        case 5:
            text += "before send " + std::to_string(1 + random.below(3)) + ": " + peer + " recv all\n";
            break;
        case 6: text += random.one_in(4) ? peer + " shutdown write\n" : "run idle\n"; break;
        default: text += "run idle\n"; break;
        }
    }
    for (unsigned i = 0; i < clients; ++i) {
        text += "peer " + std::string(1, static_cast<char>('b' + i)) + " shutdown write\n";
    }
    for (unsigned round = 0; round < 200; ++round) {
        text += "run idle\n";
        for (unsigned i = 0; i < clients; ++i) {
            text += "peer " + std::string(1, static_cast<char>('b' + i)) + " recv all\n";
        }
    }
    return text;
}

// What each peer has sent, and what it took.
struct Moved {
    std::int64_t sent = 0;
    std::int64_t taken = 0;
};

std::map<std::uint16_t, Moved> moved_by_peers(const fake::Trace& trace) {
    std::map<std::uint16_t, Moved> moved;
    for (const fake::Record& record : trace.records()) {
        if (record.kind != fake::RecordKind::world || record.error != 0) {
            continue;
        }
        if (static_cast<StepKind>(record.what) == StepKind::peer_send) {
            moved[record.label].sent += record.value;
        } else if (static_cast<StepKind>(record.what) == StepKind::peer_recv) {
            moved[record.label].taken += record.value;
        }
    }
    return moved;
}

} // namespace

TEST_CASE("application: the echo server serves what the reactor accepts", "[echo-answers]") {
    const TextRun run(
        "config echo_buffer 16\nlisten a\nclient b to a\npeer b send 5\nrun idle\npeer b recv all\n"
        "peer b shutdown write\nrun idle\npeer b recv all\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("epoll_ctl(ADD, b (6), IN|OUT|RDHUP|ET"));
    CHECK(run.says("recv(b (6), 16 bytes) = 5\n  send(b (6), 5 bytes) = 5\n"));
    CHECK(run.says("peer b recv all: 5"));
    CHECK(run.says("recv(b (6), 16 bytes) = 0\n  close(b (6)) = 0\n"));
    CHECK(run.says("peer b recv all: 0"));
}

TEST_CASE("application: module steps leave its connections alone, and reactions act before it") {
    const TextRun run(
        "config echo_buffer 16\nlisten a\nclient b to a\nrun idle\nclose b\nread b all\nadd b read\n"
        "on b.read: del b connection; peer b send 2\npeer b send 5\nrun idle\npeer b recv all\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK_FALSE(run.verdict().misuse);
    CHECK(run.count("it is the application's own: nothing is done") == 4);
    CHECK(run.says("peer b recv all: 7"));
}

TEST_CASE("application: without memory for it, accepted connections have the default reactions") {
    const TextRun run(
        "config echo_buffer 16\nfail allocate 4 ENOMEM\nlisten a\nclient b to a\npeer b send 5\n"
        "run idle\ninit\nclient c to a\nrun idle\n");
    INFO(run.trace());
    CHECK(run.passed());
    CHECK(run.says("allocate("));
    CHECK(run.says("recv(b (6), 65536 bytes) = 5"));
    CHECK(run.says("epoll_ctl(ADD, c (7), IN|OUT|RDHUP|ET"));
}

TEST_CASE("application: every byte comes back, whatever the order of things",
          "[echo-answers][bytes-conserved]") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const std::string text = exchange(seed);
        const std::unique_ptr<Harness> harness = make_model_harness();
        RunOptions options;
        options.keep_trace = true;
        const Scenario scenario = scenario_of(text);
        const Verdict& verdict = harness->run(scenario, options);
        INFO(text);
        INFO(verdict.violation.why);
        REQUIRE(verdict.kind == Verdict::Kind::pass);
        for (const auto& [label, moved] : moved_by_peers(harness->simulation().trace())) {
            INFO(label_text(label));
            REQUIRE(moved.taken == moved.sent);
        }
    }
}
