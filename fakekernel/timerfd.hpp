// A timerfd, and the times that its calls take (fs/timerfd.c).
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"
#include "fakekernel/pool.hpp"

namespace edgecase::fake {

// struct timespec and struct itimerspec.
struct Timespec {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
};
struct TimerSpec {
    Timespec interval;
    Timespec value; // zero: disarmed
};

struct Timerfd {
    Index file = k_none;
    std::uint64_t interval_ns = 0;
    std::uint64_t expires_ns = 0; // a moment of the clock; the latest deadline, also when it has passed
    std::uint64_t ticks = 0;      // expirations that were counted and not read
    bool expired = false;         // since the latest settime, gettime or read

    // timerfd_poll(): never OUT (S-133).
    [[nodiscard]] std::uint32_t poll_mask() const { return ticks > 0 ? k_epollin : 0; }

    // hrtimer_forward(): the deadline moves on by whole periods, to behind `now_ns`. How many they were.
    std::uint64_t forward(std::uint64_t now_ns) {
        if (now_ns < expires_ns) return 0;
        const std::uint64_t periods = (now_ns - expires_ns) / interval_ns + 1;
        expires_ns += periods * interval_ns;
        return periods;
    }
};

} // namespace edgecase::fake
