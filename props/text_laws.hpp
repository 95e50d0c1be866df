// The laws of the text form (scenario_text.hpp), held against one text: what `edgecase fmt`, the property tests and
// the fuzz target of the parser all ask.
//
// - A text is refused as a whole, with a place that lies in it, a message, and its line with a caret below; or
// - it is a valid scenario with one line for each step; parse(print(t)) gives scenario and comments back, and
//   printing that changes nothing more.
#pragma once

#include <string>
#include <string_view>

#include "props/scenario_text.hpp"

namespace edgecase {

// The two halves of the text form; others than the real ones for who wants to see a law broken.
struct TextForm {
    ParseResult (*parse)(std::string_view text, std::string_view file) = &parse_scenario;
    std::string (*print)(const ScenarioText& text) = &print_scenario;
};

// Empty if the laws hold for this text; else which one does not, in a line.
[[nodiscard]] std::string broken_text_law(std::string_view text, const TextForm& form = {});

} // namespace edgecase
