#include "fuzz/campaign_files.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "fuzz/findings.hpp"
#include "fuzz/scenario_files.hpp"

namespace edgecase {

namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

} // namespace

CampaignFiles::CampaignFiles()
    : counters_path_(environment("EDGECASE_STATS", "")), findings_folder_(findings_folder()) {}

void CampaignFiles::write_counters(const nlohmann::json& counters) const {
    if (counters_path_.empty()) {
        return;
    }
    const std::string beside = counters_path_ + ".new";
    std::ofstream stream(beside, std::ios::trunc);
    stream << counters.dump() << '\n';
    stream.close();
    if (stream) {
        std::rename(beside.c_str(), counters_path_.c_str());
    }
}

std::string CampaignFiles::keep_finding(std::string_view what, std::string_view text,
                                        std::string_view extension) const {
    std::string file =
        fmt::format("{}/{}-{:08x}{}", findings_folder_, what,
                    static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size())), extension);
    std::string error;
    if (!write_new_file(file, std::string(text), error)) {
        fmt::print(stderr, "{}\n", error);
    }
    return file;
}

} // namespace edgecase
