// The seam between the reactor and the system it runs on: every system call that the reactor may make, the
// clock, the alarm, and the memory that can fail. A kernel is an object that the reactor is handed; there is
// no global one. Implementations: LinuxKernel (the real thing), StubKernel (a host without epoll), and,
// outside core/, the deterministic model.
//
// A call never throws and never touches errno as far as its caller can see: value and error come together.
// EINTR and EAGAIN are ordinary answers; who repeats what is the caller's business.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "core/aio_abi.hpp"
#include "core/epoll_abi.hpp"

namespace edgecase {

// Milliseconds, of the monotonic clock where a moment is meant.
using Msec = std::uint64_t;

// The answer of a system call: the value (0 or more) with error 0, or value -1 with an errno.
struct SysResult {
    std::int64_t value = 0;
    int error = 0;

    [[nodiscard]] constexpr bool failed() const { return error != 0; }

    static constexpr SysResult ok(std::int64_t value) { return SysResult{value, 0}; }
    static constexpr SysResult fail(int error) { return SysResult{-1, error}; }
};

// One piece of the bytes that a gathered send takes: Linux's struct iovec.
struct BytePiece {
    const void* bytes = nullptr;
    std::size_t size = 0;
};

// A socket's address: IPv4 address and port, in the host's order.
struct InetAddress {
    std::uint32_t address = 0;
    std::uint16_t port = 0;
};

template <class K>
concept Kernel = requires(K& kernel, EpollEvent* event, void* buffer, const void* bytes, std::size_t size,
                          const BytePiece* pieces, const InetAddress& address, Msec interval_ms,
                          AioContextId* context, AioControlBlock** blocks, AioCompletion* completions) {
    // epoll_create1(2): a descriptor.
    { kernel.epoll_create1(int{}) } -> std::same_as<SysResult>;
    // epoll_ctl(2): epfd, operation, fd, event (null allowed for DEL).
    { kernel.epoll_ctl(int{}, int{}, int{}, event) } -> std::same_as<SysResult>;
    // epoll_wait(2): epfd, events, most events, timeout in milliseconds (negative: for ever); a count.
    { kernel.epoll_wait(int{}, event, int{}, int{}) } -> std::same_as<SysResult>;
    // eventfd(2): initial value, flags; a descriptor.
    { kernel.eventfd(unsigned{}, int{}) } -> std::same_as<SysResult>;
    // read(2), write(2), recv(2), send(2) with MSG_NOSIGNAL understood: bytes moved.
    { kernel.read(int{}, buffer, size) } -> std::same_as<SysResult>;
    { kernel.write(int{}, bytes, size) } -> std::same_as<SysResult>;
    { kernel.recv(int{}, buffer, size, int{}) } -> std::same_as<SysResult>;
    { kernel.send(int{}, bytes, size, int{}) } -> std::same_as<SysResult>;
    // sendmsg(2): the pieces, how many, flags as of send; bytes moved.
    { kernel.sendmsg(int{}, pieces, size, int{}) } -> std::same_as<SysResult>;
    // accept4(2): the listening descriptor, flags; the new descriptor. The peer's address is not asked for.
    { kernel.accept4(int{}, int{}) } -> std::same_as<SysResult>;
    // pread(2): descriptor, buffer, size, offset; bytes moved.
    { kernel.pread(int{}, buffer, size, std::int64_t{}) } -> std::same_as<SysResult>;
    // io_setup(2): how many requests at a time, and where the context goes, which must be 0 before.
    { kernel.io_setup(unsigned{}, context) } -> std::same_as<SysResult>;
    // io_submit(2): context, how many, their control blocks; how many were accepted.
    { kernel.io_submit(AioContextId{}, long{}, blocks) } -> std::same_as<SysResult>;
    // io_getevents(2) with a timeout of 0: context, least, most, completions; how many there were.
    { kernel.io_getevents(AioContextId{}, long{}, long{}, completions) } -> std::same_as<SysResult>;
    // io_destroy(2): waits until nothing is in flight. Completions that nobody took are dropped.
    { kernel.io_destroy(AioContextId{}) } -> std::same_as<SysResult>;
    // accept(2), for a system without accept4: the new descriptor, blocking and open across exec.
    { kernel.accept(int{}) } -> std::same_as<SysResult>;
    // fcntl(2) with an int: descriptor, command, argument.
    { kernel.fcntl(int{}, int{}, int{}) } -> std::same_as<SysResult>;
    // socket(2): domain, type with its flags; a descriptor of the type's usual protocol.
    { kernel.socket(int{}, int{}) } -> std::same_as<SysResult>;
    // connect(2).
    { kernel.connect(int{}, address) } -> std::same_as<SysResult>;
    // getsockopt(2) of SO_ERROR: the socket's pending errno, which is taken, or 0.
    { kernel.getsockopt_error(int{}) } -> std::same_as<SysResult>;
    // setitimer(2) of ITIMER_REAL: an alarm each interval from now on, none with 0. See take_alarm.
    { kernel.setitimer(interval_ms) } -> std::same_as<SysResult>;
    // close(2). Never repeated: the number is free even after an error.
    { kernel.close(int{}) } -> std::same_as<SysResult>;
    // CLOCK_MONOTONIC in whole milliseconds. Cannot fail.
    { kernel.monotonic_ms() } -> std::same_as<Msec>;
    // Whether the interval timer's signal has arrived since the last call; taking it clears it.
    { kernel.take_alarm() } -> std::same_as<bool>;
    // Memory that may run out: null when there is none, never an exception. The bytes are not initialised.
    { kernel.allocate(size, size) } -> std::same_as<void*>;
    // Gives back what allocate(size, alignment) gave; null is allowed and does nothing.
    { kernel.release(buffer, size, size) } -> std::same_as<void>;
};

} // namespace edgecase
