// The epoll event module: what nginx's event core asks of a method, done with epoll. It turns a batch of
// reports into calls of handlers, and keeps `active` of each event in step with the kernel's interest list.
//
// Epoll carries slot and generation of a connection. A report whose user has left is dropped, before the read
// half and again before the write half, for a handler may close anything (stale-event-dropped). Handlers
// called in place may close connections, take slots again, add and delete events, post, set timers and
// notify; they may not call process_events, init or done.
//
// Other invariants: interest-matches-active, close-event-makes-no-call, failed-call-changes-nothing,
// inactive-not-dispatched, error-wakes-waiters.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/aio_channel.hpp"
#include "core/cycle.hpp"
#include "core/kernel.hpp"
#include "core/notify_channel.hpp"
#include "core/options.hpp"
#include "core/status.hpp"

namespace edgecase {

// Flags of process_events.
inline constexpr unsigned k_update_time = 1; // update the cached time after the wait
inline constexpr unsigned k_post_events = 2; // post events instead of calling their handlers

// What the scan of a batch does with an event, fixed for the batch: the first is the one that must be fast.
enum class ScanMode : std::uint8_t { call, call_and_log, post };

template <Kernel K> class EpollModule {
public:
    EpollModule(K& kernel, Cycle& cycle)
        : kernel_(kernel), cycle_(cycle), notify_channel_(kernel, cycle), aio_channel_(kernel, cycle) {}
    EpollModule(const EpollModule&) = delete;
    EpollModule& operator=(const EpollModule&) = delete;

    // Makes the event list, the epoll instance and the channels; while it runs, only a larger list and
    // what else can change in flight (epoll_events, notify_rewind_after). Error: one EMERG line, and
    // everything is as it was before. A channel that does not come up is no error (one EMERG line):
    // has_notify() and has_file_aio() say so. The connection table must be there.
    Status init(const Options& options);

    // Closes what is open and gives the list back; no event of the table is active afterwards. May be called
    // any number of times, and after a failed init.
    void done();

    [[nodiscard]] bool running() const { return epoll_fd_ != -1; }
    [[nodiscard]] bool has_notify() const { return notify_channel_.is_open(); }
    [[nodiscard]] bool has_file_aio() const { return aio_channel_.is_on(); }
    [[nodiscard]] std::uint32_t event_flags() const { return event_flags_; }

    // Adds the event's direction to what is watched for its connection. Of flags only k_clear_event reaches
    // the kernel, where it holds for both directions, and k_exclusive_event, with which RDHUP is not asked for. Error:
    // one ALERT line, nothing changed.
    Status add_event(Event& event, std::uint32_t flags);

    // The reverse. With k_close_event the kernel is not asked: the descriptor is about to be closed.
    Status del_event(Event& event, std::uint32_t flags);

    // The same for both directions at once; adding is always edge-triggered.
    Status add_connection(Connection& connection);
    Status del_connection(Connection& connection, std::uint32_t flags);

    Status notify(NotifyTask& task) { return notify_channel_.notify(task); }

    FileRead read_file(FileAio& file, int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return aio_channel_.read(file, fd, buffer, size, offset);
    }

    // One wait and the handling of its batch. Ok also when the wait timed out or the alarm ended it; error
    // when it failed (EINTR: INFO line, others: ALERT) or gave nothing though it had no timeout.
    Status process_events(Msec timer_ms, unsigned flags);

private:
    Status grow_event_list(std::uint32_t count);
    void release_event_list();
    Status open_epoll();
    void close_epoll();
    [[nodiscard]] std::uint32_t read_mask() const { return k_epollin | rdhup_; }
    template <ScanMode mode> [[gnu::always_inline]] inline void scan(std::uint32_t count);
    template <ScanMode mode> void dispatch(Event& event);
    void report_notify(unsigned flags);

    // What a report of ERR, HUP or RDHUP means for the rest of its handling: the mask to go on with.
    std::uint32_t note_ending(Connection& connection, std::uint32_t revents) const;

    // Whether the data name an earlier user of the slot, or one that has left.
    static bool is_stale(const Connection& connection, std::uint64_t data) {
        return connection.epoll_data() != data || connection.fd == -1;
    }

    K& kernel_;
    Cycle& cycle_;
    int epoll_fd_ = -1;
    std::uint32_t rdhup_ = 0; // EPOLLRDHUP, or 0 without that capability
    std::uint32_t event_flags_ = 0;
    std::uint32_t event_count_ = 0;    // how many one wait may give
    std::uint32_t event_capacity_ = 0; // how many the list has room for: not less
    EpollEvent* event_list_ = nullptr;
    bool processing_ = false;
    NotifyChannel<K> notify_channel_;
    AioChannel<K> aio_channel_;
};

} // namespace edgecase
