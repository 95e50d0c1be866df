// The simulation on the real kernel, with real descriptors and a virtual clock. One at a time in a process:
// it counts the process's descriptors, and has the process ignore SIGPIPE.
#pragma once

#include <memory>

#include "props/harness.hpp"
#include "props/linux_world.hpp"

namespace edgecase {

// core/'s reactor on LinuxKernel. Scenarios with faults or scripts do not belong here (compare_kernels.hpp).
[[nodiscard]] std::unique_ptr<Harness> make_linux_harness(Settling settling);

} // namespace edgecase
