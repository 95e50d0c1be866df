// What a fuzz target of scenarios keeps between runs: the simulation, and what it counted. Findings are written as
// text the moment they occur.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fuzz/campaign_files.hpp"
#include "props/harness.hpp"
#include "props/sometimes.hpp"

namespace edgecase {

class Campaign {
public:
    Campaign();
    ~Campaign();
    Campaign(const Campaign&) = delete;
    Campaign& operator=(const Campaign&) = delete;

    // Runs the scenario once, or twice for one in sixteen (same-scenario-same-trace). On a finding: shrinks
    // it and writes it (findings.hpp), tells where on standard error, and aborts, as an engine expects.
    void run(const Scenario& scenario);

    // Of the latest run: the sometimes points it was at, and its trace.
    [[nodiscard]] const SometimesHits& sometimes() const { return sometimes_; }
    [[nodiscard]] const fake::Trace& trace() const { return harness_->simulation().trace(); }

    // Writes the counters now. Called at the end of the process too.
    void write_counters() const;

private:
    static constexpr std::uint64_t k_twice_every = 16;

    CampaignFiles files_;
    std::unique_ptr<Harness> harness_;
    SometimesRecogniser recogniser_;
    SometimesHits sometimes_{};
    SometimesTally tally_;
    std::uint64_t runs_ = 0;
    std::uint64_t calls_ = 0; // system calls of those runs
    std::uint64_t budgets_ = 0;
};

} // namespace edgecase
