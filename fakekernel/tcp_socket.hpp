// One end of a TCP connection, a listener, or a socket on the way to either. The network is a loopback that
// delivers at once: what Linux keeps in the sender's queue, on the wire and in the receiver's queue is one
// bounded buffer here, the receiver's.
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"
#include "fakekernel/byte_queue.hpp"
#include "fakekernel/unix_socket.hpp"

namespace edgecase::fake {

// States that last: segments arrive at once, so the ones that wait for an acknowledgement do not.
enum class TcpState : std::uint8_t { closed, listening, syn_sent, established, close_wait, fin_wait };
// socket->state.
enum class ConnectState : std::uint8_t { unconnected, connecting, connected, disconnecting };
enum class Urgent : std::uint8_t { none, valid, read };

struct TcpSocket {
    TcpState state = TcpState::closed;
    ConnectState connect_state = ConnectState::unconnected;
    Urgent urgent = Urgent::none;
    unsigned char urgent_byte = 0;
    std::uint8_t shutdown = 0;
    bool done = false;          // SOCK_DONE: a FIN came
    bool no_space = false;      // SOCK_NOSPACE: a wakeup is owed when there is room (S-53)
    bool linger_reset = false;  // SO_LINGER with time 0: close resets
    bool bound = false;         // by bind or listen, not by connect
    bool port_asked = false;    // bound to a port by number, which it keeps (SOCK_BINDPORT_LOCK)
    bool chained = false;       // in the model's list of sockets with a port
    bool wait_to_retry = false; // in the list of SYNs to send again
    std::int32_t error = 0;     // sk_err
    std::uint32_t receive_low_bytes = 1;
    Index file = k_none; // k_none before accept
    Index peer = k_none; // k_none also when the other end is closed
    std::uint16_t port = 0;
    std::uint16_t remote_port = 0;
    // The receive queue; positions count bytes from the start of the connection.
    ByteQueue bytes;
    std::uint64_t copied = 0; // position of the first byte in the queue
    std::uint64_t urgent_position = 0;
    // A listener's queue of connections not yet accepted.
    Index first_pending = k_none;
    Index last_pending = k_none;
    Index next_pending = k_none;
    std::uint32_t pending = 0;
    std::uint32_t backlog = 0;
    // The next SYN.
    std::uint64_t retry_at_ns = 0;
    std::uint64_t retry_after_ns = 0;
    std::uint32_t retries = 0;
    // Lists: sockets with a port, sockets with a SYN to send again.
    Index next_port = k_none;
    Index previous_port = k_none;
    Index next_retry = k_none;

    // tcp_epollin_ready(): so many bytes, or no room for more (S-126).
    [[nodiscard]] bool readable(std::uint64_t target_bytes, std::uint32_t buffer_bytes) const {
        return bytes.size_bytes > 0 && (bytes.size_bytes >= target_bytes || bytes.size_bytes >= buffer_bytes);
    }
};

} // namespace edgecase::fake
