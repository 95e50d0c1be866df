// Where a text that people write or record is malformed, and what was expected there: the error of every
// parser of the project, and how it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace edgecase {

struct ParseError {
    std::string file;
    std::uint32_t line = 1;   // the first is 1
    std::uint32_t column = 1; // in bytes, the first is 1
    std::string message;      // what was expected, and what stands there
    std::string source;       // the line, or the part of it around the place, made printable
    std::string caret;        // the line to print below it
};

// `source` is the line as it stands in the file, `offset` the byte of it where the error is, over `length`
// bytes.
[[nodiscard]] ParseError make_parse_error(std::string_view file, std::uint32_t line, std::string_view source,
                                          std::size_t offset, std::size_t length, std::string message);

// file:line:column: error: message, then the line and the caret below it.
[[nodiscard]] std::string format_error(const ParseError& error);

// The length of the UTF-8 character at the front of `text`; 0 if there is none (RFC 3629, section 4).
[[nodiscard]] std::size_t character_length(std::string_view text);

[[nodiscard]] bool is_control(char c);

} // namespace edgecase
