#include "core/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace edgecase {

namespace {

template <class... Args>
void line(const Log& log, LogLevel level, int error, fmt::format_string<const Args&...> text,
          const Args&... args) {
    if (!log.is_on(level)) {
        return;
    }
    std::array<char, Log::k_longest_line> buffer;
    const auto result = fmt::format_to_n(buffer.data(), buffer.size(), text, args...);
    log.write(level, error, std::string_view(buffer.data(), std::min(result.size, buffer.size())));
}

// What a peer or the network can do to a connection at any time: nginx logs it below ALERT.
bool is_connection_error(int error) {
    switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH: return true;
    default: return false;
    }
}

} // namespace

std::string_view level_name(LogLevel level) {
    switch (level) {
    case LogLevel::stderr_: return "stderr";
    case LogLevel::emerg: return "emerg";
    case LogLevel::alert: return "alert";
    case LogLevel::crit: return "crit";
    case LogLevel::err: return "error";
    case LogLevel::warn: return "warn";
    case LogLevel::notice: return "notice";
    case LogLevel::info: return "info";
    case LogLevel::debug: return "debug";
    }
    return "";
}

void log_epoll_create_failed(const Log& log, int error) {
    line(log, LogLevel::emerg, error, "epoll_create() failed");
}

void log_eventfd_failed(const Log& log, int error) {
    line(log, LogLevel::emerg, error, "eventfd() failed");
}

void log_eventfd_add_failed(const Log& log, int error) {
    line(log, LogLevel::emerg, error, "epoll_ctl(EPOLL_CTL_ADD, eventfd) failed");
}

void log_io_setup_failed(const Log& log, int error) {
    line(log, LogLevel::emerg, error, "io_setup() failed");
}

void log_allocation_failed(const Log& log, std::size_t bytes, int error) {
    line(log, LogLevel::emerg, error, "malloc({}) failed", bytes);
}

void log_option_out_of_range(const Log& log, std::string_view option, std::uint64_t value) {
    line(log, LogLevel::emerg, 0, "\"{}\" is out of range: {}", option, value);
}

void log_setitimer_failed(const Log& log, int error) {
    line(log, LogLevel::emerg, error, "setitimer() failed");
}

void log_configuration_refused(const Log& log, std::string_view message) {
    line(log, LogLevel::emerg, 0, "{}", message);
}

void log_epoll_close_failed(const Log& log, int error) {
    line(log, LogLevel::alert, error, "epoll close() failed");
}

void log_eventfd_close_failed(const Log& log, int error) {
    line(log, LogLevel::alert, error, "eventfd close() failed");
}

void log_eventfd_read_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::alert, error, "read() eventfd {} failed", fd);
}

void log_eventfd_write_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::alert, error, "write() to eventfd {} failed", fd);
}

void log_io_destroy_failed(const Log& log, int error) {
    line(log, LogLevel::alert, error, "io_destroy() failed");
}

void log_io_getevents_failed(const Log& log, int error) {
    line(log, LogLevel::alert, error, "io_getevents() failed");
}

void log_aio_counter_failed(const Log& log, int error) {
    line(log, LogLevel::alert, error, "read(eventfd) failed");
}

void log_aio_counter_short(const Log& log, std::int64_t bytes) {
    line(log, LogLevel::alert, 0, "read(eventfd) returned only {} bytes", bytes);
}

void log_second_aio_post(const Log& log, int fd) {
    line(log, LogLevel::alert, 0, "second aio post for fd:{}", fd);
}

void log_completion_without_request(const Log& log, std::uint64_t data) {
    line(log, LogLevel::alert, 0, "io_getevents() returned a completion of no request, data {:016X}", data);
}

void log_epoll_ctl_failed(const Log& log, int op, int fd, int error) {
    line(log, LogLevel::alert, error, "epoll_ctl({}, {}) failed", op, fd);
}

void log_add_connection_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::alert, error, "epoll_ctl(EPOLL_CTL_ADD, {}) failed", fd);
}

void log_no_events_without_timeout(const Log& log) {
    line(log, LogLevel::alert, 0, "epoll_wait() returned no events without timeout");
}

void log_data_without_slot(const Log& log, std::uint64_t data) {
    line(log, LogLevel::alert, 0, "epoll_wait() returned an event of no connection, data {:016X}", data);
}

void log_connections_exhausted(const Log& log, std::uint32_t worker_connections) {
    line(log, LogLevel::alert, 0, "{} worker_connections are not enough", worker_connections);
}

void log_connection_already_closed(const Log& log) {
    line(log, LogLevel::alert, 0, "connection already closed");
}

void log_too_many_notify_tasks(const Log& log, std::size_t most) {
    line(log, LogLevel::alert, 0, "more than {} notify tasks are waiting", most);
}

void log_no_notify_channel(const Log& log) {
    line(log, LogLevel::alert, 0, "there is no notify channel");
}

void log_socket_failed(const Log& log, int error) {
    line(log, LogLevel::alert, error, "socket() failed");
}

void log_prepare_accepted_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::alert, error, "fcntl() of accepted socket {} failed", fd);
}

void log_interrupted_too_often(const Log& log, std::string_view call, unsigned times, int fd) {
    line(log, LogLevel::alert, EINTR, "{}() was interrupted {} times in a row on fd:{}", call, times, fd);
}

void log_returned_zero(const Log& log, std::string_view call) {
    line(log, LogLevel::alert, 0, "{}() returned zero", call);
}

void log_epoll_wait_failed(const Log& log, int error) {
    line(log, error == EINTR ? LogLevel::info : LogLevel::alert, error, "epoll_wait() failed");
}

void log_close_socket_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::crit, error, "close() socket {} failed", fd);
}

void log_io_submit_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::crit, error, "io_submit(fd:{}) failed", fd);
}

void log_aio_read_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::crit, error, "aio read fd:{} failed", fd);
}

void log_pread_failed(const Log& log, int fd, int error) {
    line(log, LogLevel::crit, error, "pread() fd:{} failed", fd);
}

void log_accept_failed(const Log& log, int error) {
    const LogLevel level = error == ECONNABORTED                ? LogLevel::err
                           : error == EMFILE || error == ENFILE ? LogLevel::crit
                                                                : LogLevel::alert;
    line(log, level, error, "accept4() failed");
}

void log_connect_failed(const Log& log, const InetAddress& address, int error) {
    const LogLevel level = is_connection_error(error) ? LogLevel::err : LogLevel::crit;
    line(log, level, error, "connect() to {}.{}.{}.{}:{} failed", address.address >> 24,
         address.address >> 16 & 0xff, address.address >> 8 & 0xff, address.address & 0xff, address.port);
}

void log_connection_error(const Log& log, std::string_view call, int error) {
    line(log, is_connection_error(error) ? LogLevel::err : LogLevel::alert, error, "{}() failed", call);
}

void log_debug_timer(const Log& log, std::uint64_t timer_ms, bool infinite) {
    if (infinite) {
        line(log, LogLevel::debug, 0, "epoll timer: -1");
    } else {
        line(log, LogLevel::debug, 0, "epoll timer: {}", timer_ms);
    }
}

void log_debug_add_event(const Log& log, int fd, int op, std::uint32_t events) {
    line(log, LogLevel::debug, 0, "epoll add event: fd:{} op:{} ev:{:08X}", fd, op, events);
}

void log_debug_del_event(const Log& log, int fd, int op, std::uint32_t events) {
    line(log, LogLevel::debug, 0, "epoll del event: fd:{} op:{} ev:{:08X}", fd, op, events);
}

void log_debug_add_connection(const Log& log, int fd, std::uint32_t events) {
    line(log, LogLevel::debug, 0, "epoll add connection: fd:{} ev:{:08X}", fd, events);
}

void log_debug_del_connection(const Log& log, int fd) {
    line(log, LogLevel::debug, 0, "epoll del connection: fd:{}", fd);
}

void log_debug_event(const Log& log, const Connection& connection, std::uint32_t events) {
    line(log, LogLevel::debug, 0, "epoll: fd:{} ev:{:04X} c:{}#{}", connection.fd, events, connection.slot,
         connection.generation);
    if ((events & (k_epollerr | k_epollhup)) != 0) {
        line(log, LogLevel::debug, 0, "epoll_wait() error on fd:{} ev:{:04X}", connection.fd, events);
    }
}

void log_debug_stale_event(const Log& log, std::uint64_t data) {
    line(log, LogLevel::debug, 0, "epoll: stale event c:{}#{}", static_cast<std::uint32_t>(data), data >> 32);
}

void log_debug_notify_eventfd(const Log& log, int fd) {
    line(log, LogLevel::debug, 0, "notify eventfd: {}", fd);
}

void log_debug_notify_rewound(const Log& log, int fd, std::int64_t read, std::uint64_t count) {
    line(log, LogLevel::debug, 0, "read() eventfd {}: {} count:{}", fd, read, count);
}

void log_debug_aio_eventfd(const Log& log, int fd) {
    line(log, LogLevel::debug, 0, "eventfd: {}", fd);
}

void log_debug_aio_report(const Log& log) {
    line(log, LogLevel::debug, 0, "eventfd handler");
}

void log_debug_aio_counter(const Log& log, std::int64_t read) {
    line(log, LogLevel::debug, 0, "eventfd: {}", read);
}

void log_debug_io_getevents(const Log& log, std::int64_t count) {
    line(log, LogLevel::debug, 0, "io_getevents: {}", count);
}

void log_debug_aio_completion(const Log& log, std::uint64_t data, std::int64_t result) {
    line(log, LogLevel::debug, 0, "io_event: {:X} {}", data, result);
}

void log_debug_connect(const Log& log, const Connection& connection) {
    line(log, LogLevel::debug, 0, "connect: fd:{} c:{}#{}", connection.fd, connection.slot,
         connection.generation);
}

void log_debug_reusing_connection(const Log& log, const Connection& connection) {
    line(log, LogLevel::debug, 0, "reusing connection c:{}#{}", connection.slot, connection.generation);
}

void log_debug_not_ready(const Log& log, std::string_view call, int error) {
    line(log, LogLevel::debug, error, "{}() not ready", call);
}

} // namespace edgecase
