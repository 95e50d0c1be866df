// A pipe: sixteen buffers of a page, filled and emptied as fs/pipe.c does it (S-99).
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"
#include "fakekernel/byte_queue.hpp"
#include "fakekernel/linux_abi.hpp"

namespace edgecase::fake {

struct Pipe {
    struct Buffer {
        std::uint16_t offset = 0; // of the first unread byte in its page
        std::uint16_t size_bytes = 0;
    };

    Index reader = k_none; // the file of each end, k_none once it is released
    Index writer = k_none;
    std::uint32_t head = 0; // buffers filled so far, and emptied so far
    std::uint32_t tail = 0;
    // Set by the first poll: from then on each write wakes, although the pipe was not empty (S-48).
    bool poll_usage = false;
    Buffer buffers[k_pipe_buffers];
    ByteQueue bytes;

    [[nodiscard]] bool empty() const { return head == tail; }
    [[nodiscard]] bool full() const { return head - tail >= k_pipe_buffers; }
    [[nodiscard]] Buffer& at(std::uint32_t position) { return buffers[position % k_pipe_buffers]; }

    // pipe_poll(); S-97, S-98.
    [[nodiscard]] std::uint32_t read_mask() const {
        std::uint32_t mask = 0;
        if (!empty()) mask |= k_epollin | k_epollrdnorm;
        if (writer == k_none) mask |= k_epollhup;
        return mask;
    }
    [[nodiscard]] std::uint32_t write_mask() const {
        std::uint32_t mask = 0;
        if (!full()) mask |= k_epollout | k_epollwrnorm;
        if (reader == k_none) mask |= k_epollerr;
        return mask;
    }
};

} // namespace edgecase::fake
