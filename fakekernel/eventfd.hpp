// The counter of an eventfd.
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"

namespace edgecase::fake {

inline constexpr std::uint64_t k_eventfd_limit = ~std::uint64_t{0};

struct Eventfd {
    std::uint64_t count = 0;
    bool semaphore = false;

    // eventfd_poll(); S-88.
    [[nodiscard]] std::uint32_t poll_mask() const {
        std::uint32_t mask = 0;
        if (count > 0) mask |= k_epollin;
        if (count == k_eventfd_limit) mask |= k_epollerr;
        if (k_eventfd_limit - 1 > count) mask |= k_epollout;
        return mask;
    }
};

} // namespace edgecase::fake
