// The corpus on the real kernel.
#include "props/compare_kernels.hpp"
#include "props/tests/corpus_files.hpp"

using namespace edgecase;

TEST_CASE("corpus: what runs on the real kernel gives the same dispatches, masks and verdict there") {
    unsigned compared = 0;
    for (const CorpusFile& file : corpus()) {
        const KernelComparison comparison = compare_kernels(parsed(file).scenario);
        INFO(file.path << "\n" << comparison.text);
        CHECK(comparison.outcome != KernelComparison::Outcome::different);
        compared += comparison.outcome == KernelComparison::Outcome::same ? 1 : 0;
    }
    CHECK(compared >= 20);
}
