// What kernel_fuzz runs, on bytes that are the same every time.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "fuzz/kernel_calls.hpp"
#include "fuzz/tests/catch.hpp"
#include "props/random.hpp"

namespace edgecase {
namespace {

TEST_CASE("kernel calls: the model survives any arguments, and its invariants hold") {
    constexpr unsigned k_runs = 300;
    KernelCalls kernel_calls;
    unsigned calls = 0;
    unsigned most_open = 0;
    for (std::uint64_t seed = 1; seed <= k_runs; ++seed) {
        Random random(seed);
        std::vector<std::uint8_t> bytes(1000 + seed * 7);
        for (std::uint8_t& byte : bytes)
            byte = static_cast<std::uint8_t>(random.next());
        const KernelCalls::Counts counts = kernel_calls.run(bytes.data(), bytes.size());
        calls += counts.calls;
        most_open = std::max(most_open, counts.most_open);
    }
    CHECK(calls > k_runs * 50);
    CHECK(most_open > 20);
    CHECK(kernel_calls.run(nullptr, 0).calls == 0);
}

} // namespace
} // namespace edgecase
