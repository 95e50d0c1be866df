// The real thing: each member is the Linux system call of its name, called directly. An empty type; copies
// are the same kernel. This file and its .cpp are the only ones of core/ that make system calls.
//
// The alarm is the process's: one lock-free counter, which note_alarm() raises (from a signal handler, if
// need be) and take_alarm() clears. Several reactors of one process share it; the first to wake takes it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>

#include "core/heap.hpp"
#include "core/kernel.hpp"

namespace edgecase {

class LinuxKernel {
public:
    SysResult epoll_create1(int flags) noexcept { return answer(::epoll_create1(flags)); }

    SysResult epoll_ctl(int epfd, int op, int fd, EpollEvent* event) noexcept {
        return answer(::epoll_ctl(epfd, op, fd, native(event)));
    }

    SysResult epoll_wait(int epfd, EpollEvent* events, int most, int timeout_ms) noexcept {
        return answer(::epoll_wait(epfd, native(events), most, timeout_ms));
    }

    SysResult eventfd(unsigned initial, int flags) noexcept { return answer(::eventfd(initial, flags)); }
    SysResult read(int fd, void* buffer, std::size_t size) noexcept {
        return answer(::read(fd, buffer, size));
    }

    SysResult write(int fd, const void* bytes, std::size_t size) noexcept {
        return answer(::write(fd, bytes, size));
    }

    SysResult recv(int fd, void* buffer, std::size_t size, int flags) noexcept {
        return answer(::recv(fd, buffer, size, flags));
    }

    SysResult send(int fd, const void* bytes, std::size_t size, int flags) noexcept {
        return answer(::send(fd, bytes, size, flags));
    }

    SysResult sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) noexcept {
        msghdr message{};
        message.msg_iov = native(pieces);
        message.msg_iovlen = count;
        return answer(::sendmsg(fd, &message, flags));
    }

    SysResult accept4(int fd, int flags) noexcept { return answer(::accept4(fd, nullptr, nullptr, flags)); }
    SysResult pread(int fd, void* buffer, std::size_t size, std::int64_t offset) noexcept {
        return answer(::pread(fd, buffer, size, offset));
    }

    // glibc has no functions for native AIO.
    SysResult io_setup(unsigned requests, AioContextId* context) noexcept {
        return answer(::syscall(SYS_io_setup, requests, context));
    }

    SysResult io_submit(AioContextId context, long count, AioControlBlock** blocks) noexcept {
        return answer(::syscall(SYS_io_submit, context, count, blocks));
    }

    SysResult io_getevents(AioContextId context, long least, long most, AioCompletion* completions) noexcept {
        timespec no_time{};
        return answer(::syscall(SYS_io_getevents, context, least, most, completions, &no_time));
    }

    SysResult io_destroy(AioContextId context) noexcept { return answer(::syscall(SYS_io_destroy, context)); }

    SysResult accept(int fd) noexcept { return answer(::accept(fd, nullptr, nullptr)); }
    SysResult fcntl(int fd, int command, int argument) noexcept {
        return answer(::fcntl(fd, command, argument));
    }

    SysResult socket(int domain, int type) noexcept { return answer(::socket(domain, type, 0)); }

    SysResult connect(int fd, const InetAddress& address) noexcept {
        sockaddr_in native_address{};
        native_address.sin_family = AF_INET;
        native_address.sin_addr.s_addr = htonl(address.address);
        native_address.sin_port = htons(address.port);
        return answer(
            ::connect(fd, reinterpret_cast<const sockaddr*>(&native_address), sizeof native_address));
    }

    SysResult getsockopt_error(int fd) noexcept {
        int pending = 0;
        socklen_t size = sizeof pending;
        const SysResult asked = answer(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size));
        return asked.failed() ? asked : SysResult::ok(pending);
    }

    // The first one that arms the timer makes note_alarm() the handler of SIGALRM, for good: an alarm that is under
    // way when the timer stops must find it. Threads besides the loop's should block the signal.
    SysResult setitimer(Msec interval_ms) noexcept;

    SysResult close(int fd) noexcept { return answer(::close(fd)); }

    Msec monotonic_ms() noexcept {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<Msec>(now.tv_sec) * 1000 + static_cast<Msec>(now.tv_nsec) / 1'000'000;
    }

    // Async-signal-safe.
    static void note_alarm() noexcept { alarms_.fetch_add(1, std::memory_order_relaxed); }

    bool take_alarm() noexcept {
        // The load first: a wait almost never finds one, and an exchange locks the line.
        return alarms_.load(std::memory_order_relaxed) != 0 &&
               alarms_.exchange(0, std::memory_order_relaxed) != 0;
    }

    void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
        return heap_allocate(bytes, alignment);
    }

    void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
        heap_release(memory, bytes, alignment);
    }

private:
    static SysResult answer(std::int64_t value) noexcept {
        // The answer of the hot calls first: a test that their callers then need not repeat.
        if (value > 0) [[likely]] {
            return SysResult::ok(value);
        }
        return value == 0 ? SysResult::ok(0) : SysResult::fail(errno);
    }

    // The layouts are the same: linux_kernel.cpp asserts it.
    static epoll_event* native(EpollEvent* events) noexcept { return reinterpret_cast<epoll_event*>(events); }

    // The kernel reads them and no more.
    static iovec* native(const BytePiece* pieces) noexcept {
        return reinterpret_cast<iovec*>(const_cast<BytePiece*>(pieces));
    }

    static std::atomic<unsigned> alarms_;
    static_assert(std::atomic<unsigned>::is_always_lock_free);
};

static_assert(Kernel<LinuxKernel>);

} // namespace edgecase
