// Fuzz target: scenarios of a server on the model: listeners, clients, turns.
#include <cstddef>
#include <cstdint>

#include "fuzz/steps_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    edgecase::run_steps(data, size);
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    return edgecase::mutate_steps(data, size, most, seed, edgecase::Focus::server);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second, std::size_t second_size,
                                                 std::uint8_t* out, std::size_t most, unsigned seed) {
    return edgecase::splice_steps(first, first_size, second, second_size, out, most, seed);
}
