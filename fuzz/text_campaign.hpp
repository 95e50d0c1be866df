// What a fuzz target of texts keeps between runs: how many were accepted and how many refused, which tells a campaign
// that only ever sees refusals from one that gets somewhere. A text that breaks a law is kept as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/campaign_files.hpp"
#include "props/invariants.hpp"

namespace edgecase {

class TextCampaign {
public:
    // subject: what findings are named after if no invariant is; extension: of their files; verb: of the command line,
    // which says of such a file what the campaign said.
    TextCampaign(std::string_view subject, std::string_view extension, std::string_view verb)
        : subject_(subject), extension_(extension), verb_(verb) {}
    ~TextCampaign() { write_counters(); }
    TextCampaign(const TextCampaign&) = delete;
    TextCampaign& operator=(const TextCampaign&) = delete;

    // After each run. exercised: so far, by the simulation that the target has, if it has one.
    void count(bool accepted, const InvariantCounts& exercised = {});

    // Writes the text, tells what is broken and how to see it again on standard error, and aborts, as an engine
    // expects.
    [[noreturn]] void found(std::string_view text, std::string_view broken);

private:
    void write_counters() const;

    CampaignFiles files_;
    std::string_view subject_;
    std::string_view extension_;
    std::string_view verb_;
    std::uint64_t accepted_ = 0;
    std::uint64_t refused_ = 0;
    InvariantCounts exercised_{};
};

} // namespace edgecase
