// Fuzz target: any bytes as a configuration, put to the test.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzz/text_campaign.hpp"
#include "props/configuration_trial.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static edgecase::TextCampaign campaign("configuration", ".conf", "check-config");
    static edgecase::ConfigurationTrial trial;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const edgecase::ConfigurationTrial::Result result = trial.run(text, "nginx.conf");
    if (!result.broken.empty()) {
        campaign.found(text, result.broken);
    }
    campaign.count(result.configuration.accepted(), trial.exercised());
    return 0;
}
