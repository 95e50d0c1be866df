#include "core/configuration.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <system_error>

#include "core/configuration_lexer.hpp"

namespace edgecase {

namespace {

enum class Context : std::uint8_t { main, events };
enum class Form : std::uint8_t { simple, block };

// A value that the text does not give: nginx's marker, which no text can give either.
constexpr std::uint64_t k_unset = ~std::uint64_t{0};

// One directive. A block's field is null; a simple one takes a number between its bounds. What is not set
// keeps the default that Options gives it.
struct Directive {
    std::string_view name;
    Context context;
    Form form;
    std::size_t arguments;
    std::uint32_t Options::*field;
    std::uint64_t least;
    std::uint64_t most;
};

// To come: use, multi_accept, accept_mutex, accept_mutex_delay, worker_aio_requests, timer_resolution.
constexpr Directive k_directives[] = {
    {"events", Context::main, Form::block, 0, nullptr, 0, 0},
    {"worker_connections", Context::events, Form::simple, 1, &Options::worker_connections,
     k_least_worker_connections, k_most_worker_connections},
    {"epoll_events", Context::events, Form::simple, 1, &Options::epoll_events, k_least_epoll_events,
     k_most_epoll_events},
};
constexpr std::size_t k_directive_count = std::size(k_directives);

// Decimal digits only, none missing, and no more than a signed 64-bit number holds; k_unset otherwise.
std::uint64_t number(std::string_view digits) {
    std::uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, value);
    const bool good = error == std::errc() && stopped == end &&
                      value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return good ? value : k_unset;
}

} // namespace

class ConfigurationReader {
public:
    ConfigurationReader(std::string_view text, std::string_view file_name)
        : lexer_(text), file_name_(file_name) {
        values_.fill(k_unset);
    }

    Configuration read() {
        while (step()) {
        }
        return result_;
    }

private:
    // Reads one statement; false when the text is done or refused.
    bool step() {
        const StatementEnd end = lexer_.next();
        switch (end) {
        case StatementEnd::semicolon:
        case StatementEnd::block_start: return apply(end);
        case StatementEnd::block_done: return leave_block();
        case StatementEnd::end_of_text: return finish();
        case StatementEnd::unexpected: return refuse({"unexpected \"", culprit(), "\""});
        case StatementEnd::unfinished: return refuse({"unexpected end of file, expecting \";\" or \"}\""});
        case StatementEnd::too_long:
            return refuse({"too long parameter \"", lexer_.long_word().substr(0, 10), "...\" started"});
        case StatementEnd::too_long_in_quotes:
            return refuse({"too long parameter, probably missing terminating \"", culprit(), "\" character"});
        }
        return false;
    }

    bool apply(StatementEnd end) {
        const std::string_view name = lexer_.word(0);
        const Directive* directive = std::find_if(std::begin(k_directives), std::end(k_directives),
                                                  [name](const Directive& row) { return row.name == name; });
        if (directive == std::end(k_directives)) {
            return refuse({"unknown directive \"", name, "\""});
        }
        if (directive->context != context_) {
            return refuse({"\"", name, "\" directive is not allowed here"});
        }
        if (directive->form == Form::simple && end != StatementEnd::semicolon) {
            return refuse({"directive \"", name, "\" is not terminated by \";\""});
        }
        if (directive->form == Form::block && end != StatementEnd::block_start) {
            return refuse({"directive \"", name, "\" has no opening \"{\""});
        }
        if (lexer_.words() - 1 != directive->arguments) {
            return refuse({"invalid number of arguments in \"", name, "\" directive"});
        }
        std::uint64_t& value = values_[static_cast<std::size_t>(directive - k_directives)];
        if (value != k_unset) {
            return refuse({"\"", name, "\" directive is duplicate"});
        }
        return directive->form == Form::block ? enter_block(value) : set_number(*directive, value);
    }

    bool enter_block(std::uint64_t& value) {
        value = 1;
        context_ = Context::events;
        return true;
    }

    bool set_number(const Directive& directive, std::uint64_t& value) {
        value = number(lexer_.word(1));
        if (value == k_unset) {
            return refuse({"\"", directive.name, "\" directive invalid number"});
        }
        if (value < directive.least || value > directive.most) {
            const Digits least(directive.least);
            const Digits most(directive.most);
            return refuse({"\"", directive.name, "\" directive value must be between ", least.text(), " and ",
                           most.text()});
        }
        result_.options_.*directive.field = static_cast<std::uint32_t>(value);
        return true;
    }

    bool leave_block() {
        if (context_ == Context::main) {
            return refuse({"unexpected \"}\""});
        }
        context_ = Context::main;
        return true;
    }

    bool finish() {
        if (context_ != Context::main) {
            return refuse({"unexpected end of file, expecting \"}\""});
        }
        if (values_[0] == k_unset) {
            append("no \"events\" section in configuration");
        }
        return false;
    }

    // Ends the reading with one message; the answer is step()'s.
    bool refuse(std::initializer_list<std::string_view> parts) {
        for (const std::string_view part : parts) {
            append(part);
        }
        append(" in ");
        append(file_name_);
        append(":");
        append(Digits(lexer_.line()).text());
        return false;
    }

    void append(std::string_view part) {
        const std::size_t size =
            std::min(part.size(), Configuration::k_longest_message - result_.message_size_);
        std::copy_n(part.data(), size, result_.message_.data() + result_.message_size_);
        result_.message_size_ += size;
    }

    [[nodiscard]] std::string_view culprit() {
        culprit_ = lexer_.culprit();
        return {&culprit_, 1};
    }

    // A number as text.
    class Digits {
    public:
        explicit Digits(std::uint64_t value)
            : size_(static_cast<std::size_t>(
                  std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr - text_.data())) {}
        [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

    private:
        std::array<char, 20> text_;
        std::size_t size_;
    };

    ConfigurationLexer lexer_;
    std::string_view file_name_;
    Context context_ = Context::main;
    std::array<std::uint64_t, k_directive_count> values_; // what each row was given
    char culprit_ = 0;
    Configuration result_;
};

Configuration read_configuration(std::string_view text, std::string_view file_name) {
    return ConfigurationReader(text, file_name).read();
}

} // namespace edgecase
