// How a peer takes bytes, on either kernel: read after read until it has what it asked for, or finds no more.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "props/byte_pattern.hpp"
#include "props/world.hpp"

namespace edgecase {

struct Taking {
    ObjectKind kind = ObjectKind::unix_stream; // an eventfd gives one number and no more
    std::uint64_t bytes = 0;                   // 0: all there is
    // What they should be: those of this pattern, from its position on.
    Name name = 0;
    Direction pattern = Direction::from_subject;
    std::uint64_t position = 0;
};

// read(buffer, size) is the system call.
template <class Read> World::Taken take_bytes(Read read, std::span<std::byte> buffer, const Taking& taking) {
    const bool all = taking.bytes == 0;
    std::uint64_t bytes = taking.bytes;
    World::Taken taken{SysResult::ok(0)};
    SysResult& total = taken.result;
    while (all || bytes > 0) {
        const std::size_t size = all ? buffer.size() : std::min<std::size_t>(bytes, buffer.size());
        const SysResult result = read(buffer.data(), size);
        if (result.failed() || result.value == 0) {
            taken.last = result;
            total = total.value > 0 ? total : result;
            break;
        }
        const std::uint64_t at = taking.position + static_cast<std::uint64_t>(total.value);
        taken.as_sent =
            taken.as_sent && std::memcmp(buffer.data(), byte_pattern(taking.name, taking.pattern, at),
                                         static_cast<std::size_t>(result.value)) == 0;
        total.value += result.value;
        bytes -= all ? 0 : static_cast<std::uint64_t>(result.value);
        if (taking.kind == ObjectKind::eventfd) {
            break;
        }
    }
    return taken;
}

} // namespace edgecase
