// The text of strace: what is read out of it, and how a malformed one is refused.
#include <string>

#include "props/captures/strace_text.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

StraceLog read(std::string_view text) {
    StraceResult result = parse_strace(text, "c.strace");
    INFO((result ? std::string() : format_error(result.error())));
    REQUIRE(result);
    return std::move(result.log());
}

std::string refusal(std::string_view text) {
    const StraceResult result = parse_strace(text, "c.strace");
    REQUIRE_FALSE(result.ok());
    return format_error(result.error());
}

// The place and the beginning of the message, and the caret below it.
void is_refused(std::string_view text, const std::string& message, std::size_t caret) {
    const std::string error = refusal(text);
    INFO(error);
    CHECK(error.starts_with(message));
    CHECK(error.ends_with("\n  " + std::string(caret, ' ') + "^\n"));
}

} // namespace

TEST_CASE("strace: a line has a process or none, a time, a call, arguments and a result") {
    const StraceLog log = read("12 100.000001 close(5)        = 0\n"
                               "[pid    13] 100.000002 close(6) = -1 EBADF (Bad file descriptor)\n"
                               "100.5 close(7) = 0\r\n"
                               "12 101.123456789 brk(NULL) = 0x55d0a8e4d000\n");
    REQUIRE(log.entries.size() == 4);
    CHECK(log.entries[0].pid == 12);
    CHECK(log.entries[0].begin_us == 100'000'001);
    CHECK(log.entries[0].name.text == "close");
    REQUIRE(log.entries[0].arguments.size() == 1);
    CHECK(log.entries[0].arguments[0].text == "5");
    CHECK(log.entries[0].arguments[0].offset == 20);
    CHECK(log.entries[0].result == 0);
    CHECK(log.entries[1].pid == 13);
    CHECK(log.entries[1].result == -1);
    CHECK(log.entries[1].error == "EBADF");
    CHECK(log.entries[2].pid == 0);
    CHECK(log.entries[2].begin_us == 100'500'000);
    CHECK(log.entries[3].begin_us == 101'123'456);
    CHECK(log.entries[3].result == 0x55d0a8e4d000);
}

TEST_CASE(
    "strace: strings with brackets, commas, quotes and cuts, comments and nested brackets are one argument") {
    const StraceLog log = read(
        R"(1.0 writev(7, [{iov_base="a\"b),]{"..., iov_len=9}, {iov_base="", iov_len=0}], 2) = 9)"
        "\n"
        R"(1.0 execve("/bin/x", ["x"], 0x7f /* 12 vars), */) = 0)"
        "\n"
        R"(1.0 bind(4, {sa_family=AF_INET, sin_port=htons(8089), sin_addr=inet_addr("1.2.3.4")}, 16) = 0)"
        "\n"
        R"(1.0 accept4(4, NULL, [112 => 16], SOCK_NONBLOCK) = 7)"
        "\n1.0 getpid() = 3\n");
    REQUIRE(log.entries.size() == 5);
    REQUIRE(log.entries[0].arguments.size() == 3);
    CHECK(log.entries[0].arguments[2].text == "2");
    REQUIRE(log.entries[1].arguments.size() == 3);
    REQUIRE(log.entries[2].arguments.size() == 3);
    CHECK(log.entries[2].arguments[1].text.ends_with(R"(inet_addr("1.2.3.4")})"));
    REQUIRE(log.entries[3].arguments.size() == 4);
    CHECK(log.entries[3].arguments[2].text == "[112 => 16]");
    CHECK(log.entries[4].arguments.empty());
}

TEST_CASE(
    "strace: a call that lines of other threads interrupt is one call, with the end of its second line") {
    const StraceLog log = read("10 1.000000 epoll_wait(5,  <unfinished ...>\n"
                               "11 1.000001 write(6, \"\\1\\0\", 8 <unfinished ...>\n"
                               "10 1.000002 <... epoll_wait resumed>[], 512, 60000) = 0\n"
                               "11 1.000003 <... write resumed>) = 8\n");
    REQUIRE(log.entries.size() == 2);
    const StraceEntry& wait = log.entries[0];
    CHECK(wait.line == 1);
    CHECK(wait.end_line == 3);
    CHECK(wait.begin_us == 1'000'000);
    CHECK(wait.end_us == 1'000'002);
    REQUIRE(wait.arguments.size() == 4);
    CHECK(wait.arguments[1].text == "[]");
    CHECK(wait.arguments[1].line == 3);
    CHECK(wait.has_result);
    CHECK(log.entries[1].arguments.size() == 3);
    CHECK(log.entries[1].result == 8);
}

TEST_CASE("strace: signals, exits, restarted calls and lines about strace itself") {
    const StraceLog log =
        read("strace: Process 12 attached\n"
             "\n"
             "12 1.0 accept4(4, 0x7f, [112], 0) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"
             "12 1.1 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n"
             "12 1.2 restart_syscall(<... resuming interrupted poll ...>) = 0\n"
             "12 1.3 poll([{fd=3, events=POLLIN}], 1, 5) = 0 (Timeout)\n"
             "12 1.4 exit_group(0) = ?\n"
             "12 1.5 +++ exited with 0 +++\n");
    REQUIRE(log.entries.size() == 6);
    CHECK_FALSE(log.entries[0].has_result);
    CHECK(log.entries[0].error == "ERESTARTSYS");
    CHECK(log.entries[1].kind == StraceKind::signal);
    CHECK(log.entries[1].name.text == "SIGALRM");
    CHECK(log.entries[3].result == 0);
    CHECK_FALSE(log.entries[4].has_result);
    CHECK(log.entries[5].kind == StraceKind::exit);
}

TEST_CASE("strace: the beginning of a call may be cut off at the front, its end at the back") {
    const StraceLog log = read("12 1.0 <... epoll_wait resumed>[], 512, 60000) = 0\n"
                               "12 1.1 close(5) = 0\n"
                               "12 1.2 read(3,  <unfinished ...>\n"
                               "12 1.3 +++ killed by SIGKILL +++\n");
    REQUIRE(log.entries.size() == 3);
    CHECK(log.entries[0].name.text == "close");
    CHECK_FALSE(log.entries[1].has_result);
}

TEST_CASE("strace: a malformed text is refused with file, line, column, caret and what was expected") {
    is_refused("close(5) = 0\n", "c.strace:1:1: error: expected a process number or a time", 0);
    is_refused("12 close(5) = 0\n", "c.strace:1:4: error: expected a time", 3);
    is_refused("12 14:05:01 close(5) = 0\n", "c.strace:1:6: error: expected `.`", 5);
    is_refused("1.0 close(5) = 0\n1.1 = 0\n", "c.strace:2:5: error: expected a system call", 4);
    is_refused("1.0 close = 0\n", "c.strace:1:10: error: expected `(`", 9);
    is_refused("1.0 close(5 = 0\n", "c.strace:1:16: error: expected `)`: the arguments have no end", 15);
    is_refused("1.0 poll([{fd=3), 1) = 0\n", "c.strace:1:16: error: expected `}`", 15);
    is_refused("1.0 poll(]) = 0\n", "c.strace:1:10: error: expected `)`", 9);
    is_refused("1.0 write(1, \"abc, 3) = 3\n", "c.strace:1:14: error: this string has no end", 13);
    is_refused("1.0 brk(0x1 /* what) = 0\n", "c.strace:1:13: error: this comment has no end", 12);
    is_refused("1.0 close(5)\n", "c.strace:1:13: error: expected `=`", 12);
    is_refused("1.0 close(5) = fine\n", "c.strace:1:16: error: expected the result of the call", 15);
    is_refused("1.0 close(5) = -1\n", "c.strace:1:18: error: expected an errno by name", 17);
    is_refused("1.0 close(5) = 0 0\n", "c.strace:1:18: error: expected an errno by name, or the end", 17);
    is_refused("1.0 --- ALRM ---\n", "c.strace:1:9: error: expected a signal by name", 8);
    is_refused("7 1.0 close(5) = 0\n7 1.0 <... read resumed>) = 0\n",
               "c.strace:2:12: error: this thread has no unfinished `read`", 11);
    is_refused("7 1.0 read(5, <unfinished ...>\n7 1.0 <... write resumed>) = 0\n",
               "c.strace:2:12: error: expected `read`", 11);
    is_refused("7 1.0 read(5, <unfinished ...>\n7 1.0 close(5) = 0\n",
               "c.strace:2:7: error: expected `<... read resumed>`", 6);
    is_refused("99999999999999999999 1.0 close(5) = 0\n", "c.strace:1:1: error: expected a process number",
               0);
    is_refused("1.0 close(5) = 0\n\x01\n", "c.strace:2:1: error: a control character", 0);
}

TEST_CASE("strace: a text that is too large is refused by its size") {
    const std::string text(k_max_capture_bytes + 1, ' ');
    CHECK(refusal(text).find("bytes; at most") != std::string::npos);
    const std::string line(k_max_capture_line_bytes + 1, 'a');
    CHECK(refusal(line).starts_with("c.strace:1:1: error: the line has"));
}

TEST_CASE("strace: no text makes the parser read beyond it") {
    const std::string whole =
        "[pid 12] 1.000000 epoll_wait(5, [{events=EPOLLIN, data={u32=1, u64=1}}], 512, -1) = 1\n"
        "12 1.1 --- SIGALRM {si_signo=SIGALRM} ---\n"
        "12 1.2 <... write resumed>\"\\\"\"..., 8) = -1 EAGAIN (x)\n";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        // A heap block of its own: an address sanitizer sees the byte behind it.
        const std::string text = whole.substr(0, size);
        const StraceResult result = parse_strace(text, "c.strace");
        if (!result) {
            CHECK(result.error().line >= 1);
        }
    }
}
