// Fuzz target: scenarios of the epoll module on the model, decoded from the engine's bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/campaign.hpp"
#include "fuzz/mutator.hpp"
#include "fuzz/trace_pairs.hpp"
#include "props/scenario_bytes.hpp"

// libFuzzer's own mutations, and the functions that it calls in place of them if they are there. A program without
// libFuzzer has none of the former and calls none of the latter.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t most);

// Of the run under way: libFuzzer reads these beside its own, and zeroes them before each run.
__attribute__((section("__libfuzzer_extra_counters"),
               used)) static edgecase::TracePairs::Counters trace_pairs;

namespace {

constexpr unsigned k_bytes_every =
    4; // one mutation in so many changes bytes, and so reaches what the mutator does not

// 0 if the scenario does not fit.
std::size_t put(const edgecase::Scenario& scenario, std::uint8_t* data, std::size_t most) {
    const std::optional<std::vector<std::uint8_t>> bytes = edgecase::encode(scenario);
    if (!bytes || bytes->size() > most) {
        return 0;
    }
    std::copy(bytes->begin(), bytes->end(), data);
    return bytes->size();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static edgecase::Campaign campaign;
    static edgecase::Scenario scenario;
    edgecase::decode(data, size, scenario);
    campaign.run(scenario);
    edgecase::TracePairs::count(campaign.trace().records(), trace_pairs);
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    if (seed % k_bytes_every != 0) {
        static edgecase::Scenario scenario;
        edgecase::decode(data, size, scenario);
        edgecase::Mutator(seed).mutate(scenario);
        if (const std::size_t made = put(scenario, data, most); made != 0) {
            return made;
        }
    }
    return LLVMFuzzerMutate(data, size, most);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second, std::size_t second_size,
                                                 std::uint8_t* out, std::size_t most, unsigned seed) {
    static edgecase::Scenario scenario;
    static edgecase::Scenario other;
    edgecase::decode(first, first_size, scenario);
    edgecase::decode(second, second_size, other);
    edgecase::Mutator(seed).splice(scenario, other);
    return put(scenario, out, most);
}
