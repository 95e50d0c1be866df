// The text form of a scenario, as corpus/FORMAT.md describes it: what people write, review and keep.
//
// Laws, with s a valid scenario: parse(print(s)) = s; printing a parsed text only normalises it (spaces,
// blank lines, defaults; comments are kept) and doing so twice changes nothing more. A malformed text is
// refused as a whole, with the place and what was expected there. No input makes the parser throw or read
// beyond it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "props/parse_error.hpp"
#include "props/scenario.hpp"

namespace edgecase {

inline constexpr std::size_t k_max_text_bytes = 16U << 20;
inline constexpr std::size_t k_max_line_bytes = 65'536;

// A ScenarioText, or the first error.
class ParseResult {
public:
    ParseResult(ScenarioText text) : value_(std::move(text)) {}
    ParseResult(ParseError error) : value_(std::move(error)) {}

    [[nodiscard]] bool ok() const { return value_.index() == 0; }
    [[nodiscard]] explicit operator bool() const { return ok(); }
    // Each may be asked for only if ok() says that it is there.
    [[nodiscard]] const ScenarioText& text() const { return *std::get_if<0>(&value_); }
    [[nodiscard]] ScenarioText& text() { return *std::get_if<0>(&value_); }
    [[nodiscard]] const ParseError& error() const { return *std::get_if<1>(&value_); }

private:
    std::variant<ScenarioText, ParseError> value_;
};

// `file` is the name for messages; nothing is opened.
[[nodiscard]] ParseResult parse_scenario(std::string_view text, std::string_view file);

// The scenario must be valid (scenario_valid.hpp). Comments whose step does not exist are put at the end.
[[nodiscard]] std::string print_scenario(const Scenario& scenario);
[[nodiscard]] std::string print_scenario(const ScenarioText& text);

// One line, without its end: the step that stands first and the nested ones behind it.
[[nodiscard]] std::string step_text(std::span<const Step> steps);

} // namespace edgecase
