// The part of Linux's native AIO interface that the reactor needs, spelled out for the same reason as
// epoll_abi.hpp. linux_kernel.cpp asserts every value and both layouts against the system's header.
#pragma once

#include <cstdint>

namespace edgecase {

// What io_setup gives and the other calls take (aio_context_t); 0 is no context.
using AioContextId = std::uint64_t;

// An operation of io_submit(2), and its flag for "tell the eventfd resfd when it is complete".
inline constexpr std::uint16_t k_aio_pread = 0; // IOCB_CMD_PREAD
inline constexpr std::uint32_t k_aio_resfd = 1; // IOCB_FLAG_RESFD

// struct iocb: one request. data comes back in its completion and is opaque to the kernel. The order of key
// and rw_flags is that of little-endian machines.
struct AioControlBlock {
    std::uint64_t data = 0;
    std::uint32_t key = 0;
    std::int32_t rw_flags = 0;
    std::uint16_t opcode = k_aio_pread;
    std::int16_t priority = 0;
    std::uint32_t fd = 0;
    std::uint64_t buffer = 0; // an address
    std::uint64_t size = 0;
    std::int64_t offset = 0;
    std::uint64_t reserved = 0;
    std::uint32_t flags = 0;
    std::uint32_t resfd = 0;
};

// struct io_event: one completion. result: bytes, or an errno negated.
struct AioCompletion {
    std::uint64_t data = 0;
    std::uint64_t control_block = 0; // the address of the request's iocb
    std::int64_t result = 0;
    std::int64_t result2 = 0;
};

} // namespace edgecase
