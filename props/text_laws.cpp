#include "props/text_laws.hpp"

#include <algorithm>

#include "props/scenario_valid.hpp"

namespace edgecase {

namespace {

constexpr std::string_view k_file = "text";

// The line with this number, without its end; the one behind the last is empty.
std::string_view line_of(std::string_view text, std::uint32_t number) {
    for (std::uint32_t line = 1; line < number; ++line) {
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return text.substr(0, text.find('\n'));
}

std::uint32_t lines_in(std::string_view text) {
    return static_cast<std::uint32_t>(1 + std::count(text.begin(), text.end(), '\n'));
}

std::string broken_refusal(std::string_view text, const ParseError& error) {
    if (error.line < 1 || error.line > lines_in(text)) {
        return "a text is refused at a line that it does not have: " + std::to_string(error.line);
    }
    // One past the end is where something is missing.
    if (error.column < 1 || error.column > line_of(text, error.line).size() + 1) {
        return "a text is refused at a column that its line does not have: " + std::to_string(error.column);
    }
    if (error.message.empty() || error.caret.empty()) {
        return "a text is refused without a message or a caret";
    }
    if (error.source.find('\n') != std::string::npos || error.caret.find('\n') != std::string::npos) {
        return "a refusal shows more than one line";
    }
    return {};
}

std::string broken_lines(std::string_view text, const ScenarioText& parsed) {
    const std::vector<std::uint32_t>& lines = parsed.lines;
    if (lines.size() != parsed.scenario.steps.size()) {
        return "a parsed text does not have one line for each step";
    }
    const bool in_order = std::is_sorted(lines.begin(), lines.end());
    if (!lines.empty() && (!in_order || lines.front() < 1 || lines.back() > lines_in(text))) {
        return "a step is said to stand on a line where it cannot";
    }
    return {};
}

} // namespace

std::string broken_text_law(std::string_view text, const TextForm& form) {
    const ParseResult first = form.parse(text, k_file);
    if (!first) {
        return broken_refusal(text, first.error());
    }
    if (const auto fault = scenario_fault(first.text().scenario)) {
        return "what was parsed is not valid: " + *fault;
    }
    if (std::string broken = broken_lines(text, first.text()); !broken.empty()) {
        return broken;
    }
    const std::string printed = form.print(first.text());
    const ParseResult second = form.parse(printed, k_file);
    if (!second) {
        return "what was printed is refused: " + second.error().message;
    }
    if (!(second.text().scenario == first.text().scenario)) {
        return "parse(print(s)) is another scenario";
    }
    if (!(second.text().comments == first.text().comments)) {
        return "printing does not keep the comments";
    }
    if (form.print(second.text()) != printed) {
        return "printing twice is not printing once";
    }
    return {};
}

} // namespace edgecase
