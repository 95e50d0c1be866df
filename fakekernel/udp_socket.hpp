// A UDP socket on the loopback, with its receive queue of datagrams and the account of the memory that they hold
// (net/ipv4/udp.c). A datagram is at its receiver when the call that sends it returns, or it is lost.
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"
#include "fakekernel/byte_queue.hpp"
#include "fakekernel/unix_socket.hpp"

namespace edgecase::fake {

struct UdpSocket {
    bool connected = false;
    std::uint8_t shutdown = 0;
    std::int32_t error = 0; // sk_err
    Index file = k_none;
    std::uint16_t port = 0; // 0: not bound
    std::uint16_t remote_port = 0;
    Index next_port = k_none; // of the sockets with a port
    Index first_message = k_none;
    Index last_message = k_none;
    std::uint32_t messages = 0;
    ByteQueue bytes;
    // The reader takes over the whole queue when it has nothing left, and gives memory back in lots
    // (reader_queue and forward_deficit).
    std::uint32_t reader_messages = 0;
    std::uint32_t held_bytes = 0; // sk_rmem_alloc
    std::uint32_t owed_bytes = 0; // read, and not given back yet

    // udp_poll() and datagram_poll(): always writable, as the loopback holds nothing back (S-132).
    [[nodiscard]] std::uint32_t poll_mask() const {
        std::uint32_t mask = k_epollout | k_epollwrnorm | k_epollwrband;
        if (error != 0) mask |= k_epollerr;
        if (shutdown == k_both_shutdown) mask |= k_epollhup;
        if ((shutdown & k_rcv_shutdown) != 0) mask |= k_epollrdhup | k_epollin | k_epollrdnorm;
        if (first_message != k_none) mask |= k_epollin | k_epollrdnorm;
        return mask;
    }
};

} // namespace edgecase::fake
