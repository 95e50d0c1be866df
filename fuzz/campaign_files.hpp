// What a fuzz target leaves behind while it runs, whatever its input is: counters, now and then and at its end, in
// the file that EDGECASE_STATS names, and findings, the moment they occur, in the folder that EDGECASE_FINDINGS
// names (findings/). The form of both: ci/lib/fuzz_worker.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace edgecase {

class CampaignFiles {
public:
    CampaignFiles();

    // Whether it is time to write the counters, after so many runs.
    [[nodiscard]] static bool are_counters_due(std::uint64_t runs) { return runs % k_counters_every == 0; }

    // Replaces the file as a whole: whoever watches the campaign reads it at any moment.
    void write_counters(const nlohmann::json& counters) const;

    // Writes a finding and returns its path: named by what broke and by the text, so that the same finding has the
    // same name and is written once. What cannot be written is said on standard error.
    [[nodiscard]] std::string keep_finding(std::string_view what, std::string_view text,
                                           std::string_view extension) const;

private:
    static constexpr std::uint64_t k_counters_every = 8192;

    std::string counters_path_;
    std::string findings_folder_;
};

} // namespace edgecase
