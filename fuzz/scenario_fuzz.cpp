// Fuzz target: any bytes as the text of a scenario, held against the laws of the text form.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/text_campaign.hpp"
#include "props/text_laws.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static edgecase::TextCampaign campaign("text-form", ".txt", "fmt");
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const std::string broken = edgecase::broken_text_law(text); !broken.empty()) {
        campaign.found(text, broken);
    }
    campaign.count(edgecase::parse_scenario(text, "text").ok());
    return 0;
}
