// A process: its descriptors, its signals, its interval timer.
#pragma once

#include <cstdint>

#include "fakekernel/fd_table.hpp"
#include "fakekernel/signals.hpp"

namespace edgecase::fake {

struct Process {
    FdTable table;
    Signals signals;
    IntervalTimer timer;
    std::uint32_t open_files = 0; // RLIMIT_NOFILE
    Pid parent = 0;               // itself, if nobody forked it
    bool alive = false;
};

} // namespace edgecase::fake
