#include "fuzz/steps_target.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/campaign.hpp"
#include "fuzz/mutator.hpp"
#include "fuzz/trace_pairs.hpp"
#include "props/scenario_bytes.hpp"

// libFuzzer's own mutations, if there is libFuzzer.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t most);

// Of the run under way: libFuzzer reads these beside its own, and zeroes them before each run.
__attribute__((section("__libfuzzer_extra_counters"),
               used)) static edgecase::TracePairs::Counters trace_pairs;
__attribute__((section("__libfuzzer_extra_counters"), used)) static edgecase::SometimesHits sometimes_hits;

namespace edgecase {

namespace {

constexpr unsigned k_bytes_every =
    4; // one mutation in so many changes bytes, and so reaches what the mutator does not

// A loop that never comes to rest runs to its budget, and a corpus fills with such runs: the time is better spent otherwise.
constexpr std::uint32_t k_most_calls = 2000;

// 0 if the scenario does not fit.
std::size_t put(const Scenario& scenario, std::uint8_t* data, std::size_t most) {
    const std::optional<std::vector<std::uint8_t>> bytes = encode(scenario);
    if (!bytes || bytes->size() > most) {
        return 0;
    }
    std::copy(bytes->begin(), bytes->end(), data);
    return bytes->size();
}

} // namespace

void run_steps(const std::uint8_t* data, std::size_t size) {
    static Campaign campaign;
    static Scenario scenario;
    decode(data, size, scenario);
    scenario.config.budget = std::min(scenario.config.budget, k_most_calls);
    campaign.run(scenario);
    TracePairs::count(campaign.trace().records(), trace_pairs);
    sometimes_hits = campaign.sometimes();
}

std::size_t mutate_steps(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed, Focus focus) {
    if (seed % k_bytes_every != 0) {
        static Scenario scenario;
        decode(data, size, scenario);
        Mutator(seed, focus).mutate(scenario);
        if (const std::size_t made = put(scenario, data, most); made != 0) {
            return made;
        }
    }
    return LLVMFuzzerMutate(data, size, most);
}

std::size_t splice_steps(const std::uint8_t* first, std::size_t first_size, const std::uint8_t* second,
                         std::size_t second_size, std::uint8_t* out, std::size_t most, unsigned seed) {
    static Scenario scenario;
    static Scenario other;
    decode(first, first_size, scenario);
    decode(second, second_size, other);
    Mutator(seed).splice(scenario, other);
    return put(scenario, out, most);
}

} // namespace edgecase
