// A signalfd: a mask. What it reads are the signals of whoever reads (fs/signalfd.c).
#pragma once

#include "fakekernel/signals.hpp"

namespace edgecase::fake {

inline constexpr std::size_t k_siginfo_bytes = 128; // struct signalfd_siginfo

struct Signalfd {
    SignalSet mask = 0;
};

} // namespace edgecase::fake
