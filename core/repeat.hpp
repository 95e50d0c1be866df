// Calls that a signal interrupted are made again at once, but not for ever: a bound keeps a broken kernel from
// hanging the loop.
#pragma once

#include <cerrno>

#include "core/kernel.hpp"
#include "core/log.hpp"

namespace edgecase {

inline constexpr unsigned k_most_interruptions = 16;

// The answer of call(), which is made again while it says EINTR; after 16 times in a row EAGAIN, with one line. name
// and fd are for that line.
template <class Call>
SysResult repeat_interrupted(const Log& log, std::string_view name, int fd, Call call) {
    for (unsigned times = 0; times < k_most_interruptions; ++times) {
        const SysResult result = call();
        if (result.error != EINTR) [[likely]] {
            return result;
        }
    }
    log_interrupted_too_often(log, name, k_most_interruptions, fd);
    return SysResult::fail(EAGAIN);
}

}  // namespace edgecase
