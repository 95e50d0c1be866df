// Two systems of one shape: the real kernel and the model of it. A conformance test, or a random program, is
// written once against this shape and runs on both. Calls answer the value, or the errno negated. Every
// descriptor should be made non-blocking: the model never sleeps, the real kernel would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/aio_abi.hpp"
#include "core/epoll_abi.hpp"
#include "fakekernel/conformance/sleeper.hpp"
#include "fakekernel/model.hpp"

namespace edgecase::fake::conformance {

class RealSystem {
public:
    static constexpr bool k_real = true;
    RealSystem();
    ~RealSystem();
    RealSystem(const RealSystem&) = delete;
    RealSystem& operator=(const RealSystem&) = delete;

    // The start of another program: what the last one opened is closed, its child and its signals are gone.
    void restart();

    long epoll_create(int size);
    long epoll_create1(int flags);
    long epoll_ctl(int epfd, int op, int fd, const EpollEvent* event);
    long epoll_wait(int epfd, EpollEvent* out, int maxevents); // with timeout 0
    long eventfd(unsigned initval, int flags);
    long pipe2(int* fds, int flags);
    long socketpair(int type, int flags, int* fds);
    long socket(FileKind kind, int flags);
    long bind(int fd, std::uint16_t port);
    long listen(int fd, int backlog);
    long connect(int fd, std::uint16_t port);
    long accept4(int fd, int flags);
    long shutdown(int fd, int how);
    long so_error(int fd);
    long set_rcvlowat(int fd, int bytes);
    long set_linger(int fd, bool on, int seconds);
    long port(int fd);
    long read(int fd, void* buffer, std::size_t size);
    long write(int fd, const void* bytes, std::size_t size);
    long recv(int fd, void* buffer, std::size_t size, int flags);
    long send(int fd, const void* bytes, std::size_t size, int flags);
    long sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags);
    long sendto(int fd, const void* bytes, std::size_t size, std::uint16_t port);
    long recvfrom(int fd, void* buffer, std::size_t size, int flags, std::uint16_t* port);
    long timerfd_create(int clock, int flags);
    long timerfd_settime(int fd, int flags, const TimerSpec* value, TimerSpec* old);
    long timerfd_gettime(int fd, TimerSpec* out);
    long signalfd(int fd, const SignalSet* mask, int flags);
    // Signals of the test's own process. A handler counts its calls; it is installed with SA_RESTART.
    long kill_self(int signal);
    long sigaction(int signal, SignalAction action);
    long sigprocmask(int how, const SignalSet* set, SignalSet* old);
    long setitimer(std::int64_t value_us, std::int64_t interval_us);
    unsigned handled(int signal);
    SignalSet pending();
    // epoll_wait that sleeps.
    long sleep_in_wait(int epfd, EpollEvent* out, int maxevents, int timeout_ms);
    // The monotonic clock; lets time pass.
    std::uint64_t now_ns();
    void pass(unsigned milliseconds);
    long pread(int fd, void* buffer, std::size_t size, std::int64_t offset);
    long io_setup(unsigned requests, AioContextId* context);
    long io_submit(AioContextId context, long count, AioControlBlock** blocks);
    long io_getevents(AioContextId context, long least, long most, AioCompletion* out); // without a timeout
    long io_destroy(AioContextId context);
    long close(int fd);
    long dup(int fd);
    long dup2(int old_fd, int new_fd);
    long dup3(int old_fd, int new_fd, int flags);
    long fcntl(int fd, int command, int argument);
    long fionbio(int fd, int on);
    long poll(int fd, std::uint32_t events);
    // A file without a poll operation.
    int plain_file();
    // A file in the page cache, open for reading, with the bytes of file_byte().
    int regular_file(std::size_t size);
    // A child with copies of every descriptor, and its end.
    void fork_child();
    void end_child();
    // RLIMIT_NOFILE, until the end of the test.
    void limit_open_files(unsigned limit);
    // Lets the loopback deliver what is under way.
    void settle(unsigned milliseconds = 2);
    // The same until two looks at what these report in poll(2) agree: at most 5 ms. False: it still moves.
    bool settle_masks(const int* fds, std::size_t count);
    // Until that descriptor is readable, at most 5 ms.
    void await_readable(int fd);
    // A context for the programs of this system, one for all of them: to give one back takes 40 ms.
    AioContextId aio_context();

private:
    void quiet_signals();
    void close_what_was_opened();
    void drain_aio();

    int child_ = -1;
    unsigned long old_limit_ = 0;
    bool opened_[1024] = {}; // of the numbers, those that were open before
    SignalSet touched_ = 0;  // signals whose handlers were changed
    AioContextId aio_ = 0;
    std::vector<unsigned char> child_stack_;
};

class ModelSystem {
public:
    static constexpr bool k_real = false;
    ModelSystem();
    ~ModelSystem() { model_.check_consistency(); }
    ModelSystem(const ModelSystem&) = delete;
    ModelSystem& operator=(const ModelSystem&) = delete;

    // The start of another program on the same model.
    void restart(const ModelOptions& options = {});
    Model& model() { return model_; }

    long epoll_create(int size) { return plain(model_.epoll_create(0, size)); }
    long epoll_create1(int flags) { return plain(model_.epoll_create1(0, flags)); }
    long epoll_ctl(int epfd, int op, int fd, const EpollEvent* event) {
        return plain(model_.epoll_ctl(0, epfd, op, fd, event));
    }
    long epoll_wait(int epfd, EpollEvent* out, int maxevents) {
        return plain(model_.harvest(0, epfd, out, maxevents));
    }
    long eventfd(unsigned initval, int flags) { return plain(model_.eventfd(0, initval, flags)); }
    long pipe2(int* fds, int flags) { return plain(model_.pipe2(0, fds, flags)); }
    long socketpair(int type, int flags, int* fds) { return plain(model_.socketpair(0, type, flags, fds)); }
    long socket(FileKind kind, int flags) { return plain(model_.socket(0, kind, flags)); }
    long bind(int fd, std::uint16_t port) { return plain(model_.bind(0, fd, port)); }
    long listen(int fd, int backlog) { return plain(model_.listen(0, fd, backlog)); }
    long connect(int fd, std::uint16_t port) { return plain(model_.connect(0, fd, port)); }
    long accept4(int fd, int flags) { return plain(model_.accept4(0, fd, flags)); }
    long shutdown(int fd, int how) { return plain(model_.shutdown(0, fd, how)); }
    long so_error(int fd) { return plain(model_.getsockopt_error(0, fd)); }
    long set_rcvlowat(int fd, int bytes) { return plain(model_.set_rcvlowat(0, fd, bytes)); }
    long set_linger(int fd, bool on, int seconds) { return plain(model_.set_linger(0, fd, on, seconds)); }
    long port(int fd) { return plain(model_.getsockname_port(0, fd)); }
    long read(int fd, void* buffer, std::size_t size) { return plain(model_.read(0, fd, buffer, size)); }
    long write(int fd, const void* bytes, std::size_t size) {
        return plain(model_.write(0, fd, bytes, size));
    }
    long recv(int fd, void* buffer, std::size_t size, int flags) {
        return plain(model_.recv(0, fd, buffer, size, flags));
    }
    long send(int fd, const void* bytes, std::size_t size, int flags) {
        return plain(model_.send(0, fd, bytes, size, flags));
    }
    long sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) {
        return plain(model_.sendmsg(0, fd, pieces, count, flags));
    }
    long sendto(int fd, const void* bytes, std::size_t size, std::uint16_t port) {
        return plain(model_.sendto(0, fd, bytes, size, port));
    }
    long recvfrom(int fd, void* buffer, std::size_t size, int flags, std::uint16_t* port) {
        return plain(model_.recvfrom(0, fd, buffer, size, flags, port));
    }
    long timerfd_create(int clock, int flags) { return plain(model_.timerfd_create(0, clock, flags)); }
    long timerfd_settime(int fd, int flags, const TimerSpec* value, TimerSpec* old) {
        return plain(model_.timerfd_settime(0, fd, flags, value, old));
    }
    long timerfd_gettime(int fd, TimerSpec* out) { return plain(model_.timerfd_gettime(0, fd, out)); }
    long signalfd(int fd, const SignalSet* mask, int flags) {
        return plain(model_.signalfd(0, fd, mask, flags));
    }
    long kill_self(int signal) { return plain(model_.kill(0, 0, signal)); }
    long sigaction(int signal, SignalAction action) { return plain(model_.sigaction(0, signal, action)); }
    long sigprocmask(int how, const SignalSet* set, SignalSet* old) {
        return plain(model_.sigprocmask(0, how, set, old));
    }
    long setitimer(std::int64_t value_us, std::int64_t interval_us) {
        return plain(model_.setitimer(0, k_itimer_real, value_us, interval_us));
    }
    unsigned handled(int signal) { return model_.handled(0, signal); }
    SignalSet pending() { return model_.pending_signals(0); }
    long sleep_in_wait(int epfd, EpollEvent* out, int maxevents, int timeout_ms) {
        Sleeper sleeper(model_, 0);
        return plain(sleeper.epoll_wait(epfd, out, maxevents, timeout_ms));
    }
    std::uint64_t now_ns() { return model_.now_ns(); }
    void pass(unsigned milliseconds) { model_.advance(std::uint64_t{milliseconds} * 1'000'000); }
    long pread(int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return plain(model_.pread(0, fd, buffer, size, offset));
    }
    long io_setup(unsigned requests, AioContextId* context) {
        return plain(model_.io_setup(0, requests, context));
    }
    long io_submit(AioContextId context, long count, AioControlBlock** blocks) {
        return plain(model_.io_submit(0, context, count, blocks));
    }
    long io_getevents(AioContextId context, long least, long most, AioCompletion* out) {
        return plain(model_.io_getevents(0, context, least, most, out));
    }
    long io_destroy(AioContextId context) { return plain(model_.io_destroy(0, context)); }
    long close(int fd) { return plain(model_.close(0, fd)); }
    long dup(int fd) { return plain(model_.dup(0, fd)); }
    long dup2(int old_fd, int new_fd) { return plain(model_.dup2(0, old_fd, new_fd)); }
    long dup3(int old_fd, int new_fd, int flags) { return plain(model_.dup3(0, old_fd, new_fd, flags)); }
    long fcntl(int fd, int command, int argument) { return plain(model_.fcntl(0, fd, command, argument)); }
    long fionbio(int fd, int on) { return plain(model_.ioctl_fionbio(0, fd, on)); }
    long poll(int fd, std::uint32_t events) { return plain(model_.poll(0, fd, events)); }
    int plain_file() { return 0; }
    int regular_file(std::size_t size) {
        return static_cast<int>(model_.open_regular(0, size, FileStore::page_cache, 0).value);
    }
    void fork_child() { child_ = model_.fork(0); }
    void end_child() { model_.exit(child_); }
    void limit_open_files(unsigned limit) { model_.set_open_files(0, limit); }
    void settle(unsigned = 0) {}
    bool settle_masks(const int*, std::size_t) { return true; }
    void await_readable(int fd);
    AioContextId aio_context();

private:
    static long plain(SysResult result) {
        return result.failed() ? -static_cast<long>(result.error) : static_cast<long>(result.value);
    }

    Model model_;
    Pid child_ = 0;
    AioContextId aio_ = 0;
    std::vector<int> taken_; // numbers that are open in this process
};

// Whether a number is open in the test's own process.
[[nodiscard]] bool really_open(int fd);

} // namespace edgecase::fake::conformance
