// A capture: what the event loop of one real server asked of the kernel and was answered, and what happened
// around it (signals, notifications from its other threads), in order. Read from the text of strace; what
// does not concern the loop (files, clocks, memory) is left out.
//
// Which of its descriptors are connections, and what their peers must have done, is the importer's
// (importer.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "props/captures/strace_text.hpp"
#include "props/parse_error.hpp"

namespace edgecase {

enum class CapturedKind : std::uint8_t {
    listen,     // fd listens
    accept,     // on fd; result: the new descriptor
    socket,     // result: a new TCP socket
    connect,    // of fd
    recv,       // bytes were taken from fd, by whatever call: recv, read, readv...
    peek,       // they were looked at only
    send,       // bytes were given to fd: send, write, writev, sendfile...
    shutdown,   // of fd's writing half
    close,      // of fd
    epoll_ctl,  // on the loop's epoll, about fd
    epoll_wait, // on the loop's epoll
    signal,     // the loop's thread was given one
    notify,     // another thread wrote to the loop's eventfd
};

struct CapturedEvent {
    std::uint32_t mask = 0;
    std::uint64_t data = 0;
};

// Fields that a kind does not use are 0.
struct CapturedCall {
    CapturedKind kind = CapturedKind::close;
    std::uint32_t line = 0;
    std::uint32_t end_line = 0; // where its result stands
    std::uint64_t begin_us = 0;
    std::uint64_t end_us = 0; // begin_us unless its end was printed apart
    int fd = -1;
    std::int64_t result = 0;
    int error = 0;
    std::uint64_t asked_bytes = 0; // of recv, peek, send
    bool is_socket_call = false;   // that only a connection is asked for: recvfrom, writev, sendfile...
    // Of epoll_ctl.
    int operation = 0;
    bool has_event = false; // mask and data are known
    std::uint32_t mask = 0;
    std::uint64_t data = 0;
    // Of epoll_wait.
    int timeout_ms = 0;
    bool events_cut = false; // strace left entries out
    std::vector<CapturedEvent> events;
    // nginx's test whether the kernel knows EPOLLRDHUP (since 1.11.0): on a pair of its own, at start-up.
    bool is_self_test = false;
    std::string_view signal; // by name

    [[nodiscard]] bool failed() const { return error != 0; }
};

struct Capture {
    std::string_view file; // its name for messages
    int epoll_fd = -1;
    int notify_fd = -1;         // -1: none was seen
    bool has_start = false;     // the epoll was made in it, so nothing was registered before
    std::uint64_t start_us = 0; // when its clock begins: the interval timer's start, else the first line
    std::uint32_t timer_resolution_ms = 0; // of the interval timer; 0: none
    std::uint32_t most_events = 0;         // that one wait was asked for
    std::uint32_t other_loops = 0;         // waits of other threads or processes, which are left out
    std::vector<CapturedCall> calls;       // of the loop's thread, signals and notifications
};

class CaptureResult {
public:
    CaptureResult(Capture capture) : value_(std::move(capture)) {}
    CaptureResult(ParseError error) : value_(std::move(error)) {}

    [[nodiscard]] bool ok() const { return value_.index() == 0; }
    [[nodiscard]] explicit operator bool() const { return ok(); }
    // Each may be asked for only if ok() says that it is there.
    [[nodiscard]] const Capture& capture() const { return *std::get_if<0>(&value_); }
    [[nodiscard]] const ParseError& error() const { return *std::get_if<1>(&value_); }

private:
    std::variant<Capture, ParseError> value_;
};

// Refuses what is no text of strace, what has arguments that it must understand and cannot, and what has no
// epoll_wait. Text and file name must outlive the result.
[[nodiscard]] CaptureResult read_capture(std::string_view text, std::string_view file);

} // namespace edgecase
