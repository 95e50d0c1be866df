// What a capture says of one event loop, and which lines it must understand.
#include <fstream>
#include <sstream>
#include <string>

#include "core/epoll_abi.hpp"
#include "props/captures/capture.hpp"
#include "props/captures/capture_parties.hpp"
#include "props/captures/capture_turns.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

Capture read(std::string_view text) {
    const CaptureResult result = read_capture(text, "c.strace");
    INFO((result ? std::string() : format_error(result.error())));
    REQUIRE(result);
    return result.capture();
}

std::string refusal(const std::string& text) {
    const CaptureResult result = read_capture(text, "c.strace");
    REQUIRE_FALSE(result.ok());
    return format_error(result.error());
}

// Three connections of a listener, two of them at the same descriptor one after the other.
constexpr std::string_view k_two_turns =
    "9 1.000 listen(4, 511) = 0\n"
    "9 1.001 epoll_create(256) = 5\n"
    "9 1.002 eventfd2(0, 0) = 6\n"
    "9 1.003 epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLIN|EPOLLET, data={u32=64, u64=64}}) = 0\n"
    "9 1.004 epoll_wait(5, [{events=EPOLLIN, data={u32=32, u64=32}}], 512, -1) = 1\n"
    "9 2.000 accept4(4, {sa_family=AF_INET}, [112 => 16], SOCK_NONBLOCK) = 7\n"
    "9 2.001 recvfrom(7, \"GET\", 1024, 0, NULL, NULL) = 3\n"
    "9 2.002 writev(7, [{iov_base=\"a\"..., iov_len=100}, {iov_base=\"b\", iov_len=20}], 2) = 120\n"
    "9 2.003 close(7) = 0\n"
    "9 2.004 epoll_wait(5, [{events=EPOLLIN, data={u32=32, u64=32}}], 512, 60000) = 1\n"
    "9 3.000 accept4(4, {sa_family=AF_INET}, [112 => 16], SOCK_NONBLOCK) = 7\n"
    "9 3.001 epoll_ctl(5, EPOLL_CTL_ADD, 7, {events=EPOLLIN|EPOLLRDHUP|0x4000 /* EPOLL??? */, data=0x91}) = "
    "0\n";

} // namespace

TEST_CASE("capture: calls, masks, data and sums of pieces are read") {
    const Capture capture = read(k_two_turns);
    CHECK(capture.epoll_fd == 5);
    CHECK(capture.notify_fd == 6);
    CHECK(capture.has_start);
    CHECK(capture.most_events == 512);
    REQUIRE(capture.calls.size() == 10);
    CHECK(capture.calls[1].kind == CapturedKind::epoll_ctl);
    CHECK(capture.calls[1].operation == k_epoll_ctl_add);
    CHECK(capture.calls[1].mask == (k_epollin | k_epollet));
    CHECK(capture.calls[2].timeout_ms == -1);
    REQUIRE(capture.calls[2].events.size() == 1);
    CHECK(capture.calls[2].events[0].data == 32);
    CHECK(capture.calls[5].asked_bytes == 120);
    CHECK(capture.calls[9].mask == (k_epollin | k_epollrdhup | 0x4000));
    CHECK(capture.calls[9].data == 0x91);
}

TEST_CASE("capture: a descriptor's number is a new party after its close") {
    const Capture capture = read(k_two_turns);
    const CapturedParties parties = identify_parties(capture);
    REQUIRE(parties.parties.size() == 3);
    CHECK(parties.parties[0].kind == CapturedPartyKind::listener);
    CHECK(parties.made_by_call[3] == 1);
    CHECK(parties.of_call[5] == 1);
    CHECK(parties.of_call[6] == 1);
    CHECK(parties.made_by_call[8] == 2);
    CHECK(parties.of_call[9] == 2);
    CHECK(parties.of_call[1] == k_party_notify);
    CHECK(parties.next[4] == 5);
    CHECK(parties.next[6] == parties.calls);
}

TEST_CASE("capture: what is done in the accept handler belongs to it, and the next wait begins a turn") {
    const Capture capture = read(k_two_turns);
    const CapturedParties parties = identify_parties(capture);
    const std::vector<CapturedTurn> turns = split_turns(capture, parties);
    REQUIRE(turns.size() == 2);
    REQUIRE(turns[0].handlers.size() == 1);
    CHECK(turns[0].handlers[0].called_for == CalledFor::accept);
    CHECK(turns[0].handlers[0].party == 1);
    CHECK(turns[0].handlers[0].calls.size() == 4);
}

TEST_CASE("capture: without a start, notify is what another thread writes to, and the interval what lies "
          "between alarms") {
    const Capture capture =
        read("9 1.000 epoll_wait(5,  <unfinished ...>\n"
             "8 1.001 write(6, \"\\1\\0\\0\\0\\0\\0\\0\\0\", 8) = 8\n"
             "9 1.002 <... epoll_wait resumed>[{events=EPOLLIN, data={u32=64, u64=64}}], 512, -1) = 1\n"
             "9 1.003 writev(7, [{iov_base=\"a\", iov_len=1}], 1) = 1\n"
             "9 1.004 epoll_wait(5, 0x55d0, 512, -1) = -1 EINTR (Interrupted system call)\n"
             "9 1.021 --- SIGALRM {si_signo=SIGALRM} ---\n"
             "9 1.022 epoll_wait(5, 0x55d0, 512, -1) = -1 EINTR (Interrupted system call)\n"
             "9 1.041 --- SIGALRM {si_signo=SIGALRM} ---\n"
             "9 1.042 epoll_wait(5, 0x55d0, 512, -1) = -1 EINTR (Interrupted system call)\n"
             "9 1.061 --- SIGALRM {si_signo=SIGALRM} ---\n");
    CHECK(capture.notify_fd == 6);
    CHECK_FALSE(capture.has_start);
    CHECK(capture.timer_resolution_ms == 20);
    const CapturedParties parties = identify_parties(capture);
    const std::vector<CapturedTurn> turns = split_turns(capture, parties);
    REQUIRE(turns.size() == 4);
    CHECK(turns[0].notified == 1);
    REQUIRE(turns[0].handlers.size() == 1);
    CHECK(turns[0].handlers[0].called_for == CalledFor::notify);
    REQUIRE(turns[1].interrupted_by != nullptr);
    CHECK(turns[1].interrupted_by->line == 6);
}

TEST_CASE("capture: what must be understood and is not is refused at its place") {
    const auto at = [](std::string_view call) {
        return refusal("1.0 epoll_wait(5, [], 512, -1) = 0\n1.1 " + std::string(call) + "\n");
    };
    const auto says = [](const std::string& error, const std::string& message) {
        INFO(error);
        CHECK(error.starts_with(message));
    };
    says(refusal(""), "c.strace:1:1: error: no epoll_wait in this text");
    says(refusal("1.0 close(5) = 0\n"), "c.strace:1:1: error: no epoll_wait in this text");
    says(at("epoll_ctl(5, EPOLL_CTL_ADDD, 6, {}) = 0"), "c.strace:2:18: error: expected `EPOLL_CTL_ADD`");
    says(at("epoll_ctl(5, EPOLL_CTL_ADD, six, {}) = 0"), "c.strace:2:33: error: expected a descriptor");
    says(at("epoll_ctl(5, EPOLL_CTL_ADD, 6, 0x7f) = 0"),
         "c.strace:2:36: error: expected `{events=..., data=...}`");
    says(at("epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLON, data=1}) = 0"),
         "c.strace:2:44: error: expected a bit of an epoll mask");
    says(at("epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLIN}) = 0"),
         "c.strace:2:51: error: expected `, data=`");
    says(at("epoll_wait(5, [{events=EPOLLIN, data={u32=1, u64=x}}], 512, -1) = 1"),
         "c.strace:2:54: error: expected `{u32=NUMBER, u64=NUMBER}`");
    says(at("epoll_wait(5, [{events=EPOLLIN, data=1} 0], 512, -1) = 1"),
         "c.strace:2:44: error: expected `, ` or `]`");
    says(at("epoll_wait(5, [{events=EPOLLIN, data=1}], 512, -1) = 2"),
         "c.strace:2:19: error: the wait gave 2 events, and here stand 1");
    says(at("epoll_wait(5, [], many, -1) = 0"), "c.strace:2:23: error: expected a number");
    says(at("epoll_wait(5, [], 512, -2) = 0"), "c.strace:2:28: error: expected a timeout");
    says(at("recvfrom(7, \"\", 10, 0, NULL, NULL) = 11"),
         "c.strace:2:21: error: expected how many bytes were asked for");
    says(at("setitimer(ITIMER_REAL, {it_interval=5}, NULL) = 0"),
         "c.strace:2:28: error: expected `{it_interval=");
}

TEST_CASE("capture: the five that the project keeps are read to their ends") {
    struct Kept {
        const char* name;
        unsigned accepts;
        unsigned waits; // the one of the start-up test apart
        unsigned controls;
    };
    for (const Kept& kept :
         {Kept{"gets", 5, 16, 9}, Kept{"slow-reader", 1, 6, 6}, Kept{"timer-resolution", 3, 96, 7},
          Kept{"threads", 2, 263, 6}, Kept{"keepalive-load", 21, 77, 24}}) {
        INFO(kept.name);
        const std::string path = std::string(EDGECASE_SOURCE_DIR "/corpus/captures/") + kept.name + ".strace";
        std::ifstream stream(path, std::ios::binary);
        std::ostringstream bytes;
        bytes << stream.rdbuf();
        const std::string text = bytes.str();
        const CaptureResult result = read_capture(text, path);
        INFO((result ? std::string() : format_error(result.error())));
        REQUIRE(result);
        const Capture& capture = result.capture();
        CHECK(capture.has_start);
        CHECK(capture.notify_fd == 6);
        unsigned accepts = 0;
        unsigned controls = 0;
        unsigned self_tests = 0;
        for (const CapturedCall& call : capture.calls) {
            accepts += call.kind == CapturedKind::accept ? 1 : 0;
            controls += call.kind == CapturedKind::epoll_ctl ? 1 : 0;
            self_tests += call.is_self_test ? 1 : 0;
        }
        CHECK(accepts == kept.accepts);
        CHECK(controls == kept.controls);
        CHECK(self_tests == 2);
        const CapturedParties parties = identify_parties(capture);
        CHECK(parties.parties.size() == kept.accepts + 1);
        CHECK(split_turns(capture, parties).size() == kept.waits);
    }
}
