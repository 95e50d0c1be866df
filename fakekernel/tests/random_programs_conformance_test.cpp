// A fixed set of random programs on both kernels; `edgecase diff` runs more of them.
#include "fakekernel/conformance/differential.hpp"
#include "fakekernel/tests/catch.hpp"

namespace edgecase::fake::conformance {
namespace {

TEST_CASE("model: random programs answer as Linux does, call by call", "[differential]") {
    constexpr std::uint64_t k_programs = 2000;
    Differential differential;
    unsigned calls = 0;
    for (std::uint64_t seed = 1; seed <= k_programs; ++seed) {
        const GeneratedProgram given = generate_program(seed);
        const Comparison comparison = differential.compare(given);
        calls += comparison.calls;
        if (comparison.agreement != Agreement::different) continue;
        FAIL("program " << seed << ":\n" << differential.side_by_side(differential.shrink(given)));
    }
    CHECK(calls > k_programs * 20);
}

} // namespace
} // namespace edgecase::fake::conformance
