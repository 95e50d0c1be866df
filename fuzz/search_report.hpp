// The page with which a search ends: runs, what they exercised, the rare states they were in, what they found; for
// people, and as JSON with the same keys as ci/fuzz's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "props/invariants.hpp"
#include "props/sometimes.hpp"

namespace edgecase {

class SearchReport {
public:
    // A run has ended; hits: where it was. what: its number or seed, for the first that was there.
    void add_run(const SometimesHits& hits, std::uint64_t what);
    void add_finding(const std::string& file) { findings_.push_back(file); }

    [[nodiscard]] bool has(const std::string& file) const {
        return std::find(findings_.begin(), findings_.end(), file) != findings_.end();
    }
    [[nodiscard]] std::uint64_t runs() const { return runs_; }
    [[nodiscard]] bool has_findings() const { return !findings_.empty(); }

    // first: what the numbers of add_run are, "first at run".
    [[nodiscard]] std::string text(double seconds, const InvariantCounts& exercised,
                                   const std::string& first) const;
    [[nodiscard]] std::string json(double seconds, const InvariantCounts& exercised) const;

private:
    std::uint64_t runs_ = 0;
    SometimesTally tally_;
    std::vector<std::string> findings_;
};

} // namespace edgecase
