// What the fuzz targets of scenarios share: a run of the scenario that the engine's bytes decode to, and mutations of it
// by meaning, in the place of those of bytes. A target adds what its scenarios are mostly about.
#pragma once

#include <cstddef>
#include <cstdint>

#include "props/generate.hpp"

namespace edgecase {

// LLVMFuzzerTestOneInput of such a target. The pairs of the run's trace become counters of the engine.
void run_steps(const std::uint8_t* data, std::size_t size);

// LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver: the size of what was made; it fits into `most`.
[[nodiscard]] std::size_t mutate_steps(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed,
                                       Focus focus);
[[nodiscard]] std::size_t splice_steps(const std::uint8_t* first, std::size_t first_size,
                                       const std::uint8_t* second, std::size_t second_size, std::uint8_t* out,
                                       std::size_t most, unsigned seed);

} // namespace edgecase
