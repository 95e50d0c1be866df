#include "core/configuration_lexer.hpp"

namespace edgecase {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// What a backslash and this character stand for: 0 if the backslash stands for itself.
char unescaped(char c) {
    switch (c) {
    case '"':
    case '\'':
    case '\\': return c;
    case 't': return '\t';
    case 'r': return '\r';
    case 'n': return '\n';
    default: return 0;
    }
}

} // namespace

char ConfigurationLexer::take() {
    const char c = text_[place_++];
    if (c == '\n') {
        ++line_;
    }
    return c;
}

StatementEnd ConfigurationLexer::refuse(StatementEnd end, char culprit) {
    culprit_ = culprit;
    return end;
}

// Skips blanks and comments; false at the end of the text.
bool ConfigurationLexer::skip_blanks() {
    bool comment = false;
    while (place_ < text_.size()) {
        const char c = text_[place_];
        if (c == '#') {
            comment = true;
        } else if (c == '\n') {
            comment = false;
        } else if (!comment && !is_blank(c)) {
            return true;
        }
        static_cast<void>(take());
    }
    return false;
}

StatementEnd ConfigurationLexer::next() {
    words_ = 0;
    sizes_.fill(0);
    while (skip_blanks()) {
        switch (const char c = text_[place_]) {
        case ';':
        case '{':
            static_cast<void>(take());
            if (words_ == 0) {
                return refuse(StatementEnd::unexpected, c);
            }
            return c == ';' ? StatementEnd::semicolon : StatementEnd::block_start;
        case '}':
            static_cast<void>(take());
            return words_ == 0 ? StatementEnd::block_done : refuse(StatementEnd::unexpected, c);
        default:
            if (StatementEnd refused{}; !read_word(refused)) {
                return refused;
            }
        }
    }
    return words_ == 0 ? StatementEnd::end_of_text : StatementEnd::unfinished;
}

// Reads one word, with or without quotes, up to the character that ends it; false, with the reason, if there
// is none.
bool ConfigurationLexer::read_word(StatementEnd& refused) {
    const unsigned first_line = line_;
    const char opening = text_[place_];
    const bool quotes = opening == '"' || opening == '\'';
    if (quotes) {
        static_cast<void>(take());
    }
    const std::size_t start = place_;
    bool escaped = false;
    bool variable = false; // behind ${ a brace belongs to the word
    for (; place_ < text_.size(); static_cast<void>(take())) {
        const char c = text_[place_];
        if (escaped) {
            escaped = false;
        } else if (c == '\\') {
            escaped = true;
            variable = false;
        } else if (quotes ? c == opening : is_blank(c) || c == ';' || (c == '{' && !variable)) {
            keep_word(text_.substr(start, place_ - start));
            return !quotes || end_quotes(refused);
        } else {
            variable = c == '$' || (c == '{' && variable);
        }
        if (place_ - start + 1 == k_word_limit) {
            line_ = first_line;
            long_word_ = text_.substr(start, k_word_limit);
            refused = quotes ? refuse(StatementEnd::too_long_in_quotes, opening) : StatementEnd::too_long;
            return false;
        }
    }
    refused = StatementEnd::unfinished;
    return false;
}

// Takes the closing quote; something must separate it from what follows.
bool ConfigurationLexer::end_quotes(StatementEnd& refused) {
    static_cast<void>(take());
    if (place_ == text_.size()) {
        return true;
    }
    const char c = text_[place_];
    if (is_blank(c) || c == ';' || c == '{' || c == ')') {
        return true;
    }
    refused = refuse(StatementEnd::unexpected, c);
    return false;
}

void ConfigurationLexer::keep_word(std::string_view raw) {
    if (words_ < k_words_kept) {
        std::array<char, k_word_limit>& word = kept_[words_];
        std::size_t size = 0;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            char c = raw[i];
            if (c == '\\' && i + 1 < raw.size() && unescaped(raw[i + 1]) != 0) {
                c = unescaped(raw[++i]);
            }
            word[size++] = c;
        }
        sizes_[words_] = size;
    }
    ++words_;
}

} // namespace edgecase
