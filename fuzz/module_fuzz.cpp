// Fuzz target: scenarios of the epoll module on the model, decoded from the engine's bytes.
#include <cstddef>
#include <cstdint>

#include "fuzz/campaign.hpp"
#include "props/scenario_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static edgecase::Campaign campaign;
    static edgecase::Scenario scenario;
    edgecase::decode(data, size, scenario);
    campaign.run(scenario);
    return 0;
}
