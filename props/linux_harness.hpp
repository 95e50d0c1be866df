// The simulation on the real kernel, with real descriptors and a virtual clock. One at a time in a process:
// it counts the process's descriptors, and has the process ignore SIGPIPE.
#pragma once

#include <memory>

#include "props/harness.hpp"
#include "props/linux_world.hpp"

namespace edgecase {

// Whether there is a real kernel to run on: not in a build without epoll.
#ifdef EDGECASE_TEST_BUILD_EPOLL
inline constexpr bool k_has_linux_harness = false;
#else
inline constexpr bool k_has_linux_harness = true;
#endif

// core/'s reactor on LinuxKernel; null if there is none. Scenarios with faults or scripts do not belong here
// (compare_kernels.hpp).
[[nodiscard]] std::unique_ptr<Harness> make_linux_harness(Settling settling);

} // namespace edgecase
