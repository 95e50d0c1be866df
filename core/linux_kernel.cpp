// The alarm counter, and the proof that epoll_abi.hpp and aio_abi.hpp say what the system's headers say.
#include "core/linux_kernel.hpp"

#include <linux/aio_abi.h>

#include <sys/time.h>

#include <csignal>
#include <cstddef>

namespace edgecase {

std::atomic<unsigned> LinuxKernel::alarms_{0};

namespace {

void handle_alarm(int) {
    LinuxKernel::note_alarm();
}

} // namespace

SysResult LinuxKernel::setitimer(Msec interval_ms) noexcept {
    SysResult handled = SysResult::ok(0);
    if (interval_ms != 0) {
        struct sigaction action {};
        action.sa_handler = handle_alarm; // without SA_RESTART: an alarm is to end the wait
        ::sigemptyset(&action.sa_mask);
        handled = answer(::sigaction(SIGALRM, &action, nullptr));
    }
    itimerval timer{};
    timer.it_interval.tv_sec = static_cast<time_t>(interval_ms / 1000);
    timer.it_interval.tv_usec = static_cast<suseconds_t>(interval_ms % 1000 * 1000);
    timer.it_value = timer.it_interval;
    // Without the handler the alarm would end the process.
    return handled.failed() ? handled : answer(::setitimer(ITIMER_REAL, &timer, nullptr));
}

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
static_assert(k_af_inet == AF_INET);
static_assert(k_sock_stream == SOCK_STREAM);
static_assert(k_sock_nonblock == O_NONBLOCK);
static_assert(k_f_setfd == F_SETFD);
static_assert(k_f_setfl == F_SETFL);
static_assert(k_fd_cloexec == FD_CLOEXEC);

static_assert(sizeof(EpollEvent) == sizeof(epoll_event));
static_assert(alignof(EpollEvent) == alignof(epoll_event));
static_assert(offsetof(EpollEvent, events) == offsetof(epoll_event, events));
static_assert(offsetof(EpollEvent, data) == offsetof(epoll_event, data));
static_assert(sizeof(EpollEvent::data) == sizeof(epoll_data_t));

static_assert(sizeof(BytePiece) == sizeof(iovec));
static_assert(alignof(BytePiece) == alignof(iovec));
static_assert(offsetof(BytePiece, bytes) == offsetof(iovec, iov_base));
static_assert(offsetof(BytePiece, size) == offsetof(iovec, iov_len));

static_assert(k_aio_pread == IOCB_CMD_PREAD);
static_assert(k_aio_resfd == IOCB_FLAG_RESFD);
static_assert(sizeof(AioContextId) == sizeof(aio_context_t));

static_assert(sizeof(AioControlBlock) == sizeof(iocb));
static_assert(offsetof(AioControlBlock, data) == offsetof(iocb, aio_data));
static_assert(offsetof(AioControlBlock, key) == offsetof(iocb, aio_key));
static_assert(offsetof(AioControlBlock, rw_flags) == offsetof(iocb, aio_rw_flags));
static_assert(offsetof(AioControlBlock, opcode) == offsetof(iocb, aio_lio_opcode));
static_assert(offsetof(AioControlBlock, priority) == offsetof(iocb, aio_reqprio));
static_assert(offsetof(AioControlBlock, fd) == offsetof(iocb, aio_fildes));
static_assert(offsetof(AioControlBlock, buffer) == offsetof(iocb, aio_buf));
static_assert(offsetof(AioControlBlock, size) == offsetof(iocb, aio_nbytes));
static_assert(offsetof(AioControlBlock, offset) == offsetof(iocb, aio_offset));
static_assert(offsetof(AioControlBlock, reserved) == offsetof(iocb, aio_reserved2));
static_assert(offsetof(AioControlBlock, flags) == offsetof(iocb, aio_flags));
static_assert(offsetof(AioControlBlock, resfd) == offsetof(iocb, aio_resfd));

static_assert(sizeof(AioCompletion) == sizeof(io_event));
static_assert(offsetof(AioCompletion, data) == offsetof(io_event, data));
static_assert(offsetof(AioCompletion, control_block) == offsetof(io_event, obj));
static_assert(offsetof(AioCompletion, result) == offsetof(io_event, res));
static_assert(offsetof(AioCompletion, result2) == offsetof(io_event, res2));

} // namespace edgecase
