// An open file description: what a descriptor number refers to, whose wait queue the watches hang on, and
// which is one half of an epoll registration's key (S-71).
#pragma once

#include <cstdint>

#include "fakekernel/linux_abi.hpp"
#include "fakekernel/pool.hpp"

namespace edgecase::fake {

enum class FileKind : std::uint8_t {
    standard, // what 0 to 2 are at the start: reads give nothing, writes vanish, no poll operation
    epoll,
    eventfd,
    pipe_read,
    pipe_write,
    unix_stream,
    unix_dgram,
    unix_seqpacket,
    tcp,
    udp,
    timerfd,
    signalfd,
    regular, // no poll operation either (S-12)
};

[[nodiscard]] constexpr bool is_socket(FileKind kind) {
    return kind >= FileKind::unix_stream && kind <= FileKind::udp;
}
[[nodiscard]] constexpr bool is_unix(FileKind kind) {
    return kind >= FileKind::unix_stream && kind <= FileKind::unix_seqpacket;
}
// file_can_poll() of the kernel.
[[nodiscard]] constexpr bool can_poll(FileKind kind) {
    return kind != FileKind::standard && kind != FileKind::regular;
}

struct File {
    FileKind kind = FileKind::standard;
    bool held_back = false;        // "memory pressure": not writable for now (Model::hold_back_writes)
    std::uint32_t references = 0;  // descriptors, over all processes
    std::uint32_t holds = 0;       // AIO requests in flight that read it (S-169)
    std::int32_t status_flags = 0; // what F_GETFL answers: access mode and O_NONBLOCK (S-78)
    Index object = k_none;         // in the pool of its kind
    // The wait queue, which is also the list of the watches on this description: entries are pushed at the
    // head, exclusive ones at the tail (kernel/sched/wait.c add_wait_queue, add_wait_queue_exclusive).
    Index first_waiter = k_none;
    Index last_waiter = k_none;

    [[nodiscard]] bool nonblocking() const { return (status_flags & k_o_nonblock) != 0; }
};

} // namespace edgecase::fake
