// The system calls by name: for scripts (which call a fault is for), traces and messages.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgecase::fake {

// Calls that a script can name. allocate is no system call, but memory is asked for through the same seam.
enum class Call : std::uint8_t {
    epoll_create1,
    epoll_ctl,
    epoll_wait,
    eventfd,
    read,
    write,
    recv,
    send,
    close,
    accept4,
    sendmsg,
    pread,
    io_setup,
    io_submit,
    io_getevents,
    io_destroy,
    accept,
    fcntl,
    socket,
    connect,
    getsockopt,
    setitimer,
    allocate,
};
inline constexpr unsigned k_calls = static_cast<unsigned>(Call::allocate) + 1;

// The kernel's name for it.
[[nodiscard]] std::string_view call_name(Call call);

// "EAGAIN" for 11 and so on; empty for a number that Linux does not give a name.
[[nodiscard]] std::string_view errno_name(int error);

// The reverse of errno_name; 0 if there is no such name.
[[nodiscard]] int errno_value(std::string_view name);

} // namespace edgecase::fake
