// What the operations of a program do with regular files: reads at once, and through AIO.
#pragma once

#include <algorithm>

#include "fakekernel/conformance/runner.hpp"

namespace edgecase::fake::conformance {

template <class System> void Runner<System>::file(const Operation& operation) {
    if (!has(Thing::file) && !crowded()) return make_file(operation.b);
    const int fd = pick_or(operation.b, Thing::file);
    switch (operation.a % 4) {
    case 0: {
        constexpr std::int64_t k_offsets[] = {0, 1, 50, 4096, 8990, 100'000, 39'999, 0};
        const std::int64_t offset = k_offsets[operation.c % 8];
        const std::size_t size = k_sizes[operation.d % 12];
        std::fill(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size),
                  static_cast<unsigned char>(0));
        const long count = system_.pread(fd, bytes_.data(), size, offset);
        say("pread(%d, %zu bytes, at %lld) = %ld", fd, size, static_cast<long long>(offset), count);
        say_bytes(count);
        break;
    }
    case 1: collect(operation); break;
    default: submit(operation); break;
    }
}

template <class System> void Runner<System>::submit(const Operation& operation) {
    if (aio_waiting_ >= k_most_aio || requests_ >= blocks_.size()) return;
    constexpr std::int64_t k_offsets[] = {0, 1, 60, 4090, 100'000, 0, 0, -1};
    AioControlBlock& block = blocks_[requests_];
    block = AioControlBlock{};
    block.data = ++serial_;
    block.fd = static_cast<std::uint32_t>(operation.b % 4 == 0 ? pick_bad(operation.c)
                                                               : pick_or(operation.b, Thing::file));
    block.buffer = reinterpret_cast<std::uint64_t>(aio_bytes_[requests_].data());
    block.size = operation.d % 64;
    block.offset = k_offsets[operation.c % 8];
    aio_bytes_[requests_].fill(0);
    const int event = pick_or(operation.c, Thing::event);
    if (operation.d % 4 != 0) {
        block.flags = k_aio_resfd;
        block.resfd = static_cast<std::uint32_t>(event);
    }
    AioControlBlock* list[] = {&block};
    const long result = system_.io_submit(aio_, 1, list);
    say("io_submit(pread %d, %llu bytes, at %lld", static_cast<int>(block.fd),
        static_cast<unsigned long long>(block.size), static_cast<long long>(block.offset));
    if (block.flags != 0) say(", tell %d", event);
    say(") = %ld", result);
    if (result != 1) return;
    ++aio_waiting_;
    ++requests_;
}

template <class System> void Runner<System>::collect(const Operation& operation) {
    AioCompletion completions[k_most_aio];
    const long most = operation.c % 3 == 0 ? 1 : static_cast<long>(k_most_aio);
    const long count = system_.io_getevents(aio_, 0, most, completions);
    say("io_getevents(%ld) = %ld", most, count);
    for (long i = 0; i < count; ++i) {
        const AioCompletion& own = completions[i];
        std::uint64_t which = 0;
        while (which < requests_ && own.control_block != reinterpret_cast<std::uint64_t>(&blocks_[which]))
            ++which;
        std::uint32_t sum = 0;
        if (which < requests_) {
            for (const unsigned char byte : aio_bytes_[which])
                sum = sum * 31 + byte;
        }
        say(" %llu:%lld,%lld block %llu #%x", static_cast<unsigned long long>(own.data),
            static_cast<long long>(own.result), static_cast<long long>(own.result2),
            static_cast<unsigned long long>(which), sum);
    }
    if (count > 0) aio_waiting_ -= static_cast<unsigned>(count);
}

} // namespace edgecase::fake::conformance
