// The real system. The constants that the model spells out are held against the system's headers here.
#include "fakekernel/conformance/system.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

namespace edgecase::fake::conformance {

static_assert(sizeof(EpollEvent) == sizeof(epoll_event));
static_assert(k_eagain == EAGAIN && k_ebadf == EBADF && k_efault == EFAULT && k_eexist == EEXIST);
static_assert(k_einval == EINVAL && k_emfile == EMFILE && k_epipe == EPIPE && k_eloop == ELOOP);
static_assert(k_eperm == EPERM && k_enoent == ENOENT && k_enotsock == ENOTSOCK && k_emsgsize == EMSGSIZE);
static_assert(k_eopnotsupp == EOPNOTSUPP && k_eaddrinuse == EADDRINUSE && k_econnaborted == ECONNABORTED);
static_assert(k_econnreset == ECONNRESET && k_eisconn == EISCONN && k_enotconn == ENOTCONN);
static_assert(k_etimedout == ETIMEDOUT && k_econnrefused == ECONNREFUSED && k_ealready == EALREADY);
static_assert(k_einprogress == EINPROGRESS && k_esrch == ESRCH && k_enfile == ENFILE && k_espipe == ESPIPE);
static_assert(k_edestaddrreq == EDESTADDRREQ);
static_assert(k_clock_monotonic == CLOCK_MONOTONIC && k_clock_boottime == CLOCK_BOOTTIME);
static_assert(k_tfd_timer_abstime == TFD_TIMER_ABSTIME &&
              k_tfd_timer_cancel_on_set == TFD_TIMER_CANCEL_ON_SET);
static_assert(k_o_nonblock == TFD_NONBLOCK && k_o_cloexec == TFD_CLOEXEC);
static_assert(k_o_nonblock == SFD_NONBLOCK && k_o_cloexec == SFD_CLOEXEC);
static_assert(k_sigalrm == SIGALRM && k_sigchld == SIGCHLD && k_itimer_real == ITIMER_REAL);
static_assert(k_sig_block == SIG_BLOCK && k_sig_unblock == SIG_UNBLOCK && k_sig_setmask == SIG_SETMASK);
static_assert(k_si_user == SI_USER && k_si_kernel == SI_KERNEL && k_cld_exited == CLD_EXITED);
static_assert(k_siginfo_bytes == sizeof(signalfd_siginfo) && offsetof(signalfd_siginfo, ssi_code) == 8 &&
              offsetof(signalfd_siginfo, ssi_pid) == 12);
static_assert(k_esocktnosupport == ESOCKTNOSUPPORT && k_eafnosupport == EAFNOSUPPORT);
static_assert(k_enetunreach == ENETUNREACH);
static_assert(k_o_wronly == O_WRONLY && k_o_rdwr == O_RDWR && k_o_append == O_APPEND);
static_assert(k_o_nonblock == O_NONBLOCK && k_o_cloexec == O_CLOEXEC);
static_assert(k_o_nonblock == SOCK_NONBLOCK && k_o_cloexec == SOCK_CLOEXEC);
static_assert(k_f_dupfd == F_DUPFD && k_f_getfd == F_GETFD && k_f_setfd == F_SETFD && k_f_getfl == F_GETFL);
static_assert(k_f_setfl == F_SETFL && k_f_dupfd_cloexec == F_DUPFD_CLOEXEC && k_fd_cloexec == FD_CLOEXEC);
static_assert(k_sock_stream == SOCK_STREAM && k_sock_dgram == SOCK_DGRAM &&
              k_sock_seqpacket == SOCK_SEQPACKET);
static_assert(k_uio_maxiov == UIO_MAXIOV);
static_assert(k_shut_rd == SHUT_RD && k_shut_wr == SHUT_WR && k_shut_rdwr == SHUT_RDWR);
static_assert(k_msg_oob == MSG_OOB && k_msg_peek == MSG_PEEK && k_msg_trunc == MSG_TRUNC);
static_assert(k_msg_dontwait == MSG_DONTWAIT && k_msg_waitall == MSG_WAITALL);
static_assert(k_msg_nosignal == MSG_NOSIGNAL && k_pollnval == POLLNVAL);

namespace {

constexpr std::uint64_t k_most_settling_ns = 5'000'000;
constexpr std::size_t k_child_stack_bytes = 16'384;

// It has its own table of descriptors, which is all that is asked of it, and shares the memory: a copy would cost a
// program more than all its calls. It must not outlive a parent that dies.
int live_until_killed(void*) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true)
        ::syscall(SYS_pause);
}

long plain(long result) {
    return result < 0 ? -static_cast<long>(errno) : result;
}

bool is_unix_socket(int fd) {
    int domain = 0;
    socklen_t length = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

// A name of the abstract namespace that no other process uses.
socklen_t unix_address(std::uint16_t name, sockaddr_un& address) {
    std::memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    const int length = std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "edgecase-%d-%d",
                                     static_cast<int>(getpid()), name);
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<unsigned>(length));
}

bool is_udp_socket(int fd) {
    int type = 0;
    socklen_t length = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM;
}

itimerspec to_itimerspec(const TimerSpec& spec) {
    itimerspec value{};
    value.it_interval.tv_sec = spec.interval.seconds;
    value.it_interval.tv_nsec = spec.interval.nanoseconds;
    value.it_value.tv_sec = spec.value.seconds;
    value.it_value.tv_nsec = spec.value.nanoseconds;
    return value;
}
TimerSpec from_itimerspec(const itimerspec& value) {
    return TimerSpec{{value.it_interval.tv_sec, value.it_interval.tv_nsec},
                     {value.it_value.tv_sec, value.it_value.tv_nsec}};
}

sigset_t to_sigset(SignalSet set) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal = 1; signal <= k_last_signal; ++signal) {
        if ((set & signal_bit(signal)) != 0) sigaddset(&signals, signal);
    }
    return signals;
}
SignalSet from_sigset(const sigset_t& signals) {
    SignalSet set = 0;
    for (int signal = 1; signal <= k_last_signal; ++signal) {
        if (sigismember(&signals, signal) == 1) set |= signal_bit(signal);
    }
    return set;
}

volatile std::sig_atomic_t handler_runs[k_last_signal + 1];

void count_run(int signal) {
    handler_runs[signal] = handler_runs[signal] + 1;
}

sockaddr_in tcp_address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

} // namespace

RealSystem::RealSystem() {
    std::signal(SIGPIPE, SIG_IGN);
    for (int signal = 1; signal <= k_last_signal; ++signal)
        handler_runs[signal] = 0;
    for (int fd = 0; fd < 1024; ++fd)
        opened_[fd] = really_open(fd);
}

RealSystem::~RealSystem() {
    restart();
    if (aio_ != 0) io_destroy(aio_);
    if (old_limit_ != 0) limit_open_files(static_cast<unsigned>(old_limit_));
}

void RealSystem::restart() {
    if (child_ > 0) end_child();
    quiet_signals();
    drain_aio();
    close_what_was_opened();
}

void RealSystem::quiet_signals() {
    if (touched_ == 0) return;
    setitimer(0, 0);
    for (int signal = 1; signal <= k_last_signal; ++signal) {
        handler_runs[signal] = 0;
        if ((touched_ & signal_bit(signal)) == 0) continue;
        std::signal(signal, SIG_IGN); // drops what is pending
    }
    const SignalSet all = touched_;
    sigprocmask(k_sig_unblock, &all, nullptr);
    for (int signal = 1; signal <= k_last_signal; ++signal) {
        if ((touched_ & signal_bit(signal)) != 0) std::signal(signal, SIG_DFL);
    }
    touched_ = 0;
}

// Run by run of numbers that were not open before.
void RealSystem::close_what_was_opened() {
    for (unsigned from = 0; from < 1024;) {
        unsigned to = from;
        while (to < 1024 && opened_[to] == opened_[from])
            ++to;
        if (!opened_[from]) ::syscall(SYS_close_range, from, to - 1, 0);
        from = to;
    }
}

AioContextId RealSystem::aio_context() {
    if (aio_ == 0) io_setup(64, &aio_);
    return aio_;
}

void RealSystem::drain_aio() {
    if (aio_ == 0) return;
    AioCompletion completions[16];
    while (io_getevents(aio_, 0, 16, completions) > 0) {
    }
}

long RealSystem::epoll_create(int size) {
    return plain(::epoll_create(size));
}
long RealSystem::epoll_create1(int flags) {
    return plain(::epoll_create1(flags));
}
long RealSystem::epoll_ctl(int epfd, int op, int fd, const EpollEvent* event) {
    EpollEvent copy{};
    if (event != nullptr) copy = *event;
    return plain(
        ::epoll_ctl(epfd, op, fd, event == nullptr ? nullptr : reinterpret_cast<epoll_event*>(&copy)));
}
// Into a buffer that lies low: access_ok() asks whether the address space goes on for as many events as are asked for,
// and whether it does behind the stack is decided anew for each process.
long RealSystem::epoll_wait(int epfd, EpollEvent* out, int maxevents) {
    constexpr int k_room = 1024; // more are never ready
    static epoll_event low[k_room];
    if (out == nullptr) return plain(::epoll_wait(epfd, nullptr, maxevents, 0));
    const long count = plain(::epoll_wait(epfd, low, maxevents, 0));
    if (count > 0) std::memcpy(out, low, static_cast<std::size_t>(count) * sizeof(EpollEvent));
    return count;
}
long RealSystem::eventfd(unsigned initval, int flags) {
    return plain(::eventfd(initval, flags));
}
long RealSystem::pipe2(int* fds, int flags) {
    return plain(::pipe2(fds, flags));
}
long RealSystem::socketpair(int type, int flags, int* fds) {
    return plain(::socketpair(AF_UNIX, type | flags, 0, fds));
}
long RealSystem::socket(FileKind kind, int flags) {
    switch (kind) {
    case FileKind::tcp: {
        // Without Nagle's delays: the model delivers at once.
        const long fd = plain(::socket(AF_INET, SOCK_STREAM | flags, 0));
        const int on = 1;
        setsockopt(static_cast<int>(fd), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    case FileKind::udp: return plain(::socket(AF_INET, SOCK_DGRAM | flags, 0));
    case FileKind::unix_stream: return plain(::socket(AF_UNIX, SOCK_STREAM | flags, 0));
    case FileKind::unix_dgram: return plain(::socket(AF_UNIX, SOCK_DGRAM | flags, 0));
    case FileKind::unix_seqpacket: return plain(::socket(AF_UNIX, SOCK_SEQPACKET | flags, 0));
    default: return -EINVAL;
    }
}
long RealSystem::bind(int fd, std::uint16_t port) {
    if (is_unix_socket(fd)) {
        sockaddr_un address{};
        const socklen_t length = unix_address(port, address);
        return plain(::bind(fd, reinterpret_cast<sockaddr*>(&address), length));
    }
    // A UDP port could be had twice with it.
    const int on = is_udp_socket(fd) ? 0 : 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = tcp_address(port);
    return plain(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}
long RealSystem::listen(int fd, int backlog) {
    return plain(::listen(fd, backlog));
}
long RealSystem::connect(int fd, std::uint16_t port) {
    if (is_unix_socket(fd)) {
        sockaddr_un address{};
        const socklen_t length = unix_address(port, address);
        return plain(::connect(fd, reinterpret_cast<sockaddr*>(&address), length));
    }
    const sockaddr_in address = tcp_address(port);
    return plain(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}
long RealSystem::accept4(int fd, int flags) {
    return plain(::accept4(fd, nullptr, nullptr, flags));
}
long RealSystem::shutdown(int fd, int how) {
    return plain(::shutdown(fd, how));
}
long RealSystem::so_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? -static_cast<long>(errno) : error;
}
long RealSystem::set_rcvlowat(int fd, int bytes) {
    return plain(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes));
}
long RealSystem::set_linger(int fd, bool on, int seconds) {
    const linger value{on ? 1 : 0, seconds};
    return plain(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value));
}
long RealSystem::port(int fd) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) return -static_cast<long>(errno);
    return ntohs(address.sin_port);
}
long RealSystem::read(int fd, void* buffer, std::size_t size) {
    return plain(::read(fd, buffer, size));
}
long RealSystem::write(int fd, const void* bytes, std::size_t size) {
    return plain(::write(fd, bytes, size));
}
long RealSystem::recv(int fd, void* buffer, std::size_t size, int flags) {
    return plain(::recv(fd, buffer, size, flags));
}
long RealSystem::send(int fd, const void* bytes, std::size_t size, int flags) {
    return plain(::send(fd, bytes, size, flags | MSG_NOSIGNAL));
}
long RealSystem::sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) {
    std::vector<iovec> vectors(count);
    for (std::size_t i = 0; i < count; ++i) {
        vectors[i] = {const_cast<void*>(pieces[i].bytes), pieces[i].size};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    return plain(::sendmsg(fd, &message, flags | MSG_NOSIGNAL));
}
long RealSystem::sendto(int fd, const void* bytes, std::size_t size, std::uint16_t port) {
    const sockaddr_in address = tcp_address(port);
    return plain(
        ::sendto(fd, bytes, size, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}
long RealSystem::recvfrom(int fd, void* buffer, std::size_t size, int flags, std::uint16_t* port) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    const long count =
        plain(::recvfrom(fd, buffer, size, flags, reinterpret_cast<sockaddr*>(&address), &length));
    if (count >= 0) *port = ntohs(address.sin_port);
    return count;
}
long RealSystem::timerfd_create(int clock, int flags) {
    return plain(::timerfd_create(clock, flags));
}
long RealSystem::timerfd_settime(int fd, int flags, const TimerSpec* value, TimerSpec* old) {
    itimerspec before{};
    itimerspec wanted{};
    if (value != nullptr) wanted = to_itimerspec(*value);
    const long result = plain(::timerfd_settime(fd, flags, value == nullptr ? nullptr : &wanted, &before));
    if (result == 0 && old != nullptr) *old = from_itimerspec(before);
    return result;
}
long RealSystem::timerfd_gettime(int fd, TimerSpec* out) {
    itimerspec value{};
    const long result = plain(::timerfd_gettime(fd, out == nullptr ? nullptr : &value));
    if (result == 0) *out = from_itimerspec(value);
    return result;
}
long RealSystem::signalfd(int fd, const SignalSet* mask, int flags) {
    if (mask == nullptr) return plain(::syscall(SYS_signalfd4, fd, nullptr, sizeof(SignalSet), flags));
    const sigset_t signals = to_sigset(*mask);
    return plain(::signalfd(fd, &signals, flags));
}
long RealSystem::kill_self(int signal) {
    return plain(::kill(getpid(), signal));
}
long RealSystem::sigaction(int signal, SignalAction action) {
    struct sigaction wanted = {};
    wanted.sa_flags = SA_RESTART;
    switch (action) {
    case SignalAction::by_default: wanted.sa_handler = SIG_DFL; break;
    case SignalAction::ignore: wanted.sa_handler = SIG_IGN; break;
    case SignalAction::handler: wanted.sa_handler = count_run; break;
    }
    const long result = plain(::sigaction(signal, &wanted, nullptr));
    if (result == 0) touched_ |= signal_bit(signal);
    return result;
}
long RealSystem::sigprocmask(int how, const SignalSet* set, SignalSet* old) {
    sigset_t wanted{};
    sigset_t before{};
    if (set != nullptr) {
        wanted = to_sigset(*set);
        touched_ |= *set & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
    }
    const long result = plain(::sigprocmask(how, set == nullptr ? nullptr : &wanted, &before));
    if (result == 0 && old != nullptr) *old = from_sigset(before);
    return result;
}
long RealSystem::setitimer(std::int64_t value_us, std::int64_t interval_us) {
    itimerval value{};
    value.it_value.tv_sec = value_us / 1'000'000;
    value.it_value.tv_usec = value_us % 1'000'000;
    value.it_interval.tv_sec = interval_us / 1'000'000;
    value.it_interval.tv_usec = interval_us % 1'000'000;
    return plain(::setitimer(ITIMER_REAL, &value, nullptr));
}
unsigned RealSystem::handled(int signal) {
    return static_cast<unsigned>(handler_runs[signal]);
}
SignalSet RealSystem::pending() {
    sigset_t signals;
    ::sigpending(&signals);
    return from_sigset(signals);
}
long RealSystem::sleep_in_wait(int epfd, EpollEvent* out, int maxevents, int timeout_ms) {
    return plain(::epoll_wait(epfd, reinterpret_cast<epoll_event*>(out), maxevents, timeout_ms));
}
std::uint64_t RealSystem::now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}
// Whatever signals come meanwhile.
void RealSystem::pass(unsigned milliseconds) {
    const std::uint64_t until_ns = now_ns() + std::uint64_t{milliseconds} * 1'000'000;
    for (std::uint64_t now = now_ns(); now < until_ns; now = now_ns())
        usleep(static_cast<useconds_t>((until_ns - now) / 1000 + 1));
}
long RealSystem::pread(int fd, void* buffer, std::size_t size, std::int64_t offset) {
    return plain(::pread(fd, buffer, size, offset));
}
long RealSystem::io_setup(unsigned requests, AioContextId* context) {
    return plain(::syscall(SYS_io_setup, requests, context));
}
long RealSystem::io_submit(AioContextId context, long count, AioControlBlock** blocks) {
    return plain(::syscall(SYS_io_submit, context, count, blocks));
}
long RealSystem::io_getevents(AioContextId context, long least, long most, AioCompletion* out) {
    timespec no_time{};
    return plain(::syscall(SYS_io_getevents, context, least, most, out, &no_time));
}
long RealSystem::io_destroy(AioContextId context) {
    return plain(::syscall(SYS_io_destroy, context));
}
long RealSystem::close(int fd) {
    return plain(::close(fd));
}
long RealSystem::dup(int fd) {
    return plain(::dup(fd));
}
long RealSystem::dup2(int old_fd, int new_fd) {
    return plain(::dup2(old_fd, new_fd));
}
long RealSystem::dup3(int old_fd, int new_fd, int flags) {
    return plain(::dup3(old_fd, new_fd, flags));
}
long RealSystem::fcntl(int fd, int command, int argument) {
    return plain(::fcntl(fd, command, argument));
}
long RealSystem::fionbio(int fd, int on) {
    return plain(ioctl(fd, FIONBIO, &on));
}
long RealSystem::poll(int fd, std::uint32_t events) {
    pollfd entry{fd, static_cast<short>(events), 0};
    const long count = plain(::poll(&entry, 1, 0));
    return count < 0 ? count : static_cast<unsigned short>(entry.revents);
}
int RealSystem::plain_file() {
    return ::open("/dev/null", O_RDWR | O_CLOEXEC);
}

// On the number that the model's would have: the lowest.
int RealSystem::regular_file(std::size_t size) {
    const int fd = ::memfd_create("edgecase", MFD_CLOEXEC);
    std::vector<unsigned char> bytes(size);
    copy_file_bytes(0, bytes.data(), size);
    if (::write(fd, bytes.data(), size) != static_cast<ssize_t>(size)) return -1;
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int reader = ::open(path, O_RDONLY | O_CLOEXEC);
    ::dup2(reader, fd);
    ::close(reader);
    return fd;
}

void RealSystem::fork_child() {
    child_stack_.resize(k_child_stack_bytes);
    child_ =
        ::clone(live_until_killed, child_stack_.data() + k_child_stack_bytes, CLONE_VM | SIGCHLD, nullptr);
}

void RealSystem::end_child() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = -1;
}

void RealSystem::limit_open_files(unsigned count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (old_limit_ == 0) old_limit_ = limit.rlim_cur;
    limit.rlim_cur = count;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void RealSystem::settle(unsigned milliseconds) {
    usleep(milliseconds * 1000);
}

bool RealSystem::settle_masks(const int* fds, std::size_t count) {
    constexpr std::size_t k_most = 32;
    pollfd before[k_most];
    pollfd now[k_most];
    const std::size_t used = std::min(count, k_most);
    for (std::size_t i = 0; i < used; ++i)
        before[i] = now[i] = pollfd{fds[i], POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    const std::uint64_t until_ns = now_ns() + k_most_settling_ns;
    ::poll(before, used, 0);
    while (true) {
        ::poll(now, used, 0);
        const auto same = [](const pollfd& a, const pollfd& b) { return a.revents == b.revents; };
        if (std::equal(before, before + used, now, same)) return true;
        if (now_ns() > until_ns) return false;
        std::copy(now, now + used, before);
    }
}

void RealSystem::await_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    ::poll(&entry, 1, static_cast<int>(k_most_settling_ns / 1'000'000));
}

} // namespace edgecase::fake::conformance
