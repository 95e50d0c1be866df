// Definitions of reactor.hpp. Included by the one .cpp that instantiates a pair of reactor and kernel.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/acceptor.ipp"
#include "core/check.hpp"
#include "core/epoll_module.ipp"
#include "core/reactor.hpp"
#include "core/repeat.hpp"

namespace edgecase {

template <Kernel K>
Reactor<K>::Reactor(K& kernel, Log& log)
    : kernel_(kernel), cycle_(log), module_(kernel, cycle_), acceptor_(kernel, cycle_, module_) {
    actions_.add = &Reactor::add_event;
    actions_.del = &Reactor::del_event;
    actions_.enable = &Reactor::add_event;
    actions_.disable = &Reactor::del_event;
    actions_.add_connection = &Reactor::add_connection;
    actions_.del_connection = &Reactor::del_connection;
    actions_.process_events = &Reactor::process_events;
    actions_.init = &Reactor::init;
    actions_.done = &Reactor::done;
}

template <Kernel K> Reactor<K>::~Reactor() {
    done();
    release_tables();
}

template <Kernel K> Status Reactor<K>::init(const Options& options) {
    if (!check_options(options)) {
        return Status::error;
    }
    const bool had_tables = cycle_.connections.attached();
    if (!had_tables && allocate_tables(options.worker_connections) != Status::ok) {
        return Status::error;
    }
    if (module_.init(options) != Status::ok) {
        if (!had_tables) {
            release_tables();
        }
        return Status::error;
    }
    actions_.notify = module_.has_notify() ? &Reactor::notify : nullptr;
    set_alarm(options.timer_resolution_ms);
    update_time();
    acceptor_.start(options);
    return Status::ok;
}

template <Kernel K> void Reactor<K>::done() {
    acceptor_.stop();
    module_.done();
    actions_.notify = nullptr;
    set_alarm(0);
}

// An interval timer that cannot be set is one line and leaves what was: without an alarm, each wait updates the time.
template <Kernel K> void Reactor<K>::set_alarm(Msec interval_ms) {
    if (interval_ms == timer_resolution_ms_) {
        return;
    }
    const SysResult set = kernel_.setitimer(interval_ms);
    if (set.failed()) {
        log_setitimer_failed(cycle_.log, set.error);
        return;
    }
    timer_resolution_ms_ = interval_ms;
}

template <Kernel K> bool Reactor<K>::check_options(const Options& options) const {
    const struct {
        std::string_view name;
        std::uint64_t value;
        std::uint64_t least;
        std::uint64_t most;
    } numbers[] = {
        {"worker_connections", options.worker_connections, k_least_worker_connections,
         k_most_worker_connections},
        {"epoll_events", options.epoll_events, k_least_epoll_events, k_most_epoll_events},
        {"worker_aio_requests", options.worker_aio_requests, k_least_worker_aio_requests,
         k_most_worker_aio_requests},
        {"accept_mutex_delay_ms", options.accept_mutex_delay_ms, k_least_accept_mutex_delay_ms,
         k_most_accept_mutex_delay_ms},
        {"timer_resolution_ms", options.timer_resolution_ms, 0, k_most_timer_resolution_ms},
    };
    for (const auto& number : numbers) {
        if (number.value < number.least || number.value > number.most) {
            log_option_out_of_range(cycle_.log, number.name, number.value);
            return false;
        }
    }
    return true;
}

template <Kernel K> Status Reactor<K>::allocate_tables(std::uint32_t worker_connections) {
    static_assert(k_most_worker_connections + k_channels <=
                  std::numeric_limits<std::size_t>::max() / sizeof(Connection));
    const std::uint32_t slots = worker_connections + k_channels;
    const std::size_t connection_bytes = slots * sizeof(Connection);
    const std::uint32_t timers = slots * 2;
    const std::size_t timer_bytes = timers * sizeof(Timers::Entry);

    void* connections = allocate_or_log(connection_bytes, alignof(Connection));
    if (connections == nullptr) {
        return Status::error;
    }
    void* heap = allocate_or_log(timer_bytes, alignof(Timers::Entry));
    if (heap == nullptr) {
        kernel_.release(connections, connection_bytes, alignof(Connection));
        return Status::error;
    }
    cycle_.connections.attach(connections, worker_connections, k_channels);
    cycle_.timers.attach(heap, timers);
    return Status::ok;
}

template <Kernel K> void Reactor<K>::release_tables() {
    if (!cycle_.connections.attached()) {
        return;
    }
    acceptor_.forget_all();
    // What is posted or timed lives in the table; it goes with it.
    for (Connection& connection : cycle_.connections) {
        detach_events(connection);
        cycle_.reusable.remove(connection);
    }
    const std::size_t connection_bytes = cycle_.connections.slots() * sizeof(Connection);
    const std::size_t timer_bytes = cycle_.timers.capacity() * sizeof(Timers::Entry);
    kernel_.release(cycle_.connections.detach(), connection_bytes, alignof(Connection));
    kernel_.release(cycle_.timers.memory(), timer_bytes, alignof(Timers::Entry));
    cycle_.timers.attach(nullptr, 0);
}

template <Kernel K> void* Reactor<K>::allocate_or_log(std::size_t bytes, std::size_t alignment) {
    void* memory = kernel_.allocate(bytes, alignment);
    if (memory == nullptr) {
        log_allocation_failed(cycle_.log, bytes, ENOMEM);
    }
    return memory;
}

template <Kernel K> void Reactor<K>::detach_events(Connection& connection) {
    cycle_.timers.remove(connection.read);
    cycle_.timers.remove(connection.write);
    PostedQueue::unpost(connection.read);
    PostedQueue::unpost(connection.write);
}

template <Kernel K> void Reactor<K>::free_connection(Connection& connection) {
    if (connection.read.accept) {
        acceptor_.forget(connection);
    }
    detach_events(connection);
    cycle_.reusable.remove(connection);
    cycle_.connections.free(connection);
}

template <Kernel K> void Reactor<K>::close_connection(Connection& connection) {
    if (connection.fd == -1) {
        log_connection_already_closed(cycle_.log);
        return;
    }
    static_cast<void>(module_.del_connection(connection, k_close_event));
    close(connection);
}

template <Kernel K> void Reactor<K>::close_shared_connection(Connection& connection) {
    if (connection.fd == -1) {
        log_connection_already_closed(cycle_.log);
        return;
    }
    if (connection.read.active || connection.write.active) {
        // Whatever it answers, the descriptor is closed; a failure is in the log.
        static_cast<void>(module_.del_connection(connection, 0));
    }
    close(connection);
}

template <Kernel K> void Reactor<K>::close(Connection& connection) {
    // The slot is free before the descriptor is closed, as in nginx.
    const int fd = connection.fd;
    free_connection(connection);
    close_descriptor(fd);
}

template <Kernel K> void Reactor<K>::close_descriptor(int fd) {
    const SysResult closed = kernel_.close(fd);
    if (closed.failed()) {
        log_close_socket_failed(cycle_.log, fd, closed.error);
    }
}

template <Kernel K> void Reactor<K>::close_idle_connections() {
    for (Connection& connection : cycle_.connections) {
        if (connection.fd != -1 && connection.idle) {
            connection.close = true;
            connection.read.handler(connection.read);
        }
    }
}

template <Kernel K> ConnectResult Reactor<K>::connect_peer(const InetAddress& address) {
    const SysResult made = kernel_.socket(k_af_inet, k_sock_stream | k_sock_nonblock | k_sock_cloexec);
    if (made.failed()) {
        log_socket_failed(cycle_.log, made.error);
        return {};
    }
    const int fd = static_cast<int>(made.value);
    Connection* connection = get_connection(fd);
    if (connection == nullptr) {
        close_descriptor(fd);
        return {};
    }
    if (add_connection(*connection) != Status::ok) {
        close_connection(*connection);
        return {};
    }
    log_debug_connect(cycle_.log, *connection);
    const SysResult connected = kernel_.connect(fd, address);
    // connect(2): one that a signal interrupts goes on by itself; calling again would answer EALREADY.
    if (connected.error == EINPROGRESS || connected.error == EINTR) {
        return {ConnectStatus::in_progress, connection};
    }
    if (connected.failed()) {
        log_connect_failed(cycle_.log, address, connected.error);
        close_connection(*connection);
        return {ConnectStatus::declined, nullptr};
    }
    connection->write.ready = true;
    return {ConnectStatus::connected, connection};
}

template <Kernel K> int Reactor<K>::connect_error(Connection& connection) {
    const SysResult pending = kernel_.getsockopt_error(connection.fd);
    const int error = pending.failed() ? pending.error : static_cast<int>(pending.value);
    if (error != 0) {
        log_connection_error(cycle_.log, "connect", error);
    }
    return error;
}

template <Kernel K> Status Reactor<K>::process_events_and_timers() {
    EDGECASE_CHECK(!in_turn_, "a turn is begun within a turn");
    in_turn_ = true;
    const bool by_alarm = timer_resolution_ms_ != 0;
    unsigned flags = by_alarm ? 0 : k_update_time;
    // Before the timers are looked at: a listener that epoll refuses gets one.
    const Msec longest_ms = acceptor_.before_wait(k_timer_infinite, flags);
    Msec timer_ms = by_alarm ? k_timer_infinite : nearest_timer();
    if (!cycle_.posted_accept.empty() || !cycle_.posted.empty()) {
        // Posted while the queue ran, or by the owner: nothing will wake the wait for them.
        timer_ms = 0;
    }
    const Status waited = module_.process_events(std::min(timer_ms, longest_ms), flags);
    cycle_.posted_accept.run();
    acceptor_.unlock();
    // Whether time has passed or not: a timer may have been set that is due at once.
    cycle_.timers.expire(cycle_.now);
    cycle_.posted.run();
    in_turn_ = false;
    return waited;
}

template <Kernel K>
SysResult Reactor<K>::finish_recv(Connection& connection, void* buffer, std::size_t size, SysResult first) {
    const SysResult result = repeat_interrupted(cycle_.log, "recv", connection.fd, first,
                                                [&] { return kernel_.recv(connection.fd, buffer, size, 0); });
    apply_read_result(connection.read, result, size);
    if (result.error == EAGAIN) {
        log_debug_not_ready(cycle_.log, "recv", result.error);
    } else if (result.failed()) {
        log_connection_error(cycle_.log, "recv", result.error);
    }
    return result;
}

template <Kernel K>
SysResult Reactor<K>::finish_send(Connection& connection, const void* bytes, std::size_t size,
                                  SysResult first) {
    return finish_write(connection, "send", size, first,
                        [&] { return kernel_.send(connection.fd, bytes, size, k_msg_nosignal); });
}

template <Kernel K> SysResult Reactor<K>::writev(Connection& connection, std::span<const BytePiece> pieces) {
    const std::span<const BytePiece> taken = pieces.first(std::min(pieces.size(), k_most_pieces));
    std::size_t size = 0;
    for (const BytePiece& piece : taken) {
        size += piece.size;
    }
    const auto sendmsg = [&] {
        return kernel_.sendmsg(connection.fd, taken.data(), taken.size(), k_msg_nosignal);
    };
    const SysResult first = sendmsg();
    return finish_write(connection, "sendmsg", size, first, sendmsg);
}

template <Kernel K>
template <class Again>
SysResult Reactor<K>::finish_write(Connection& connection, std::string_view call, std::size_t size,
                                   SysResult first, Again again) {
    const SysResult result = repeat_interrupted(cycle_.log, call, connection.fd, first, again);
    apply_write_result(connection.write, result, size);
    if (result.error == EAGAIN) {
        log_debug_not_ready(cycle_.log, call, result.error);
    } else if (result.failed()) {
        log_connection_error(cycle_.log, call, result.error);
    } else if (result.value == 0 && size != 0) {
        log_returned_zero(cycle_.log, call);
    }
    return result;
}

template <Kernel K> Status Reactor<K>::handle_event(Event& event, std::uint32_t flags) {
    const bool by_edge = (event_flags() & k_use_clear_event) != 0;
    if (!event.active && !event.ready) {
        return add_event(event, by_edge ? k_clear_event : k_level_event);
    }
    const bool closes = (flags & k_close_event) != 0;
    if (!by_edge && event.active && (event.ready || closes)) {
        return del_event(event, k_level_event | flags);
    }
    return Status::ok;
}

template <Kernel K> void Reactor<K>::apply_read_result(Event& event, SysResult result, std::size_t asked) {
    EDGECASE_CHECK(!event.write, "a read result is applied to a write event", event.connection->slot);
    if (result.failed()) {
        event.ready = false;
        event.error = event.error || (result.error != EAGAIN && result.error != EINTR);
    } else if (result.value == 0 && asked != 0) {
        event.ready = false;
        event.eof = true;
    }
}

template <Kernel K> void Reactor<K>::apply_write_result(Event& event, SysResult result, std::size_t asked) {
    EDGECASE_CHECK(event.write, "a write result is applied to a read event", event.connection->slot);
    if (result.failed()) {
        event.ready = false;
        event.error = event.error || (result.error != EAGAIN && result.error != EINTR);
    } else if (static_cast<std::uint64_t>(result.value) < asked) {
        event.ready = false;
    }
}

} // namespace edgecase
