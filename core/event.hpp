// Events and connections: nginx's ngx_event_t and ngx_connection_t, as far as the epoll module and its
// neighbours use them. Plain data with fixed addresses: a slot of the connection table is the same object for
// the reactor's whole life, and its generation tells its users apart.
//
// The event core, as opposed to whoever owns the connection, writes: the posted links (posted_queue.hpp), the
// timer fields (timers.hpp), active (epoll_module.hpp), slot, generation and fd (connection_table.hpp), the links and
// bits of the reusable queue (reusable_queue.hpp).
#pragma once

#include <cstdint>

#include "core/kernel.hpp"

namespace edgecase {

struct Connection;
struct Event;

// Called by the loop when the event is ready, its timer expired (timedout is 1), or it was posted.
using EventHandler = void (*)(Event&);

// What the flags argument of add and delete calls may carry: nginx's names and, for clear and exclusive, Linux's bits.
// Only these two ever reach the kernel. k_exclusive_event (nginx has it since 1.11.3) is for adding a read event whose
// twin is never added: EPOLLEXCLUSIVE cannot be modified, nor stand with RDHUP.
inline constexpr std::uint32_t k_level_event = 0;
inline constexpr std::uint32_t k_clear_event = k_epollet;
inline constexpr std::uint32_t k_exclusive_event = k_epollexclusive;
inline constexpr std::uint32_t k_close_event = 1;
inline constexpr std::uint32_t k_disable_event = 2;
inline constexpr std::uint32_t k_flush_event = 4;

// What Reactor::event_flags() says: nginx's NGX_USE_ bits.
inline constexpr std::uint32_t k_use_level_event = 0x01;
inline constexpr std::uint32_t k_use_clear_event = 0x04;
inline constexpr std::uint32_t k_use_greedy_event = 0x20;
inline constexpr std::uint32_t k_use_epoll_event = 0x40;

// A place in a posted queue, and its end marker. The links make a ring; both are null when it is in no queue.
struct PostedLink {
    PostedLink* posted_next = nullptr;
    PostedLink* posted_previous = nullptr;
};

// One direction of a connection.
struct Event : PostedLink {
    Connection* connection = nullptr;
    EventHandler handler = nullptr;

    Msec timer_key = 0;            // when the timer expires; meaningful while timer_set
    std::uint32_t timer_place = 0; // place in the timer heap; meaningful while timer_set

    bool write : 1;       // this is the write half
    bool accept : 1;      // of a listening socket: posted to the accept queue
    bool active : 1;      // registered with epoll
    bool ready : 1;       // the kernel reported it and it was not exhausted since
    bool eof : 1;         // the last recv answered the end
    bool error : 1;       // the last recv or send answered an error
    bool pending_eof : 1; // the report carried RDHUP
    bool timedout : 1;    // its timer expired
    bool timer_set : 1;   // it is in the timer heap

    Event()
        : write(false), accept(false), active(false), ready(false), eof(false), error(false),
          pending_eof(false), timedout(false), timer_set(false) {}

    [[nodiscard]] bool posted() const { return posted_next != nullptr; }
};

inline constexpr std::uint32_t k_no_slot = ~std::uint32_t{0};

// A slot of the connection table. What the scan of a batch reads for a read event lies in the first cache
// line.
struct alignas(64) Connection {
    int fd = -1; // -1: the slot is free
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;   // 0 for the slot's first user, one more for each that follows; wraps
    std::uint32_t next = k_no_slot; // of the free list; while reusable, of that queue
    Event read;
    Event write;
    void* data = nullptr;               // the owner's
    std::uint32_t previous = k_no_slot; // of the reusable queue

    bool reusable : 1 = false; // may be closed when connections run out
    bool close : 1 = false;    // the read handler is called to close it
    bool idle : 1 = false;     // the owner's: it may be closed when the reactor is to end

    // nginx's one bit of the same: 0 for the first user, then alternating.
    [[nodiscard]] unsigned instance() const { return generation & 1U; }

    // What epoll carries for this user of the slot.
    [[nodiscard]] std::uint64_t epoll_data() const { return std::uint64_t{generation} << 32 | slot; }
};

static_assert(sizeof(Connection) <= 128, "one connection is two cache lines at most");

} // namespace edgecase
