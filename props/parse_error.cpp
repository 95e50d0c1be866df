#include "props/parse_error.hpp"

#include <algorithm>
#include <utility>

namespace edgecase {

namespace {

// A part of the line around the place, printable, and the caret below the place.
void show(ParseError& error, std::string_view line, std::size_t offset, std::size_t length) {
    constexpr std::size_t k_before = 80;
    constexpr std::size_t k_width = 160;
    const std::size_t start = offset > k_before ? offset - k_before : 0;
    line = line.substr(std::min(start, line.size()), k_width);
    const std::size_t caret_at = offset - start;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t size = character_length(line.substr(at, 4));
        const bool printable = size != 0 && !is_control(line[at]);
        error.source += printable ? line.substr(at, size) : "?";
        if (at < caret_at) error.caret += line[at] == '\t' ? '\t' : ' ';
        at += std::max<std::size_t>(size, 1);
    }
    error.caret += '^';
    const std::size_t shown = std::min(length, line.size() - std::min(caret_at, line.size()));
    if (shown > 1) error.caret.append(shown - 1, '~');
}

} // namespace

std::size_t character_length(std::string_view text) {
    const auto byte = [text](std::size_t at) -> unsigned {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    };
    const auto continues = [&byte](std::size_t at) { return (byte(at) & 0xc0) == 0x80; };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const bool overlong = lead == 0xf0 && byte(1) < 0x90;
        const bool beyond = lead == 0xf4 && byte(1) >= 0x90;
        return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

ParseError make_parse_error(std::string_view file, std::uint32_t line, std::string_view source,
                            std::size_t offset, std::size_t length, std::string message) {
    ParseError error;
    error.file = file;
    error.line = line;
    error.column = static_cast<std::uint32_t>(offset + 1);
    error.message = std::move(message);
    show(error, source, offset, length);
    return error;
}

std::string format_error(const ParseError& error) {
    return error.file + ":" + std::to_string(error.line) + ":" + std::to_string(error.column) +
           ": error: " + error.message + "\n  " + error.source + "\n  " + error.caret + "\n";
}

} // namespace edgecase
