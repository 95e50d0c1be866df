#include "core/log.hpp"

#include <cerrno>
#include <string>

#include "core/tests/catch.hpp"
#include "core/tests/recorded_log.hpp"

namespace edgecase {

TEST_CASE("log: a line is written if its level is on and there is a sink", "[failed-call-changes-nothing]") {
    RecordedLog recorded(LogLevel::alert);
    log_eventfd_failed(recorded.log, ENFILE);
    log_returned_zero(recorded.log, "send");
    log_close_socket_failed(recorded.log, 3, EIO);
    REQUIRE(recorded.lines.size() == 2);
    CHECK(recorded.lines[0].level == LogLevel::emerg);
    CHECK(recorded.lines[0].error == ENFILE);
    CHECK(recorded.log.level() == LogLevel::alert);

    const Log nowhere;
    CHECK_FALSE(nowhere.is_on(LogLevel::stderr_));
    log_eventfd_failed(nowhere, ENFILE);
    nowhere.write(LogLevel::emerg, 0, "lost");
}

TEST_CASE("log: every kind of line has nginx's level and text", "[failed-call-changes-nothing]") {
    RecordedLog recorded(LogLevel::debug);
    const Log& log = recorded.log;
    Connection connection;
    connection.fd = 7;
    connection.slot = 12;
    connection.generation = 3;

    log_epoll_create_failed(log, EMFILE);
    log_eventfd_failed(log, EMFILE);
    log_eventfd_add_failed(log, ENOSPC);
    log_io_setup_failed(log, EAGAIN);
    log_allocation_failed(log, 6144, ENOMEM);
    log_option_out_of_range(log, "epoll_events", 0);
    log_configuration_refused(log, "no \"events\" section in configuration");
    CHECK(recorded.take() == Lines{"emerg: epoll_create() failed", "emerg: eventfd() failed",
                                   "emerg: epoll_ctl(EPOLL_CTL_ADD, eventfd) failed",
                                   "emerg: io_setup() failed", "emerg: malloc(6144) failed",
                                   "emerg: \"epoll_events\" is out of range: 0",
                                   "emerg: no \"events\" section in configuration"});

    log_epoll_close_failed(log, EIO);
    log_eventfd_close_failed(log, EIO);
    log_eventfd_read_failed(log, 5, EIO);
    log_eventfd_write_failed(log, 5, EIO);
    log_epoll_ctl_failed(log, k_epoll_ctl_mod, 9, ENOENT);
    log_add_connection_failed(log, 9, EEXIST);
    log_no_events_without_timeout(log);
    log_data_without_slot(log, 0x1200000034);
    log_connections_exhausted(log, 512);
    log_connection_already_closed(log);
    log_too_many_notify_tasks(log, 8);
    log_no_notify_channel(log);
    log_interrupted_too_often(log, "recv", 16, 9);
    log_returned_zero(log, "send");
    CHECK(recorded.take() ==
          Lines{"alert: epoll close() failed", "alert: eventfd close() failed",
                "alert: read() eventfd 5 failed", "alert: write() to eventfd 5 failed",
                "alert: epoll_ctl(3, 9) failed", "alert: epoll_ctl(EPOLL_CTL_ADD, 9) failed",
                "alert: epoll_wait() returned no events without timeout",
                "alert: epoll_wait() returned an event of no connection, data 0000001200000034",
                "alert: 512 worker_connections are not enough", "alert: connection already closed",
                "alert: more than 8 notify tasks are waiting", "alert: there is no notify channel",
                "alert: recv() was interrupted 16 times in a row on fd:9", "alert: send() returned zero"});

    log_io_destroy_failed(log, EINVAL);
    log_io_getevents_failed(log, EINVAL);
    log_aio_counter_failed(log, EIO);
    log_aio_counter_short(log, 4);
    log_second_aio_post(log, 9);
    log_completion_without_request(log, 0x1200000034);
    log_io_submit_failed(log, 9, ENOSYS);
    log_aio_read_failed(log, 9, EIO);
    log_pread_failed(log, 9, EIO);
    CHECK(recorded.take() ==
          Lines{"alert: io_destroy() failed", "alert: io_getevents() failed", "alert: read(eventfd) failed",
                "alert: read(eventfd) returned only 4 bytes", "alert: second aio post for fd:9",
                "alert: io_getevents() returned a completion of no request, data 0000001200000034",
                "crit: io_submit(fd:9) failed", "crit: aio read fd:9 failed", "crit: pread() fd:9 failed"});

    log_epoll_wait_failed(log, EINTR);
    log_epoll_wait_failed(log, EBADF);
    log_close_socket_failed(log, 9, EIO);
    CHECK(recorded.take() ==
          Lines{"info: epoll_wait() failed", "alert: epoll_wait() failed", "crit: close() socket 9 failed"});

    log_debug_timer(log, 500, false);
    log_debug_timer(log, 0, true);
    log_debug_add_event(log, 7, k_epoll_ctl_add, k_epollin | k_epollrdhup | k_epollet);
    log_debug_del_event(log, 7, k_epoll_ctl_del, 0);
    log_debug_add_connection(log, 7, 0x80002005);
    log_debug_del_connection(log, 7);
    log_debug_event(log, connection, k_epollin);
    log_debug_event(log, connection, k_epollin | k_epollhup);
    log_debug_stale_event(log, connection.epoll_data());
    log_debug_notify_eventfd(log, 5);
    log_debug_notify_rewound(log, 5, 8, 1000);
    log_debug_aio_eventfd(log, 6);
    log_debug_aio_report(log);
    log_debug_aio_counter(log, 8);
    log_debug_io_getevents(log, 2);
    log_debug_aio_completion(log, 0x1000000ab, -5);
    log_debug_not_ready(log, "recv", EAGAIN);
    CHECK(recorded.take() ==
          Lines{"debug: epoll timer: 500", "debug: epoll timer: -1",
                "debug: epoll add event: fd:7 op:1 ev:80002001",
                "debug: epoll del event: fd:7 op:2 ev:00000000",
                "debug: epoll add connection: fd:7 ev:80002005", "debug: epoll del connection: fd:7",
                "debug: epoll: fd:7 ev:0001 c:12#3", "debug: epoll: fd:7 ev:0011 c:12#3",
                "debug: epoll_wait() error on fd:7 ev:0011", "debug: epoll: stale event c:12#3",
                "debug: notify eventfd: 5", "debug: read() eventfd 5: 8 count:1000", "debug: eventfd: 6",
                "debug: eventfd handler", "debug: eventfd: 8", "debug: io_getevents: 2",
                "debug: io_event: 1000000AB -5", "debug: recv() not ready"});
}

TEST_CASE("log: what a peer can cause is below alert", "[no-alert-without-fault]") {
    RecordedLog recorded(LogLevel::debug);
    for (const int error : {ECONNRESET, EPIPE, ENOTCONN, ETIMEDOUT, ECONNREFUSED, ENETDOWN, ENETUNREACH,
                            EHOSTDOWN, EHOSTUNREACH}) {
        log_connection_error(recorded.log, "send", error);
        CHECK(recorded.take() == Lines{"error: send() failed"});
    }
    log_connection_error(recorded.log, "recv", EFAULT);
    CHECK(recorded.take() == Lines{"alert: recv() failed"});
}

TEST_CASE("log: every level has nginx's name", "[failed-call-changes-nothing]") {
    std::string names;
    for (int level = 0; level <= static_cast<int>(LogLevel::debug); ++level) {
        names += std::string(level_name(static_cast<LogLevel>(level))) + " ";
    }
    CHECK(names == "stderr emerg alert crit error warn notice info debug ");
    CHECK(level_name(static_cast<LogLevel>(99)).empty());
}

TEST_CASE("log: a line that is too long is cut", "[failed-call-changes-nothing]") {
    RecordedLog recorded(LogLevel::debug);
    log_configuration_refused(recorded.log, std::string(5000, 'x'));
    REQUIRE(recorded.lines.size() == 1);
    CHECK(recorded.lines[0].text.size() == Log::k_longest_line);
}

} // namespace edgecase
