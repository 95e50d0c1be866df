// The parser of the text form: files and lines. What stands on a line is scenario_line.cpp's.
#include "props/scenario_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "props/scenario_line.hpp"

namespace edgecase {
namespace {

constexpr std::string_view k_byte_order_mark = "\xef\xbb\xbf";

std::string hex_byte(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    return {'0', 'x', digits[byte >> 4U], digits[byte & 15U]};
}

// Where the first byte is that no text has; the line's end if there is none.
std::size_t first_bad_byte(std::string_view line) {
    std::size_t at = 0;
    while (at < line.size()) {
        const std::size_t length = character_length(line.substr(at, 4));
        if (length == 0 || is_control(line[at])) break;
        at += length;
    }
    return at;
}

class TextParser {
public:
    TextParser(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

    ParseResult run() {
        if (auto error = refuse_by_size()) return std::move(*error);
        if (rest_.starts_with(k_byte_order_mark)) rest_.remove_prefix(k_byte_order_mark.size());
        std::optional<ParseError> error = read_version_line();
        while (!error && next_line())
            error = read_line();
        if (error) return std::move(*error);
        return std::move(made_);
    }

private:
    // Before anything is parsed, so that a huge text costs no more than looking at it once.
    std::optional<ParseError> refuse_by_size() {
        if (rest_.size() > k_max_text_bytes)
            return error_at(0, 0,
                            "the text has " + std::to_string(rest_.size()) + " bytes; at most " +
                                std::to_string(k_max_text_bytes) + " are read");
        std::size_t lines = 0;
        for (std::string_view text = rest_; !text.empty();) {
            const std::size_t first = text.find_first_not_of(" \t\r");
            const bool content = first != std::string_view::npos && text[first] != '\n' &&
                                 text[first] != '#' && !text.substr(first).starts_with("config");
            lines += content ? 1 : 0;
            const std::size_t end = text.find('\n');
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
        if (lines > k_max_steps + std::size_t{1})
            return error_at(0, 0,
                            "the text has " + std::to_string(lines - 1) + " steps; at most " +
                                std::to_string(k_max_steps) + " are read");
        return std::nullopt;
    }

    bool next_line() {
        if (rest_.empty()) return false;
        const std::size_t end = rest_.find('\n');
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        if (line_.ends_with('\r')) line_.remove_suffix(1);
        ++line_number_;
        return true;
    }

    std::optional<ParseError> refuse_bytes() const {
        if (line_.size() > k_max_line_bytes)
            return error_at(0, 0,
                            "the line has " + std::to_string(line_.size()) + " bytes; at most " +
                                std::to_string(k_max_line_bytes) + " are read");
        const std::size_t bad = first_bad_byte(line_);
        if (bad == line_.size()) return std::nullopt;
        return error_at(bad, 1,
                        "the byte " + hex_byte(line_[bad]) +
                            " belongs in no text: a scenario is UTF-8, without control characters");
    }

    std::optional<ParseError> read_version_line() {
        const std::string wanted = "`edgecase " + std::to_string(k_language_version) + "`";
        if (!next_line())
            return error_at(0, 0, "the text is empty; the first line of a scenario is " + wanted);
        if (auto error = refuse_bytes()) return error;
        LineParser parser(line_);
        if (parser.first_word() != "edgecase")
            return error_at(parser.error_at_word(0, "the first line of a scenario is " + wanted));
        const std::string_view version = parser.word(1);
        const bool digits =
            !version.empty() && version.find_first_not_of("0123456789") == std::string_view::npos;
        unsigned number = 0;
        const auto read = std::from_chars(version.data(), version.data() + version.size(), number);
        const bool readable = read.ec == std::errc();
        if (!digits || (readable && number == 0))
            return error_at(parser.error_at_word(1, "expected a version, as in " + wanted));
        if (!readable || number > k_language_version)
            return error_at(parser.error_at_word(
                1, "this text needs an edgecase that reads version " + std::string(version.substr(0, 20)) +
                       "; this one reads version " + std::to_string(k_language_version)));
        if (!parser.word(2).empty()) return error_at(parser.error_at_word(2, "expected the end of the line"));
        keep_comment(parser);
        return std::nullopt;
    }

    std::optional<ParseError> read_line() {
        if (auto error = refuse_bytes()) return error;
        LineParser parser(line_);
        if (!parser.has_words()) {
            keep_comment(parser);
            return std::nullopt;
        }
        return parser.first_word() == "config" ? read_config(parser) : read_step(parser);
    }

    std::optional<ParseError> read_config(LineParser& parser) {
        if (!made_.scenario.steps.empty())
            return error_at(parser.error_at_word(0, "`config` stands before the first step"));
        const ConfigLine* line = nullptr;
        if (!parser.read_config(made_.scenario.config, line)) return error_at(parser.error());
        if (std::find(configured_.begin(), configured_.end(), line) != configured_.end())
            return error_at(parser.error_at_word(1, "`" + std::string(line->key) + "` is configured twice"));
        configured_.push_back(line);
        keep_comment(parser);
        return std::nullopt;
    }

    std::optional<ParseError> read_step(LineParser& parser) {
        const std::size_t head = made_.scenario.steps.size();
        if (!parser.read_step(made_.scenario.steps)) return error_at(parser.error());
        if (made_.scenario.steps.size() > k_max_steps)
            return error_at(parser.error_at_word(0, "this is one step too many: at most " +
                                                        std::to_string(k_max_steps) +
                                                        " are read, nested ones included"));
        if (auto comment = parser.comment())
            made_.comments.push_back({static_cast<std::uint32_t>(head), true, std::string(*comment)});
        made_.lines.resize(made_.scenario.steps.size(), line_number_);
        return std::nullopt;
    }

    // On a line of its own, before the step that comes next.
    void keep_comment(const LineParser& parser) {
        if (auto comment = parser.comment())
            made_.comments.push_back(
                {static_cast<std::uint32_t>(made_.scenario.steps.size()), false, std::string(*comment)});
    }

    ParseError error_at(std::size_t offset, std::size_t length, std::string message) const {
        return make_parse_error(file_, std::max(line_number_, 1U), line_, offset, length, std::move(message));
    }

    ParseError error_at(const LineError& error) const {
        return error_at(error.offset, error.length, error.message);
    }

    std::string_view rest_;
    std::string_view file_;
    std::string_view line_;
    std::uint32_t line_number_ = 0;
    std::vector<const ConfigLine*> configured_;
    ScenarioText made_;
};

} // namespace

ParseResult parse_scenario(std::string_view text, std::string_view file) {
    return TextParser(text, file).run();
}

} // namespace edgecase
