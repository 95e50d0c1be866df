// The word that somebody who mistyped one probably meant: for "did you mean".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgecase {

// The first of the words that are nearest to the wrong one, or that begin with it; empty if none is near.
[[nodiscard]] std::string nearest_word(std::string_view wrong, const std::vector<std::string_view>& words);

} // namespace edgecase
