#include "core/configuration_values.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <limits>
#include <system_error>

namespace edgecase {

namespace {

// What a signed 64-bit number holds, as nginx's integers do.
constexpr auto k_most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// A unit of time. One of a lower rank than what came before it leaves open is refused.
struct Unit {
    std::string_view text;
    std::uint64_t ms;
    unsigned rank;
    unsigned next_rank; // the lowest that may follow
};

// The blank stands for seconds, and no unit may follow it.
constexpr Unit k_units[] = {
    {"w", 604'800'000, 0, 1}, {"d", 86'400'000, 1, 2}, {"h", 3'600'000, 2, 3}, {"ms", 1, 5, 6},
    {"m", 60'000, 3, 4},      {"s", 1000, 4, 5},       {" ", 1000, 4, 6},
};
constexpr Unit k_without_unit = {"", 1000, 6, 6};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_same_but_for_case(std::string_view word, std::string_view lower) {
    return std::equal(word.begin(), word.end(), lower.begin(), lower.end(), [](char c, char expected) {
        return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == expected;
    });
}

// The unit that the text begins with; null if there is none.
const Unit* find_unit(std::string_view text) {
    if (text.empty()) {
        return &k_without_unit;
    }
    const Unit* unit = std::find_if(std::begin(k_units), std::end(k_units), [text](const Unit& row) {
        return text.substr(0, row.text.size()) == row.text;
    });
    return unit == std::end(k_units) ? nullptr : unit;
}

// Takes what begins the text and satisfies the condition.
template <typename Condition> std::string_view take_while(std::string_view& text, Condition condition) {
    const auto size =
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), condition) - text.begin());
    const std::string_view taken = text.substr(0, size);
    text.remove_prefix(size);
    return taken;
}

} // namespace

std::uint64_t number_value(std::string_view word) {
    std::uint64_t value = 0;
    const char* end = word.data() + word.size();
    const auto [stopped, error] = std::from_chars(word.data(), end, value);
    return error == std::errc() && stopped == end && value <= k_most ? value : k_unset;
}

std::uint64_t time_value(std::string_view word) {
    std::uint64_t total_ms = 0;
    unsigned rank = 0;
    bool has_number = false;
    // Each turn but the last takes a unit away. A number that is k_unset is beyond every limit.
    for (bool more = true; more;) {
        const std::string_view digits = take_while(word, is_digit);
        const std::uint64_t number = digits.empty() ? 0 : number_value(digits);
        const Unit* unit = find_unit(word);
        if (unit == nullptr || unit->rank < rank || number > (k_most - total_ms) / unit->ms) {
            return k_unset;
        }
        total_ms += number * unit->ms;
        has_number = has_number || !digits.empty();
        rank = unit->next_rank;
        more = !word.empty();
        word.remove_prefix(unit->text.size());
        static_cast<void>(take_while(word, [](char c) { return c == ' '; }));
    }
    return has_number ? total_ms : k_unset;
}

std::uint64_t flag_value(std::string_view word) {
    if (is_same_but_for_case(word, "on")) {
        return 1;
    }
    return is_same_but_for_case(word, "off") ? 0 : k_unset;
}

std::uint64_t event_type_value(std::string_view word) {
    return word == "epoll" ? 0 : k_unset;
}

} // namespace edgecase
