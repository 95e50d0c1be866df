// What a word of the configuration stands for, by nginx's rules: numbers, times, flags, names of event
// modules. Each function answers k_unset for a word that it does not understand; texts and bounds are
// configuration.cpp's.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgecase {

// A value that the text does not give: nginx's marker, which no text can give either.
inline constexpr std::uint64_t k_unset = ~std::uint64_t{0};

// Decimal digits only, none missing, and no more than a signed 64-bit number holds (ngx_atoi).
[[nodiscard]] std::uint64_t number_value(std::string_view word);

// A time in milliseconds (ngx_parse_time): numbers with the units w, d, h, m, s, ms, each at most once and in
// this order, with or without blanks after a unit; a number without a unit at the end is seconds. "90",
// "1h30m", "1s 500ms". nginx's freedoms are kept: a unit without a number counts nothing, if there is a
// number elsewhere; a number with a blank behind it is seconds, and only a last one without a unit may follow.
// Years and months are not for milliseconds. The sum must fit in a signed 64-bit number.
[[nodiscard]] std::uint64_t time_value(std::string_view word);

// 1 for "on", 0 for "off", in letters of either case.
[[nodiscard]] std::uint64_t flag_value(std::string_view word);

// 0, the first and only one, for "epoll".
[[nodiscard]] std::uint64_t event_type_value(std::string_view word);

} // namespace edgecase
