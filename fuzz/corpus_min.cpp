#include "fuzz/corpus_min.hpp"

#include <algorithm>
#include <map>

namespace edgecase {

namespace {

// How many of the chosen reach each thing.
using Counts = std::map<std::uint32_t, unsigned>;

std::size_t new_in(const Coverage& one, const Counts& counts) {
    return static_cast<std::size_t>(std::count_if(
        one.reached.begin(), one.reached.end(), [&](std::uint32_t what) { return !counts.contains(what); }));
}

void drop_superfluous(const std::vector<Coverage>& all, std::vector<std::size_t>& chosen, Counts& counts) {
    for (std::size_t place = 0; place < chosen.size();) {
        const std::vector<std::uint32_t>& reached = all[chosen[place]].reached;
        if (std::any_of(reached.begin(), reached.end(),
                        [&](std::uint32_t what) { return counts[what] == 1; })) {
            ++place;
            continue;
        }
        for (const std::uint32_t what : reached) {
            --counts[what];
        }
        chosen.erase(chosen.begin() + static_cast<std::ptrdiff_t>(place));
    }
}

} // namespace

std::vector<std::size_t> smallest_cover(const std::vector<Coverage>& all) {
    std::vector<std::size_t> chosen;
    Counts counts;
    // What a scenario brings only falls while others are chosen, so old counts are bounds.
    std::vector<std::size_t> bounds(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        bounds[i] = all[i].reached.size();
    }
    for (;;) {
        std::size_t best = all.size();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::size_t known = best == all.size() ? 0 : bounds[best];
            if (bounds[i] == 0 || bounds[i] < known) {
                continue;
            }
            bounds[i] = new_in(all[i], counts);
            if (bounds[i] > known || (bounds[i] == known && known > 0 && all[i].size < all[best].size)) {
                best = i;
            }
        }
        if (best == all.size() || bounds[best] == 0) {
            break;
        }
        for (const std::uint32_t what : all[best].reached) {
            ++counts[what];
        }
        bounds[best] = 0;
        chosen.push_back(best);
    }
    drop_superfluous(all, chosen, counts);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

} // namespace edgecase
