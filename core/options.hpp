// What a reactor is started with: the directives of the configuration, with nginx's defaults, and what the
// build or the system offers. The directive `use` has no field: epoll is the only event module there is.
#pragma once

#include <cstdint>
#include <limits>

#include "core/kernel.hpp"

namespace edgecase {

// nginx's build switches NGX_HAVE_EVENTFD, _FILE_AIO, _EPOLLRDHUP and _CLEAR_EVENT, as values: any
// combination can be run from one binary.
struct Capabilities {
    bool eventfd = true;     // without it there is no notify
    bool file_aio = true;    // without it, or without eventfd, files are read synchronously
    bool epollrdhup = true;  // without it RDHUP is neither asked for nor looked at
    bool clear_event = true; // without it event_flags() announces level events
};

// The bounds that are not nginx's; core/DEVIATIONS.md gives their reasons.
inline constexpr std::uint32_t k_least_worker_connections = 2;
inline constexpr std::uint32_t k_most_worker_connections = 16'777'216;
inline constexpr std::uint32_t k_least_epoll_events = 1;
inline constexpr std::uint32_t k_most_epoll_events = 1'048'576;
inline constexpr std::uint32_t k_least_worker_aio_requests = 1;
inline constexpr std::uint32_t k_most_worker_aio_requests = 65'536;
inline constexpr Msec k_least_accept_mutex_delay_ms = 1;
// The longest timeout that epoll_wait takes, 24 days and some hours.
inline constexpr Msec k_most_accept_mutex_delay_ms = std::numeric_limits<std::int32_t>::max();
inline constexpr Msec k_most_timer_resolution_ms = k_most_accept_mutex_delay_ms;

// Reactor::init refuses numbers out of their bounds, whoever filled them in.
struct Options {
    std::uint32_t worker_connections = 512;
    std::uint32_t epoll_events = 512;
    // Reads of files in flight at a time; beyond that they are synchronous.
    std::uint32_t worker_aio_requests = 32;
    // A listener's handler takes the connections that wait, not only the first.
    bool multi_accept = false;
    // The accept mutex that the reactor was given, if it was, is used. On by default, as in nginx until 1.11.3.
    bool accept_mutex = true;
    // Listeners that other reactors have too, and that no accept mutex governs, are added with EPOLLEXCLUSIVE, so that
    // a connection does not wake all of them (Linux 4.5; before, the bit has no effect). nginx does it if it has
    // several workers.
    bool exclusive_accept = false;
    // Until the accept mutex is tried again, and how long a listener rests that cannot accept.
    Msec accept_mutex_delay_ms = 500;
    // Not 0: the cached time is updated by the alarm alone, which comes at this interval, and not by each
    // wait. init sets the process's interval timer and done stops it; a second reactor of the process that has an
    // interval of its own changes that of both.
    Msec timer_resolution_ms = 0;
    // The notify channel's counter is read back to 0 after this many deliveries: nginx's 2^32-1, or less to
    // see it happen.
    std::uint32_t notify_rewind_after = 0xffffffff;
    Capabilities capabilities;
};

} // namespace edgecase
