// The lexical half of the configuration: cuts the text into statements, each a few words ended by ";" or "{".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edgecase {

// How a statement ended, or what stands in its place. The rest are refusals.
enum class StatementEnd : std::uint8_t {
    semicolon,
    block_start,       // {
    block_done,        // }, with no words before it
    end_of_text,       // with no words before it
    unexpected,        // a character that cannot stand there: culprit()
    unfinished,        // the text ends inside a statement
    too_long,          // a word reaches 4096 bytes: long_word()
    too_long_in_quotes // the same inside quotes: culprit() is the quote
};

class ConfigurationLexer {
public:
    // nginx's buffer: a word must be shorter, quotes and backslashes counted as they stand in the text.
    static constexpr std::size_t k_word_limit = 4096;

    // Words of a statement that are kept; further ones are counted.
    static constexpr std::size_t k_words_kept = 2;

    explicit ConfigurationLexer(std::string_view text) : text_(text) {}

    // Reads the next statement; words() and word() speak of it until the next call.
    StatementEnd next();

    [[nodiscard]] std::size_t words() const { return words_; }
    [[nodiscard]] std::string_view word(std::size_t index) const {
        return {kept_[index].data(), sizes_[index]};
    }
    [[nodiscard]] char culprit() const { return culprit_; }
    [[nodiscard]] std::string_view long_word() const { return long_word_; }

    // The line that next() stopped in, or, after too_long, in which the word began; from 1.
    [[nodiscard]] unsigned line() const { return line_; }

private:
    StatementEnd refuse(StatementEnd end, char culprit);
    bool skip_blanks();
    bool read_word(StatementEnd& refused);
    bool end_quotes(StatementEnd& refused);
    void keep_word(std::string_view raw);
    char take();

    std::string_view text_;
    std::size_t place_ = 0;
    unsigned line_ = 1;
    char culprit_ = 0;
    std::string_view long_word_;
    std::size_t words_ = 0;
    std::array<std::size_t, k_words_kept> sizes_{};
    std::array<std::array<char, k_word_limit>, k_words_kept> kept_;
};

} // namespace edgecase
