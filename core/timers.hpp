// Timers: a heap of events ordered by the moment they expire and, for equal moments, by the order of adding.
// The place of each event is kept in it, so one can be deleted from anywhere.
//
// The heap lies in memory that it is given, with a place for every event there is: it can never be full.
//
// Invariants (timers-on-time): no timer fires before its key; equal keys fire in the order of adding; adding
// again within 300 ms of the present key keeps the present key; a run handles only timers that were set when
// it began.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/event.hpp"

namespace edgecase {

// No timer is set, or: wait for ever.
inline constexpr Msec k_timer_infinite = ~Msec{0};

// A timer that is set again this close to its present key keeps it: nginx's lazy delay.
inline constexpr Msec k_timer_lazy_delay_ms = 300;

// Longer delays are cut to this. Keys are compared by their difference, which must not reach half of the
// range.
inline constexpr Msec k_timer_longest_ms = Msec{1} << 62;

class Timers {
public:
    struct Entry {
        Msec key;
        std::uint64_t sequence;
        Event* event;
    };

    Timers() = default;
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;

    // Uses memory of capacity entries from now on; the heap is empty. Null and 0 take it away again.
    void attach(void* memory, std::uint32_t capacity);
    [[nodiscard]] void* memory() const { return heap_; }
    [[nodiscard]] std::uint32_t capacity() const { return capacity_; }

    // Sets the event's timer to expire delay_ms after now. If it is set already, the new moment holds, unless
    // it is within the lazy delay of the present one.
    void add(Event& event, Msec now, Msec delay_ms);

    // Takes the event's timer away; no effect if none is set.
    void remove(Event& event);

    // Milliseconds until the first timer is due: 0 if it is already, k_timer_infinite if there is none.
    [[nodiscard]] Msec nearest(Msec now) const;

    // Fires the timers that are due at now: each is taken out, timedout set, the handler called. Handlers may
    // add and remove any timer; one that is set meanwhile waits for the next run, even if it is due.
    void expire(Msec now);

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

private:
    void put(std::uint32_t place, const Entry& entry);
    void sift_up(std::uint32_t place, const Entry& entry);
    void sift_down(std::uint32_t place, const Entry& entry);

    Entry* heap_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
    std::uint64_t next_sequence_ = 0;
};

} // namespace edgecase
