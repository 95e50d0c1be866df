#include "props/nearest_word.hpp"

#include <algorithm>

namespace edgecase {

namespace {

// How many letters must be added, dropped, changed or swapped with their neighbour; both words are short.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const std::size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a.size()][b.size()];
}

} // namespace

std::string nearest_word(std::string_view wrong, const std::vector<std::string_view>& words) {
    std::string_view best;
    std::size_t best_distance = wrong.size() <= 4 ? 2 : 3; // not as far as this
    if (wrong.size() > 40) {
        return {};
    }
    for (const std::string_view word : words) {
        const bool begun = wrong.size() >= 3 && word.starts_with(wrong);
        const std::size_t far = begun ? 1 : distance(wrong, word);
        if (far < best_distance && far < word.size()) {
            best = word;
            best_distance = far;
        }
    }
    return std::string(best);
}

} // namespace edgecase
