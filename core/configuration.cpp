#include "core/configuration.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <type_traits>

#include "core/configuration_lexer.hpp"
#include "core/configuration_values.hpp"

namespace edgecase {

namespace {

enum class Context : std::uint8_t { main, events };
enum class Form : std::uint8_t { simple, block };

// A kind of value: what a word stands for, or k_unset, and nginx's text for a word that stands for nothing
// (%V is the word, %s the directive).
struct Kind {
    std::uint64_t (*read)(std::string_view word);
    std::string_view refusal;
    std::string_view unit; // of the bounds, as they are printed
};

constexpr Kind k_number = {number_value, "\"%s\" directive invalid number", ""};
constexpr Kind k_connections = {number_value, "invalid number \"%V\"", ""}; // has a text of its own
constexpr Kind k_time = {time_value, "\"%s\" directive invalid value", "ms"};
constexpr Kind k_flag = {flag_value, "invalid value \"%V\" in \"%s\" directive, it must be \"on\" or \"off\"",
                         ""};
constexpr Kind k_event_type = {event_type_value, "invalid event type \"%V\"", ""};

// Puts a value within its bounds into the options.
using Store = void (*)(Options& options, std::uint64_t value);

template <auto field> void store(Options& options, std::uint64_t value) {
    options.*field = static_cast<std::remove_reference_t<decltype(options.*field)>>(value);
}

// One directive. A simple one takes one value of its kind between its bounds; a block has neither. What is not
// set keeps the default that Options gives it; what has no store changes nothing.
struct Directive {
    std::string_view name;
    Context context;
    Form form;
    std::size_t arguments;
    const Kind* kind;
    Store store;
    std::uint64_t least;
    std::uint64_t most;
};

constexpr Directive k_directives[] = {
    {"events", Context::main, Form::block, 0, nullptr, nullptr, 0, 0},
    {"timer_resolution", Context::main, Form::simple, 1, &k_time, store<&Options::timer_resolution_ms>, 0,
     k_most_timer_resolution_ms},
    {"worker_connections", Context::events, Form::simple, 1, &k_connections,
     store<&Options::worker_connections>, k_least_worker_connections, k_most_worker_connections},
    {"use", Context::events, Form::simple, 1, &k_event_type, nullptr, 0, 0},
    {"multi_accept", Context::events, Form::simple, 1, &k_flag, store<&Options::multi_accept>, 0, 1},
    {"accept_mutex", Context::events, Form::simple, 1, &k_flag, store<&Options::accept_mutex>, 0, 1},
    {"accept_mutex_delay", Context::events, Form::simple, 1, &k_time, store<&Options::accept_mutex_delay_ms>,
     k_least_accept_mutex_delay_ms, k_most_accept_mutex_delay_ms},
    {"epoll_events", Context::events, Form::simple, 1, &k_number, store<&Options::epoll_events>,
     k_least_epoll_events, k_most_epoll_events},
    {"worker_aio_requests", Context::events, Form::simple, 1, &k_number, store<&Options::worker_aio_requests>,
     k_least_worker_aio_requests, k_most_worker_aio_requests},
};
constexpr std::size_t k_directive_count = std::size(k_directives);

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
        return directive->form == Form::block ? enter_block(value) : set(*directive, value);
    }

    bool enter_block(std::uint64_t& value) {
        value = 1;
        context_ = Context::events;
        return true;
    }

    bool set(const Directive& directive, std::uint64_t& value) {
        const Kind& kind = *directive.kind;
        value = kind.read(lexer_.word(1));
        if (value == k_unset) {
            return refuse_word(kind.refusal, lexer_.word(1), directive.name);
        }
        if (value < directive.least || value > directive.most) {
            const Digits least(directive.least);
            const Digits most(directive.most);
            return refuse({"\"", directive.name, "\" directive value must be between ", least.text(),
                           kind.unit, " and ", most.text(), kind.unit});
        }
        if (directive.store != nullptr) {
            directive.store(result_.options_, value);
        }
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
        append_place();
        return false;
    }

    // A long reason is cut so that the place stays: without it nobody finds what to mend.
    void append_place() {
        constexpr std::string_view k_in = " in ";
        constexpr std::string_view k_at = ":";
        const Digits line(lexer_.line());
        const std::size_t size = k_in.size() + file_name_.size() + k_at.size() + line.text().size();
        const std::size_t room =
            Configuration::k_longest_message - std::min(size, Configuration::k_longest_message);
        result_.message_size_ = std::min(result_.message_size_, room);
        append(k_in);
        append(file_name_);
        append(k_at);
        append(line.text());
    }

    // The same with the text of a kind.
    bool refuse_word(std::string_view text, std::string_view word, std::string_view name) {
        for (std::size_t place = text.find('%'); place != std::string_view::npos; place = text.find('%')) {
            append(text.substr(0, place));
            append(text[place + 1] == 'V' ? word : name);
            text.remove_prefix(place + 2);
        }
        return refuse({text});
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
