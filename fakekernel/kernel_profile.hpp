// What differs between versions of Linux, as switches: the model asks one where it comes to it, in one place each. What a
// switch is true for is 6.18; the order of the ready list, which no version promises, is Model::order_ready's.
#pragma once

namespace edgecase::fake {

struct KernelProfile {
    bool wait_looks_for_epoll_first = true; // epoll_wait: a bad descriptor before a bad count (S-21)
    bool eventfd_takes_eight_bytes = true;  // and no more: a longer write is EINVAL, since 6.9 (S-90)
};

inline constexpr KernelProfile k_linux_6_18{};
inline constexpr KernelProfile k_linux_4_17{false, false};

} // namespace edgecase::fake
