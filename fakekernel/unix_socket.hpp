// A unix socket of any type, with its receive queue of messages (the kernel's skbs) and the account of the
// buffers that its own messages hold at the receiver (net/unix/af_unix.c).
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"
#include "fakekernel/byte_queue.hpp"
#include "fakekernel/file.hpp"

namespace edgecase::fake {

// sk_shutdown.
inline constexpr std::uint8_t k_rcv_shutdown = 1;
inline constexpr std::uint8_t k_send_shutdown = 2;
inline constexpr std::uint8_t k_both_shutdown = 3;

enum class UnixState : std::uint8_t { closed, listening, established };

// A message on its way: sent by one send (or by a part of it, on a stream), not yet wholly received.
struct Message {
    Index next = k_none;
    std::uint32_t left_bytes = 0;
    std::uint32_t account_bytes =
        0;                  // truesize: what the sender's buffer (of a datagram: the receiver's) is charged
    std::uint16_t port = 0; // of a datagram: where it came from
};

struct UnixSocket {
    FileKind kind = FileKind::unix_stream;
    UnixState state = UnixState::closed;
    std::uint8_t shutdown = 0;
    bool peer_dead = false;              // the peer was closed, though this socket still refers to it
    std::int32_t error = 0;              // sk_err
    std::uint32_t receive_low_bytes = 1; // SO_RCVLOWAT
    Index file = k_none;                 // k_none before accept
    Index peer = k_none;
    std::uint32_t sent_account_bytes = 0; // sk_wmem_alloc less the one that the socket holds itself
    std::uint32_t name = 0;               // bound to, 0 if not
    std::uint32_t inherited_name = 0; // of an accepted one: its listener's, to which it is not bound itself
    Index first_message = k_none;
    Index last_message = k_none;
    ByteQueue bytes;
    // A listener's queue of connections not yet accepted.
    Index first_pending = k_none;
    Index last_pending = k_none;
    Index next_pending = k_none;
    std::uint32_t pending = 0;
    std::uint32_t backlog = 0;
    Index next_bound = k_none;

    // unix_writable(): at most a quarter of the buffer in use (S-107).
    [[nodiscard]] bool writable(std::uint64_t held_bytes, std::uint32_t send_buffer) const {
        return state != UnixState::listening && (held_bytes << 2) <= send_buffer;
    }

    // unix_poll() and unix_dgram_poll(); S-103 to S-106.
    [[nodiscard]] std::uint32_t poll_mask(std::uint32_t send_buffer) const {
        std::uint32_t mask = 0;
        if (error != 0) mask |= k_epollerr;
        if (shutdown == k_both_shutdown) mask |= k_epollhup;
        if ((shutdown & k_rcv_shutdown) != 0) mask |= k_epollrdhup | k_epollin | k_epollrdnorm;
        if (first_message != k_none || pending != 0) mask |= k_epollin | k_epollrdnorm;
        if (kind != FileKind::unix_dgram && state == UnixState::closed) mask |= k_epollhup;
        if (writable(sent_account_bytes + 1, send_buffer)) mask |= k_epollout | k_epollwrnorm | k_epollwrband;
        return mask;
    }
};

} // namespace edgecase::fake
