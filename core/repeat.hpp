// Calls that a signal interrupted are made again at once, but not for ever: a bound keeps a broken kernel
// from hanging the loop.
#pragma once

#include <cerrno>
#include <string_view>

#include "core/kernel.hpp"
#include "core/log.hpp"

namespace edgecase {

inline constexpr unsigned k_most_interruptions = 16;

// A call answered first; if that is EINTR it is made again, and so on until it says something else. EAGAIN,
// with one line, when 16 answers in a row were EINTR. name and fd are for that line.
template <class Call>
SysResult repeat_interrupted(const Log& log, std::string_view name, int fd, SysResult first, Call again) {
    SysResult result = first;
    for (unsigned times = 1; result.error == EINTR; ++times) {
        if (times == k_most_interruptions) {
            log_interrupted_too_often(log, name, k_most_interruptions, fd);
            return SysResult::fail(EAGAIN);
        }
        result = again();
    }
    return result;
}

} // namespace edgecase
