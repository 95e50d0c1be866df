#include "fuzz/seed_range.hpp"

#include <charconv>

#include <fmt/format.h>

namespace edgecase {

namespace {

constexpr std::size_t k_shortest_hash = 7;
constexpr std::size_t k_longest_hash = 40;
constexpr std::size_t k_digits_taken = 16;

std::optional<std::uint64_t> number(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::optional<SeedRange> parse_seeds(std::string_view text, std::string& error) {
    if (const auto seed = number(text, 10)) {
        return SeedRange{*seed, *seed};
    }
    if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
        const auto first = number(text.substr(0, dash), 10);
        const auto last = number(text.substr(dash + 1), 10);
        if (first && last && *first <= *last) {
            return SeedRange{*first, *last};
        }
    } else if (text.size() >= k_shortest_hash && text.size() <= k_longest_hash &&
               text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos) {
        const std::uint64_t seed = *number(text.substr(0, k_digits_taken), 16);
        return SeedRange{seed, seed};
    }
    error = fmt::format(
        "`{}` names no seeds: expected a number, A-B with A not above B, or a commit's hash of {} to {} "
        "digits",
        text, k_shortest_hash, k_longest_hash);
    return std::nullopt;
}

} // namespace edgecase
