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
    bool file_aio = true;    // without it files are read synchronously
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
    // File operations in flight at a time.
    std::uint32_t worker_aio_requests = 32;
    // Accept until there is nothing left, in place of one connection a report.
    bool multi_accept = false;
    // Workers take turns at the listeners. On by default, as in nginx until 1.11.3; it has an effect only
    // where there are several workers.
    bool accept_mutex = true;
    // How long a worker waits before it tries again: for the mutex, or, without one, when it has run out of
    // descriptors.
    Msec accept_mutex_delay_ms = 500;
    // The period of the alarm that updates the cached time; 0: there is none, and each wait updates it.
    Msec timer_resolution_ms = 0;
    // The notify channel's counter is read back to 0 after this many deliveries: nginx's 2^32-1, or less to
    // see it happen.
    std::uint32_t notify_rewind_after = 0xffffffff;
    Capabilities capabilities;
};

} // namespace edgecase
