// Fuzz target: any bytes as system calls on the model, with any arguments; its invariants are the model's own.
#include <cstddef>
#include <cstdint>

#include "fuzz/kernel_calls.hpp"
#include "fuzz/text_campaign.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static edgecase::TextCampaign campaign("kernel-calls", ".calls", "calls");
    static edgecase::KernelCalls calls;
    campaign.count(calls.run(data, size).calls != 0);
    return 0;
}
