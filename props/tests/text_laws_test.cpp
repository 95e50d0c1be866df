// That each law of the text form is seen to be broken by a form that breaks it.
#include "props/text_laws.hpp"

#include <string>

#include "props/tests/catch.hpp"

namespace edgecase {
namespace {

const std::string k_text = "edgecase 1\n# why\nopen a unix # here\nadd a read et\n";
const std::string k_refused = "edgecase 1\nopn a unix\n";

std::string broken_when_parsed_by(ParseResult (*parse)(std::string_view, std::string_view),
                                  const std::string& text) {
    TextForm form;
    form.parse = parse;
    return broken_text_law(text, form);
}

std::string broken_when_printed_by(std::string (*print)(const ScenarioText&)) {
    TextForm form;
    form.print = print;
    return broken_text_law(k_text, form);
}

// The real refusal with one thing changed.
template <auto change> ParseResult changed_refusal(std::string_view text, std::string_view file) {
    ParseError error = parse_scenario(text, file).error();
    change(error);
    return error;
}

template <auto change> ParseResult changed_text(std::string_view text, std::string_view file) {
    ParseResult parsed = parse_scenario(text, file);
    change(parsed.text());
    return parsed;
}

} // namespace

TEST_CASE("text laws: texts that are parsed and texts that are refused keep them") {
    for (const std::string& text :
         {k_text, k_refused, std::string(), std::string("edgecase 2\n"), std::string("edgecase 1"),
          std::string("edgecase 1\nopen a\n"), std::string("edgecase 1\n\0\n", 13),
          std::string("\xef\xbb\xbf"
                      "edgecase 1\r\n"),
          "edgecase 1\n" + std::string(k_max_line_bytes + 1, 'x')}) {
        INFO(text.substr(0, 80));
        CHECK(broken_text_law(text) == "");
    }
}

TEST_CASE("text laws: a refusal that does not say where is noticed") {
    CHECK(broken_when_parsed_by(changed_refusal<[](ParseError& error) { error.line = 0; }>, k_refused) ==
          "a text is refused at a line that it does not have: 0");
    CHECK(broken_when_parsed_by(changed_refusal<[](ParseError& error) { error.line = 4; }>, k_refused) ==
          "a text is refused at a line that it does not have: 4");
    CHECK(broken_when_parsed_by(changed_refusal<[](ParseError& error) { error.column = 0; }>, k_refused) ==
          "a text is refused at a column that its line does not have: 0");
    CHECK(broken_when_parsed_by(changed_refusal<[](ParseError& error) { error.column = 12; }>, k_refused) ==
          "a text is refused at a column that its line does not have: 12");
    CHECK(broken_when_parsed_by(changed_refusal<[](ParseError& error) { error.message.clear(); }>,
                                k_refused) == "a text is refused without a message or a caret");
    CHECK(broken_when_parsed_by(changed_refusal<[](ParseError& error) { error.source += "\n"; }>,
                                k_refused) == "a refusal shows more than one line");
}

TEST_CASE("text laws: a parser that makes what cannot be is noticed") {
    CHECK(broken_when_parsed_by(changed_text<[](ScenarioText& text) { text.scenario.steps[0].nested = 9; }>,
                                k_text)
              .find("what was parsed is not valid: ") == 0);
    CHECK(broken_when_parsed_by(changed_text<[](ScenarioText& text) { text.lines.pop_back(); }>, k_text) ==
          "a parsed text does not have one line for each step");
    CHECK(broken_when_parsed_by(changed_text<[](ScenarioText& text) { text.lines.back() = 9; }>, k_text) ==
          "a step is said to stand on a line where it cannot");
}

TEST_CASE("text laws: a printer that loses something is noticed") {
    CHECK(broken_when_printed_by([](const ScenarioText&) {
              return k_refused;
          }).find("what was printed is refused: ") == 0);
    CHECK(broken_when_printed_by([](const ScenarioText&) { return std::string("edgecase 1\n"); }) ==
          "parse(print(s)) is another scenario");
    CHECK(broken_when_printed_by([](const ScenarioText& text) { return print_scenario(text.scenario); }) ==
          "printing does not keep the comments");
    CHECK(broken_when_printed_by([](const ScenarioText& text) {
              static unsigned calls = 0;
              return print_scenario(text) + std::string(++calls, '\n');
          }) == "printing twice is not printing once");
}

} // namespace edgecase
