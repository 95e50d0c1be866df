// A host without epoll: every system call fails with ENOSYS, so init() ends with nginx's "epoll_create()
// failed". It exists so that everything compiles there. Memory is ordinary memory; the clock stands still.
#pragma once

#include <cerrno>

#include "core/heap.hpp"
#include "core/kernel.hpp"

namespace edgecase {

class StubKernel {
public:
    SysResult epoll_create1(int) noexcept { return no_such_call(); }
    SysResult epoll_ctl(int, int, int, EpollEvent*) noexcept { return no_such_call(); }
    SysResult epoll_wait(int, EpollEvent*, int, int) noexcept { return no_such_call(); }
    SysResult eventfd(unsigned, int) noexcept { return no_such_call(); }
    SysResult read(int, void*, std::size_t) noexcept { return no_such_call(); }
    SysResult write(int, const void*, std::size_t) noexcept { return no_such_call(); }
    SysResult recv(int, void*, std::size_t, int) noexcept { return no_such_call(); }
    SysResult send(int, const void*, std::size_t, int) noexcept { return no_such_call(); }
    SysResult sendmsg(int, const BytePiece*, std::size_t, int) noexcept { return no_such_call(); }
    SysResult accept4(int, int) noexcept { return no_such_call(); }
    SysResult pread(int, void*, std::size_t, std::int64_t) noexcept { return no_such_call(); }
    SysResult io_setup(unsigned, AioContextId*) noexcept { return no_such_call(); }
    SysResult io_submit(AioContextId, long, AioControlBlock**) noexcept { return no_such_call(); }
    SysResult io_getevents(AioContextId, long, long, AioCompletion*) noexcept { return no_such_call(); }
    SysResult io_destroy(AioContextId) noexcept { return no_such_call(); }
    SysResult accept(int) noexcept { return no_such_call(); }
    SysResult fcntl(int, int, int) noexcept { return no_such_call(); }
    SysResult socket(int, int) noexcept { return no_such_call(); }
    SysResult connect(int, const InetAddress&) noexcept { return no_such_call(); }
    SysResult getsockopt_error(int) noexcept { return no_such_call(); }
    SysResult setitimer(Msec) noexcept { return no_such_call(); }
    SysResult close(int) noexcept { return no_such_call(); }
    Msec monotonic_ms() noexcept { return 0; }
    bool take_alarm() noexcept { return false; }
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
        return heap_allocate(bytes, alignment);
    }

    void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
        heap_release(memory, bytes, alignment);
    }

private:
    static constexpr SysResult no_such_call() { return SysResult::fail(ENOSYS); }
};

static_assert(Kernel<StubKernel>);

} // namespace edgecase
