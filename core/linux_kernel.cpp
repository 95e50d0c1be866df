// The alarm counter, and the proof that epoll_abi.hpp says what the system's headers say.
#include "core/linux_kernel.hpp"

#include <cstddef>

namespace edgecase {

std::atomic<unsigned> LinuxKernel::alarms_{0};

static_assert(k_epollin == EPOLLIN);
static_assert(k_epollpri == EPOLLPRI);
static_assert(k_epollout == EPOLLOUT);
static_assert(k_epollerr == EPOLLERR);
static_assert(k_epollhup == EPOLLHUP);
static_assert(k_epollrdnorm == EPOLLRDNORM);
static_assert(k_epollrdband == EPOLLRDBAND);
static_assert(k_epollwrnorm == EPOLLWRNORM);
static_assert(k_epollwrband == EPOLLWRBAND);
static_assert(k_epollmsg == EPOLLMSG);
static_assert(k_epollrdhup == EPOLLRDHUP);
static_assert(k_epollexclusive == EPOLLEXCLUSIVE);
static_assert(k_epollwakeup == EPOLLWAKEUP);
static_assert(k_epolloneshot == EPOLLONESHOT);
static_assert(k_epollet == static_cast<std::uint32_t>(EPOLLET));

static_assert(k_epoll_ctl_add == EPOLL_CTL_ADD);
static_assert(k_epoll_ctl_del == EPOLL_CTL_DEL);
static_assert(k_epoll_ctl_mod == EPOLL_CTL_MOD);

static_assert(k_epoll_cloexec == EPOLL_CLOEXEC);
static_assert(k_efd_cloexec == EFD_CLOEXEC);
static_assert(k_efd_nonblock == EFD_NONBLOCK);
static_assert(k_efd_semaphore == EFD_SEMAPHORE);
static_assert(k_sock_nonblock == SOCK_NONBLOCK);
static_assert(k_sock_cloexec == SOCK_CLOEXEC);
static_assert(k_msg_nosignal == MSG_NOSIGNAL);

static_assert(sizeof(EpollEvent) == sizeof(epoll_event));
static_assert(alignof(EpollEvent) == alignof(epoll_event));
static_assert(offsetof(EpollEvent, events) == offsetof(epoll_event, events));
static_assert(offsetof(EpollEvent, data) == offsetof(epoll_event, data));
static_assert(sizeof(EpollEvent::data) == sizeof(epoll_data_t));

static_assert(sizeof(BytePiece) == sizeof(iovec));
static_assert(alignof(BytePiece) == alignof(iovec));
static_assert(offsetof(BytePiece, bytes) == offsetof(iovec, iov_base));
static_assert(offsetof(BytePiece, size) == offsetof(iovec, iov_len));

} // namespace edgecase
