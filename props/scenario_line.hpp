// One line of the text form: its words, and the step that they make according to the table of the language.
// The part of the parser that knows no files: scenario_text.cpp walks the lines.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "props/scenario.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

// A word or a punctuation mark, and where it begins. Behind the last stands an empty one at the line's end.
struct Token {
    std::string_view text;
    std::size_t offset = 0;
};

// What is wrong with a line, and at which byte of it, over how many.
struct LineError {
    std::string message;
    std::size_t offset = 0;
    std::size_t length = 0;
};

// Reads one line. Every reading function returns whether it succeeded; after a failure error() says what
// could have stood at the furthest place that was reached.
class LineParser {
public:
    explicit LineParser(std::string_view line);

    // Neither words nor a comment, or a comment alone, has no words.
    [[nodiscard]] bool has_words() const { return tokens_.size() > 1; }
    [[nodiscard]] std::optional<std::string_view> comment() const { return comment_; }
    [[nodiscard]] std::string_view first_word() const { return tokens_.front().text; }
    [[nodiscard]] std::string_view word(std::size_t index) const;

    // A step and its nested ones, appended to `steps`, and the end of the line.
    [[nodiscard]] bool read_step(std::vector<Step>& steps);

    // `config ...`: which line it was; the value goes to `config`.
    [[nodiscard]] bool read_config(Config& config, const ConfigLine*& line);

    [[nodiscard]] LineError error() const;
    [[nodiscard]] LineError error_at_word(std::size_t index, std::string message) const;

private:
    enum class Expected : unsigned char { word, name, number, call, error, mask, target, line_end };

    struct Expectation {
        Expected what = Expected::line_end;
        std::string_view word = {};
        const Number* number = nullptr;
        const Element* element = nullptr;
    };

    // Where a reading has come to, and the steps that it has made.
    struct Reading {
        std::size_t token = 0;
        std::vector<Step> steps;
    };

    [[nodiscard]] bool step(Reading& reading, Places place);
    [[nodiscard]] bool shape(Reading& reading, const Shape& shape, Places place);
    [[nodiscard]] bool element(Reading& reading, const Element& element);
    [[nodiscard]] bool word(Reading& reading, std::string_view text);
    [[nodiscard]] bool name(Reading& reading, Field field);
    [[nodiscard]] bool number(Reading& reading, const Number& number, Field field);
    [[nodiscard]] bool choice(Reading& reading, const Element& element);
    [[nodiscard]] bool flags(Reading& reading, const Element& element);
    [[nodiscard]] bool call(Reading& reading, const Element& element);
    [[nodiscard]] bool error_name(Reading& reading);
    [[nodiscard]] bool times(Reading& reading, const Number& number);
    [[nodiscard]] bool mask(Reading& reading);
    [[nodiscard]] bool target(Reading& reading, const Element& element);
    [[nodiscard]] bool list(Reading& reading, Places place, std::string_view separator);
    [[nodiscard]] bool line_end(Reading& reading);

    [[nodiscard]] std::string_view text(const Reading& reading) const { return tokens_[reading.token].text; }
    void expect(const Reading& reading, Expectation expectation);
    void refuse(std::size_t token, std::string message);

    std::vector<Token> tokens_;
    std::optional<std::string_view> comment_;
    bool silent_ = false;      // what fails now is no place for advice
    std::size_t furthest_ = 0; // the token at which the expectations stand
    std::vector<Expectation> expectations_;
    std::optional<LineError> refusal_; // an error that says itself what is wrong
};

} // namespace edgecase
