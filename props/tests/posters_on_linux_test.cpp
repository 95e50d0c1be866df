// Posters on the real kernel.
#include "props/compare_kernels.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

TEST_CASE("posters: on the real kernel they stop and go on in the same way", "[conformance]") {
    const KernelComparison comparison = compare_kernels(
        scenario_of("open a unix\nadd a read et\nposter 1 notify 1\nposter 2 notify 2\nposter 2 step\n"
                    "process infinite\nposter 1 step\npeer a send 5\nprocess infinite\nposter 1 step\n"
                    "poster 2 step\nprocess infinite\nposter 3 notify 3\nposter 3 finish\nprocess 5ms\n"));
    INFO(comparison.text);
    CHECK(comparison.outcome == KernelComparison::Outcome::same);
}
