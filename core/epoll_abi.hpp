// The part of Linux's epoll, eventfd and socket interface that the reactor needs, spelled out, so that the
// whole project builds where <sys/epoll.h> does not exist. linux_kernel.cpp asserts every value and the
// layout against the system's headers.
#pragma once

#include <cstdint>

namespace edgecase {

// Bits of epoll_event.events: epoll_ctl(2).
inline constexpr std::uint32_t k_epollin = 0x001;
inline constexpr std::uint32_t k_epollpri = 0x002;
inline constexpr std::uint32_t k_epollout = 0x004;
inline constexpr std::uint32_t k_epollerr = 0x008;
inline constexpr std::uint32_t k_epollhup = 0x010;
inline constexpr std::uint32_t k_epollrdnorm = 0x040;
inline constexpr std::uint32_t k_epollrdband = 0x080;
inline constexpr std::uint32_t k_epollwrnorm = 0x100;
inline constexpr std::uint32_t k_epollwrband = 0x200;
inline constexpr std::uint32_t k_epollmsg = 0x400;
inline constexpr std::uint32_t k_epollrdhup = 0x2000;
inline constexpr std::uint32_t k_epollexclusive = 1U << 28;
inline constexpr std::uint32_t k_epollwakeup = 1U << 29;
inline constexpr std::uint32_t k_epolloneshot = 1U << 30;
inline constexpr std::uint32_t k_epollet = 1U << 31;

// Operations of epoll_ctl(2).
inline constexpr int k_epoll_ctl_add = 1;
inline constexpr int k_epoll_ctl_del = 2;
inline constexpr int k_epoll_ctl_mod = 3;

// Flags of epoll_create1(2) and eventfd(2).
inline constexpr int k_epoll_cloexec = 02000000;
inline constexpr int k_efd_cloexec = 02000000;
inline constexpr int k_efd_nonblock = 04000;
inline constexpr int k_efd_semaphore = 1;

// Flags of accept4(2), and of the type that socket(2) takes.
inline constexpr int k_sock_nonblock = 04000;
inline constexpr int k_sock_cloexec = 02000000;

// socket(2): IPv4, and a stream, which is TCP there.
inline constexpr int k_af_inet = 2;
inline constexpr int k_sock_stream = 1;

// fcntl(2). O_NONBLOCK is k_sock_nonblock.
inline constexpr int k_f_setfd = 2;
inline constexpr int k_f_setfl = 4;
inline constexpr int k_fd_cloexec = 1;

// A flag of send(2): a broken connection is an error, not a signal.
inline constexpr int k_msg_nosignal = 0x4000;

// The most events that one epoll_wait may be asked for: INT_MAX / sizeof(struct epoll_event) on x86-64
// (S-21).
inline constexpr std::uint32_t k_epoll_max_events = 178956970;

// struct epoll_event. Packed on x86-64 and nowhere else (S-24); data is opaque to the kernel.
#if defined(__x86_64__)
struct [[gnu::packed]] EpollEvent {
#else
struct EpollEvent {
#endif
    std::uint32_t events;
    std::uint64_t data;
};

#if defined(__x86_64__)
static_assert(sizeof(EpollEvent) == 12);
#endif

} // namespace edgecase
