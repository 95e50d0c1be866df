// What an epoll instance is made of: watches (the kernel's epitems), each in the interest list of its epoll,
// on the wait queue of its file and, while it is queued, in the ready list.
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"
#include "fakekernel/pool.hpp"

namespace edgecase::fake {

// EP_PRIVATE_BITS of fs/eventpoll.c: bits of the interest that are no events.
inline constexpr std::uint32_t k_ep_private_bits =
    k_epollwakeup | k_epolloneshot | k_epollet | k_epollexclusive;
// EPOLLEXCLUSIVE_OK_BITS (S-67).
inline constexpr std::uint32_t k_ep_exclusive_ok_bits =
    k_epollin | k_epollout | k_epollerr | k_epollhup | k_epollwakeup | k_epollet | k_epollexclusive;
// EP_MAX_NESTS (S-84).
inline constexpr int k_ep_max_nests = 4;

struct Watch {
    std::uint64_t data = 0;
    std::uint64_t serial = 0; // number of this registration, from 1
    std::uint32_t events = 0; // as stored: with ERR and HUP (S-15)
    std::int32_t fd = -1;     // the number it was registered under
    Index epoll = k_none;     // index of the epoll object
    Index file = k_none;
    Index next_interest = k_none; // the interest list, in the order of registration
    Index previous_interest = k_none;
    Index next_waiter = k_none; // the file's wait queue
    Index previous_waiter = k_none;
    Index next_ready = k_none; // the ready list
    Index previous_ready = k_none;
    std::uint32_t process = 0; // that registered it: whose signals wake it, if it watches a signalfd
    bool queued = false;
};

struct Epoll {
    Index file = k_none;
    Index first_interest = k_none;
    Index last_interest = k_none;
    Index first_ready = k_none;
    Index last_ready = k_none;
    std::uint32_t watches = 0;
    std::uint32_t waiters = 0; // tasks asleep in epoll_wait, on ep->wq
    std::uint32_t woken = 0;   // of those that slept: woken and not yet back in their call
    std::uint32_t visited = 0; // generation of the latest nesting check that came here
    std::int32_t depth = 0;    // what that check found
};

} // namespace edgecase::fake
