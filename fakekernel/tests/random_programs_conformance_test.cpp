// Random programs on both kernels. The seeds are fixed; EDGECASE_PROGRAMS asks for more of them.
#include <cstdlib>

#include "fakekernel/tests/catch.hpp"
#include "fakekernel/tests/conformance/program.hpp"

namespace edgecase::fake::conformance {
namespace {

unsigned programs(unsigned usual) {
    const char* asked = std::getenv("EDGECASE_PROGRAMS");
    return asked == nullptr ? usual : static_cast<unsigned>(std::strtoul(asked, nullptr, 10));
}

TEST_CASE("model: random programs without TCP answer as Linux does, call by call", "[differential]") {
    const unsigned count = programs(3000);
    for (unsigned seed = 1; seed <= count; ++seed) {
        const std::string text = difference(random_program(seed, 20 + seed % 60), Family::local);
        INFO("seed " << seed << ":\n" << text);
        REQUIRE(text.empty());
    }
}

TEST_CASE("model: random programs with TCP answer as Linux does, call by call", "[differential]") {
    const unsigned count = programs(1000);
    for (unsigned seed = 1; seed <= count; ++seed) {
        const std::string text = difference(random_program(seed + 1'000'000, 20 + seed % 60), Family::tcp);
        INFO("seed " << seed << ":\n" << text);
        REQUIRE(text.empty());
    }
}

} // namespace
} // namespace edgecase::fake::conformance
