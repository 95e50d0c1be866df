#include "fuzz/text_campaign.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace edgecase {

void TextCampaign::count(bool accepted, const InvariantCounts& exercised) {
    ++(accepted ? accepted_ : refused_);
    exercised_ = exercised;
    if (CampaignFiles::are_counters_due(accepted_ + refused_)) {
        write_counters();
    }
}

void TextCampaign::found(std::string_view text, std::string_view broken) {
    const std::string file = files_.keep_finding(subject_, text, extension_);
    fmt::print(stderr, "finding: {}\n  replay  ci/edgecase {} {}\n", broken, verb_, file);
    write_counters();
    std::abort();
}

void TextCampaign::write_counters() const {
    nlohmann::json json;
    json["runs"] = accepted_ + refused_;
    json["texts"]["accepted"] = accepted_;
    json["texts"]["refused"] = refused_;
    for (const InvariantText& text : invariants()) {
        json["invariants"][std::string(text.name)] = exercised_[static_cast<unsigned>(text.invariant)];
    }
    files_.write_counters(json);
}

} // namespace edgecase
