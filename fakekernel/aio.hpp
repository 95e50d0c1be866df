// Native AIO: contexts and their requests. A request is in flight, then complete (its event is in the
// context's ring), then taken by io_getevents.
#pragma once

#include <cstdint>

#include "core/aio_abi.hpp"
#include "fakekernel/pool.hpp"

namespace edgecase::fake {

struct AioRequest {
    std::uint64_t number = 0; // among all requests of the run, from 1
    AioControlBlock block;
    std::uint64_t block_address = 0;
    Index file = k_none;    // what is read; held until it is complete (S-169)
    Index eventfd = k_none; // the file that is told, if any and as long as it is open
    std::int64_t result = 0;
    Index next = k_none; // in its context's list
};

// First in, first out.
struct AioRequestList {
    Index first = k_none;
    Index last = k_none;
};

struct AioContext {
    AioContextId id = 0;
    std::uint32_t owner = 0;    // a process
    std::uint32_t capacity = 0; // requests in flight and completions not taken, together
    std::uint32_t used = 0;
    AioRequestList in_flight;
    AioRequestList completed; // in the order of completion (S-166)
    Index next = k_none;      // of all contexts
};

} // namespace edgecase::fake
