// What one reactor's parts share, as nginx's cycle does: the log, the cached time, the tables and the queues.
// The reactor owns it; the epoll module and its channel work on it. Nothing here is shared between reactors.
#pragma once

#include "core/connection_table.hpp"
#include "core/log.hpp"
#include "core/posted_queue.hpp"
#include "core/reusable_queue.hpp"
#include "core/timers.hpp"

namespace edgecase {

// The slots behind the connections, one for each channel of the reactor's own.
inline constexpr std::uint32_t k_notify_channel = 0;
inline constexpr std::uint32_t k_aio_channel = 1;
inline constexpr std::uint32_t k_channels = 2;

// How many reusable connections are asked to close at a time, when connections run out: nginx's number.
inline constexpr std::uint32_t k_most_drained = 32;

struct Cycle {
    explicit Cycle(const Log& log_) : log(log_) {}

    const Log& log;
    Msec now = 0; // cached: the moment of the last update, which follows each wait
    ConnectionTable connections;
    ReusableQueue reusable{connections};
    PostedQueue posted_accept;
    PostedQueue posted;
    Timers timers;

    // A connection for the descriptor. If every slot is taken, makes up to k_most_drained reusable connections
    // close first; null, with an ALERT line, if that leaves none either.
    Connection* get_connection(int fd);

    // The queue that events of its kind are posted to.
    [[nodiscard]] PostedQueue& queue_of(const Event& event) { return event.accept ? posted_accept : posted; }

private:
    void drain();

    bool draining_ = false;
};

} // namespace edgecase
