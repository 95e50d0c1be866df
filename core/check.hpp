// EDGECASE_CHECK(condition, message, operands...): what cannot happen, stated where it would be noticed. When
// the condition is false it prints file, line, condition, message and the operands by name and value, and
// aborts. With NDEBUG it costs nothing and evaluates nothing, so a condition must have no effect. Operands
// are integers.
//
// A program may define check_failed() itself, as it may operator new: then check.cpp is not linked.
#pragma once

#include <array>
#include <cstddef>

namespace edgecase {

// The place, texts and values of one failed check. names is the operands' source text, "slot, slots_".
struct FailedCheck {
    const char* file;
    int line;
    const char* condition;
    const char* message;
    const char* names;
};

inline constexpr std::size_t k_check_operands = 6;
using CheckValues = std::array<long long, k_check_operands>;

template <class... Values> constexpr CheckValues check_values(Values... values) {
    static_assert(sizeof...(values) <= k_check_operands);
    return CheckValues{static_cast<long long>(values)...};
}

// "FILE:LINE: check failed: CONDITION: MESSAGE (NAME = VALUE, ...)", cut off where there is no more room, and ended by a
// zero byte.
void write_check(const FailedCheck& check, const CheckValues& values, char* text, std::size_t size);

[[noreturn]] void check_failed(const FailedCheck& check, const CheckValues& values);

} // namespace edgecase

#ifdef NDEBUG
#define EDGECASE_CHECK(condition, message, ...)                                                              \
    do {                                                                                                     \
        if (false) {                                                                                         \
            static_cast<void>(condition);                                                                    \
        }                                                                                                    \
    } while (false)
#else
#define EDGECASE_CHECK(condition, message, ...)                                                              \
    do {                                                                                                     \
        if (!(condition)) [[unlikely]] {                                                                     \
            ::edgecase::check_failed({__FILE__, __LINE__, #condition, message, #__VA_ARGS__},                \
                                     ::edgecase::check_values(__VA_ARGS__));                                 \
        }                                                                                                    \
    } while (false)
#endif
