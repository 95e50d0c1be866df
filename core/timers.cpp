#include "core/timers.hpp"

#include <algorithm>
#include <new>

#include "core/check.hpp"

namespace edgecase {

namespace {

// Children of a place: four, so that the path from root to leaf is half as long as with two.
constexpr std::uint32_t k_arity = 4;

std::int64_t difference(Msec a, Msec b) {
    return static_cast<std::int64_t>(a - b);
}

bool before(const Timers::Entry& a, const Timers::Entry& b) {
    const std::int64_t keys = difference(a.key, b.key);
    return keys != 0 ? keys < 0 : a.sequence < b.sequence;
}

} // namespace

void Timers::attach(void* memory, std::uint32_t capacity) {
    EDGECASE_CHECK(size_ == 0, "the heap is moved while timers are set", size_);
    heap_ = static_cast<Entry*>(memory);
    capacity_ = capacity;
}

void Timers::add(Event& event, Msec now, Msec delay_ms) {
    const Msec key = now + std::min(delay_ms, k_timer_longest_ms);
    if (event.timer_set) {
        const std::int64_t moved = difference(key, event.timer_key);
        if (static_cast<Msec>(moved < 0 ? -moved : moved) < k_timer_lazy_delay_ms) {
            return;
        }
        remove(event);
    }
    EDGECASE_CHECK(size_ < capacity_, "more timers are set than there are events", size_, capacity_);
    event.timer_key = key;
    event.timer_set = true;
    const std::uint32_t place = size_++;
    new (&heap_[place]) Entry{key, next_sequence_++, &event};
    sift_up(place, Entry{heap_[place]});
}

void Timers::remove(Event& event) {
    if (!event.timer_set) {
        return;
    }
    const std::uint32_t place = event.timer_place;
    EDGECASE_CHECK(place < size_ && heap_[place].event == &event, "an event is not where the heap keeps it",
                   place, size_);
    event.timer_set = false;
    const Entry last = heap_[--size_];
    if (place == size_) {
        return;
    }
    if (place > 0 && before(last, heap_[(place - 1) / k_arity])) {
        sift_up(place, last);
    } else {
        sift_down(place, last);
    }
}

Msec Timers::nearest(Msec now) const {
    if (size_ == 0) {
        return k_timer_infinite;
    }
    return static_cast<Msec>(std::max<std::int64_t>(difference(heap_[0].key, now), 0));
}

void Timers::expire(Msec now) {
    const std::uint64_t end = next_sequence_;
    while (size_ != 0 && heap_[0].sequence < end && difference(heap_[0].key, now) <= 0) {
        Event& event = *heap_[0].event;
        remove(event);
        event.timedout = true;
        EDGECASE_CHECK(event.handler != nullptr, "an event with a timer has no handler");
        event.handler(event);
    }
}

void Timers::put(std::uint32_t place, const Entry& entry) {
    heap_[place] = entry;
    entry.event->timer_place = place;
}

void Timers::sift_up(std::uint32_t place, const Entry& entry) {
    while (place > 0) {
        const std::uint32_t parent = (place - 1) / k_arity;
        if (!before(entry, heap_[parent])) {
            break;
        }
        put(place, heap_[parent]);
        place = parent;
    }
    put(place, entry);
}

void Timers::sift_down(std::uint32_t place, const Entry& entry) {
    // The product cannot wrap: a heap has two places for each slot, and slots are fewer than 2^25
    // (options.hpp).
    while (place * k_arity + 1 < size_) {
        const std::uint32_t first = place * k_arity + 1;
        const std::uint32_t end = std::min(first + k_arity, size_);
        std::uint32_t least = first;
        for (std::uint32_t child = first + 1; child < end; ++child) {
            if (before(heap_[child], heap_[least])) {
                least = child;
            }
        }
        if (!before(heap_[least], entry)) {
            break;
        }
        put(place, heap_[least]);
        place = least;
    }
    put(place, entry);
}

} // namespace edgecase
