// Any bytes as a sequence of system calls on the model, with arguments that may be anything: what kernel_fuzz runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fakekernel/model.hpp"

namespace edgecase {

class KernelCalls {
public:
    struct Counts {
        unsigned calls = 0;
        unsigned most_open = 0; // descriptors that the first process had at a time
    };

    // Makes the calls that the bytes decode to, on a model as new: by two processes, up to a bound. The model's
    // invariants are asserted on the way and when every process has ended: a broken one aborts, with what is wrong on
    // standard error, as an engine expects.
    Counts run(const std::uint8_t* data, std::size_t size);

private:
    fake::Model model_;
};

} // namespace edgecase
