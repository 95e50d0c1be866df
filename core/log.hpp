// The reactor's log, with nginx's levels and texts. A line is made only if its level is on, in a buffer of
// fixed size, and handed to the sink that the owner gave; nothing is allocated. Where nginx prints an
// address, slot and generation stand ("c:12#3").
//
// Only log.cpp knows how a line is formatted; the functions here are one for each kind of line. Lines about
// the notify channel may come from any thread that notifies: a sink that several threads reach must allow for
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/event.hpp"

namespace edgecase {

// nginx's levels, most severe first: a line is written if its level is not above the log's.
enum class LogLevel : std::uint8_t { stderr_, emerg, alert, crit, err, warn, notice, info, debug };

// The level as nginx prints it: "emerg", "debug".
[[nodiscard]] std::string_view level_name(LogLevel level);

// Takes one finished line, without a newline. error is the errno that belongs to it, 0 if none does.
struct LogSink {
    void (*write)(void* context, LogLevel level, int error, std::string_view line) = nullptr;
    void* context = nullptr;
};

class Log {
public:
    // Longer lines are cut, as nginx cuts them.
    static constexpr std::size_t k_longest_line = 2048;

    Log() = default;
    Log(LogLevel level, LogSink sink) : level_(level), sink_(sink) {}

    [[nodiscard]] bool is_on(LogLevel level) const { return level <= level_ && sink_.write != nullptr; }
    [[nodiscard]] LogLevel level() const { return level_; }

    // Hands a finished line to the sink, if its level is on.
    void write(LogLevel level, int error, std::string_view line) const {
        if (is_on(level)) {
            sink_.write(sink_.context, level, error, line);
        }
    }

private:
    LogLevel level_ = LogLevel::err;
    LogSink sink_;
};

// EMERG: the reactor, or a part of it, does not come up.
void log_epoll_create_failed(const Log& log, int error);
void log_eventfd_failed(const Log& log, int error);
void log_eventfd_add_failed(const Log& log, int error);
void log_io_setup_failed(const Log& log, int error);
void log_allocation_failed(const Log& log, std::size_t bytes, int error);
void log_option_out_of_range(const Log& log, std::string_view option, std::uint64_t value);
void log_setitimer_failed(const Log& log, int error);
void log_configuration_refused(const Log& log, std::string_view message);

// ALERT: a call failed that should not, or the reactor was used wrongly.
void log_epoll_close_failed(const Log& log, int error);
void log_eventfd_close_failed(const Log& log, int error);
void log_eventfd_read_failed(const Log& log, int fd, int error);
void log_eventfd_write_failed(const Log& log, int fd, int error);
void log_io_destroy_failed(const Log& log, int error);
void log_io_getevents_failed(const Log& log, int error);
void log_aio_counter_failed(const Log& log, int error);
void log_aio_counter_short(const Log& log, std::int64_t bytes);
void log_second_aio_post(const Log& log, int fd);
void log_completion_without_request(const Log& log, std::uint64_t data);
void log_epoll_ctl_failed(const Log& log, int op, int fd, int error);
void log_add_connection_failed(const Log& log, int fd, int error);
void log_no_events_without_timeout(const Log& log);
void log_data_without_slot(const Log& log, std::uint64_t data);
void log_connections_exhausted(const Log& log, std::uint32_t worker_connections);
void log_connection_already_closed(const Log& log);
void log_too_many_notify_tasks(const Log& log, std::size_t most);
void log_no_notify_channel(const Log& log);
void log_socket_failed(const Log& log, int error);
void log_prepare_accepted_failed(const Log& log, int fd, int error);
void log_interrupted_too_often(const Log& log, std::string_view call, unsigned times, int fd);
void log_returned_zero(const Log& log, std::string_view call);

// INFO if a signal ended the wait, ALERT otherwise.
void log_epoll_wait_failed(const Log& log, int error);

// CRIT.
void log_close_socket_failed(const Log& log, int fd, int error);
void log_io_submit_failed(const Log& log, int fd, int error);
void log_aio_read_failed(const Log& log, int fd, int error);
void log_pread_failed(const Log& log, int fd, int error);

// ERR for a connection that its peer aborted, CRIT when descriptors ran out, ALERT otherwise.
void log_accept_failed(const Log& log, int error);

// ERR if the peer or the network is to blame, ALERT otherwise. call is "recv", "send" or "sendmsg".
void log_connection_error(const Log& log, std::string_view call, int error);

// ERR if the other side or the network is to blame, CRIT otherwise.
void log_connect_failed(const Log& log, const InetAddress& address, int error);

// DEBUG.
void log_debug_timer(const Log& log, std::uint64_t timer_ms, bool infinite);
void log_debug_add_event(const Log& log, int fd, int op, std::uint32_t events);
void log_debug_del_event(const Log& log, int fd, int op, std::uint32_t events);
void log_debug_add_connection(const Log& log, int fd, std::uint32_t events);
void log_debug_del_connection(const Log& log, int fd);
void log_debug_event(const Log& log, const Connection& connection, std::uint32_t events);
void log_debug_stale_event(const Log& log, std::uint64_t data);
void log_debug_notify_eventfd(const Log& log, int fd);
void log_debug_notify_rewound(const Log& log, int fd, std::int64_t read, std::uint64_t count);
void log_debug_aio_eventfd(const Log& log, int fd);
void log_debug_aio_report(const Log& log);
void log_debug_aio_counter(const Log& log, std::int64_t read);
void log_debug_io_getevents(const Log& log, std::int64_t count);
void log_debug_aio_completion(const Log& log, std::uint64_t data, std::int64_t result);
void log_debug_connect(const Log& log, const Connection& connection);
void log_debug_reusing_connection(const Log& log, const Connection& connection);
void log_debug_not_ready(const Log& log, std::string_view call, int error);

} // namespace edgecase
