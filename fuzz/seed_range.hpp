// Seeds as the command line names them: A-B, one number, or a commit's hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgecase {

struct SeedRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0; // not below the first
};

// 1-1000; 7; or 7 to 40 hexadecimal digits that are no number of that kind, of which the first 16 are the seed. Nothing,
// and what was expected, if it is none of them.
[[nodiscard]] std::optional<SeedRange> parse_seeds(std::string_view text, std::string& error);

} // namespace edgecase
