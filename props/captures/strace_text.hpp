// The text of a capture: what `strace -f -ttt` printed, line by line. Only its grammar is known here: lines
// and their times, calls with their arguments and results, signals and exits, calls of one thread that were
// interrupted by lines of another. What the calls mean is capture.hpp's.
//
// A malformed text is refused as a whole, with the place and what was expected there. No input makes the
// parser throw or read beyond it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "props/parse_error.hpp"

namespace edgecase {

inline constexpr std::size_t k_max_capture_bytes = 16U << 20;
inline constexpr std::size_t k_max_capture_line_bytes = 1U << 20;

// A part of a line, and where it stands.
struct StracePart {
    std::string_view text;
    std::uint32_t line = 0;
    std::uint32_t offset = 0; // in its line, in bytes, the first is 0
};

enum class StraceKind : std::uint8_t { call, signal, exit };

// A call from its first line to the line on which it was resumed, a signal, or the end of a thread.
struct StraceEntry {
    StraceKind kind = StraceKind::call;
    std::int64_t pid = 0; // 0: the lines carry none
    std::uint32_t line = 0;
    std::uint32_t end_line = 0; // where its result stands
    std::uint64_t begin_us = 0; // since 1970, as strace saw it
    std::uint64_t end_us = 0;   // of the line it was resumed on; begin_us if it has one line
    StracePart name;            // of the call or the signal
    std::vector<StracePart> arguments;
    bool resumed = false;    // its result stands on a line of its own
    bool has_result = false; // it was seen to end, with a number
    std::int64_t result = 0;
    std::string_view error; // the errno by name, behind a result of -1 or `?`
};

// Entries in the order in which they began. Everything points into the text that was parsed.
struct StraceLog {
    std::string_view text;
    std::string_view file;
    std::vector<StraceEntry> entries;
    std::vector<std::string_view> lines; // the text's
};

class StraceResult {
public:
    StraceResult(StraceLog log) : value_(std::move(log)) {}
    StraceResult(ParseError error) : value_(std::move(error)) {}

    [[nodiscard]] bool ok() const { return value_.index() == 0; }
    [[nodiscard]] explicit operator bool() const { return ok(); }
    // Each may be asked for only if ok() says that it is there.
    [[nodiscard]] StraceLog& log() { return *std::get_if<0>(&value_); }
    [[nodiscard]] const ParseError& error() const { return *std::get_if<1>(&value_); }

private:
    std::variant<StraceLog, ParseError> value_;
};

// `file` is the name for messages; nothing is opened. Both must outlive the result.
[[nodiscard]] StraceResult parse_strace(std::string_view text, std::string_view file);

// The error at a part of the log.
[[nodiscard]] ParseError error_at(const StraceLog& log, const StracePart& part, std::string message);

} // namespace edgecase
