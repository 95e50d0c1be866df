// Definitions of epoll_module.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <limits>

#include "core/aio_channel.ipp"
#include "core/check.hpp"
#include "core/epoll_module.hpp"
#include "core/notify_channel.ipp"

namespace edgecase {

template <Kernel K> Status EpollModule<K>::init(const Options& options) {
    EDGECASE_CHECK(!processing_, "init is called from a handler");
    EDGECASE_CHECK(options.epoll_events >= k_least_epoll_events &&
                       options.epoll_events <= k_most_epoll_events,
                   "epoll_events is out of range", options.epoll_events);
    // Memory before descriptors: when there is none, nothing has to be closed again.
    if (grow_event_list(options.epoll_events) != Status::ok) {
        return Status::error;
    }
    if (!running()) {
        if (open_epoll() != Status::ok) {
            release_event_list();
            return Status::error;
        }
        rdhup_ = options.capabilities.epollrdhup ? k_epollrdhup : 0;
        event_flags_ = (options.capabilities.clear_event ? k_use_clear_event : k_use_level_event) |
                       k_use_greedy_event | k_use_epoll_event;
        if (options.capabilities.eventfd) {
            // Without the channel everything but notify works.
            static_cast<void>(notify_channel_.open(epoll_fd_, options.notify_rewind_after));
        }
        if (options.capabilities.eventfd && options.capabilities.file_aio) {
            // Without this one files are read synchronously.
            static_cast<void>(aio_channel_.open(epoll_fd_, options.worker_aio_requests));
        }
    }
    event_count_ = options.epoll_events;
    notify_channel_.set_rewind_after(options.notify_rewind_after);
    return Status::ok;
}

template <Kernel K> void EpollModule<K>::done() {
    EDGECASE_CHECK(!processing_, "done is called from a handler");
    close_epoll();
    notify_channel_.close();
    aio_channel_.close();
    release_event_list();
    // Their entries went with the epoll instance.
    for (Connection& connection : cycle_.connections) {
        connection.read.active = false;
        connection.write.active = false;
    }
}

template <Kernel K> Status EpollModule<K>::grow_event_list(std::uint32_t count) {
    if (count <= event_capacity_) {
        return Status::ok;
    }
    static_assert(k_most_epoll_events <= std::numeric_limits<std::size_t>::max() / sizeof(EpollEvent));
    static_assert(k_most_epoll_events <= k_epoll_max_events);
    const std::size_t bytes = count * sizeof(EpollEvent);
    void* memory = kernel_.allocate(bytes, alignof(std::uint64_t));
    if (memory == nullptr) {
        log_allocation_failed(cycle_.log, bytes, ENOMEM);
        return Status::error;
    }
    release_event_list();
    event_list_ = static_cast<EpollEvent*>(memory);
    event_capacity_ = count;
    return Status::ok;
}

template <Kernel K> void EpollModule<K>::release_event_list() {
    if (event_list_ == nullptr) {
        return;
    }
    kernel_.release(event_list_, event_capacity_ * sizeof(EpollEvent), alignof(std::uint64_t));
    event_list_ = nullptr;
    event_capacity_ = 0;
    event_count_ = 0;
}

template <Kernel K> Status EpollModule<K>::open_epoll() {
    const SysResult made = kernel_.epoll_create1(k_epoll_cloexec);
    if (made.failed()) {
        log_epoll_create_failed(cycle_.log, made.error);
        return Status::error;
    }
    epoll_fd_ = static_cast<int>(made.value);
    return Status::ok;
}

template <Kernel K> void EpollModule<K>::close_epoll() {
    if (epoll_fd_ == -1) {
        return;
    }
    const SysResult closed = kernel_.close(epoll_fd_);
    epoll_fd_ = -1;
    if (closed.failed()) {
        log_epoll_close_failed(cycle_.log, closed.error);
    }
}

template <Kernel K> Status EpollModule<K>::add_event(Event& event, std::uint32_t flags) {
    Connection& connection = *event.connection;
    const Event& other = event.write ? connection.read : connection.write;
    const int op = other.active ? k_epoll_ctl_mod : k_epoll_ctl_add;
    std::uint32_t mask = event.write ? k_epollout : read_mask();
    if (other.active) {
        mask |= event.write ? read_mask() : k_epollout;
    }
    if ((flags & k_exclusive_event) != 0) {
        mask = (mask & ~k_epollrdhup) | k_epollexclusive;
    }
    EpollEvent entry{mask | (flags & k_epollet), connection.epoll_data()};
    log_debug_add_event(cycle_.log, connection.fd, op, entry.events);
    const SysResult result = kernel_.epoll_ctl(epoll_fd_, op, connection.fd, &entry);
    if (result.failed()) {
        log_epoll_ctl_failed(cycle_.log, op, connection.fd, result.error);
        return Status::error;
    }
    event.active = true;
    return Status::ok;
}

template <Kernel K> Status EpollModule<K>::del_event(Event& event, std::uint32_t flags) {
    if ((flags & k_close_event) != 0) {
        event.active = false;
        return Status::ok;
    }
    Connection& connection = *event.connection;
    const Event& other = event.write ? connection.read : connection.write;
    const int op = other.active ? k_epoll_ctl_mod : k_epoll_ctl_del;
    EpollEvent entry{0, 0};
    if (other.active) {
        entry = EpollEvent{(event.write ? read_mask() : k_epollout) | (flags & k_epollet),
                           connection.epoll_data()};
    }
    log_debug_del_event(cycle_.log, connection.fd, op, entry.events);
    const SysResult result = kernel_.epoll_ctl(epoll_fd_, op, connection.fd, &entry);
    if (result.failed()) {
        log_epoll_ctl_failed(cycle_.log, op, connection.fd, result.error);
        return Status::error;
    }
    event.active = false;
    return Status::ok;
}

template <Kernel K> Status EpollModule<K>::add_connection(Connection& connection) {
    EpollEvent entry{read_mask() | k_epollout | k_epollet, connection.epoll_data()};
    log_debug_add_connection(cycle_.log, connection.fd, entry.events);
    const SysResult result = kernel_.epoll_ctl(epoll_fd_, k_epoll_ctl_add, connection.fd, &entry);
    if (result.failed()) {
        log_add_connection_failed(cycle_.log, connection.fd, result.error);
        return Status::error;
    }
    connection.read.active = true;
    connection.write.active = true;
    return Status::ok;
}

template <Kernel K> Status EpollModule<K>::del_connection(Connection& connection, std::uint32_t flags) {
    if ((flags & k_close_event) == 0) {
        EpollEvent entry{0, 0};
        log_debug_del_connection(cycle_.log, connection.fd);
        const SysResult result = kernel_.epoll_ctl(epoll_fd_, k_epoll_ctl_del, connection.fd, &entry);
        if (result.failed()) {
            log_epoll_ctl_failed(cycle_.log, k_epoll_ctl_del, connection.fd, result.error);
            return Status::error;
        }
    }
    connection.read.active = false;
    connection.write.active = false;
    return Status::ok;
}

template <Kernel K> Status EpollModule<K>::process_events(Msec timer_ms, unsigned flags) {
    EDGECASE_CHECK(!processing_, "process_events is called from a handler");
    const bool owed = notify_channel_.take_owed_report();
    if (owed) [[unlikely]] {
        timer_ms = 0;
    }
    const bool infinite = timer_ms == k_timer_infinite;
    // A finite time stays finite however long it is: the caller comes back and asks for the rest.
    const int timeout_ms =
        infinite ? -1 : static_cast<int>(std::min<Msec>(timer_ms, std::numeric_limits<int>::max()));
    if (cycle_.log.is_on(LogLevel::debug)) [[unlikely]] {
        log_debug_timer(cycle_.log, timer_ms, infinite);
    }

    const SysResult waited =
        kernel_.epoll_wait(epoll_fd_, event_list_, static_cast<int>(event_count_), timeout_ms);
    // Taken whatever the wait answered, so that an alarm counts once; and before the time is updated, so that
    // one which arrives in between is not lost.
    const bool alarm = kernel_.take_alarm();
    if ((flags & k_update_time) != 0 || alarm) {
        cycle_.now = kernel_.monotonic_ms();
    }
    if (owed) [[unlikely]] {
        report_notify(flags);
    }
    if (waited.failed()) {
        if (waited.error == EINTR && alarm) {
            return Status::ok;
        }
        log_epoll_wait_failed(cycle_.log, waited.error);
        return Status::error;
    }
    if (waited.value == 0) {
        if (!infinite) {
            return Status::ok;
        }
        log_no_events_without_timeout(cycle_.log);
        return Status::error;
    }
    EDGECASE_CHECK(waited.value <= event_count_, "epoll_wait gave more events than it was asked for",
                   waited.value, event_count_);
    const auto count = static_cast<std::uint32_t>(waited.value);
    processing_ = true;
    if ((flags & k_post_events) == 0 && !cycle_.log.is_on(LogLevel::debug)) {
        scan<ScanMode::call>(count);
    } else if ((flags & k_post_events) == 0) {
        scan<ScanMode::call_and_log>(count);
    } else {
        scan<ScanMode::post>(count);
    }
    processing_ = false;
    return Status::ok;
}

template <Kernel K> void EpollModule<K>::report_notify(unsigned flags) {
    Event& event = cycle_.connections.at(cycle_.connections.connections() + k_notify_channel).read;
    processing_ = true;
    if ((flags & k_post_events) != 0) {
        dispatch<ScanMode::post>(event);
    } else {
        dispatch<ScanMode::call>(event);
    }
    processing_ = false;
}

template <Kernel K> template <ScanMode mode> void EpollModule<K>::scan(std::uint32_t count) {
    const EpollEvent* const end = event_list_ + count;
    Connection* const connections = cycle_.connections.begin();
    const std::uint32_t slots = cycle_.connections.slots();

    for (const EpollEvent* report = event_list_; report != end; ++report) {
        const std::uint64_t data = report->data;
        std::uint32_t revents = report->events;
        const auto slot = static_cast<std::uint32_t>(data);
        if (slot >= slots) [[unlikely]] {
            log_data_without_slot(cycle_.log, data);
            continue;
        }
        Connection& connection = connections[slot];
        if (is_stale(connection, data)) [[unlikely]] {
            log_debug_stale_event(cycle_.log, data);
            continue;
        }
        if constexpr (mode != ScanMode::call) {
            log_debug_event(cycle_.log, connection, revents);
        }
        if ((revents & (k_epollerr | k_epollhup | k_epollrdhup)) != 0) [[unlikely]] {
            revents = note_ending(connection, revents);
        }
        if ((revents & k_epollin) != 0 && connection.read.active) {
            dispatch<mode>(connection.read);
        }
        if ((revents & k_epollout) != 0 && connection.write.active) {
            // The read handler may have closed the connection, and another may have taken the slot.
            if (is_stale(connection, data)) [[unlikely]] {
                log_debug_stale_event(cycle_.log, data);
                continue;
            }
            dispatch<mode>(connection.write);
        }
    }
}

template <Kernel K>
std::uint32_t EpollModule<K>::note_ending(Connection& connection, std::uint32_t revents) const {
    // Whoever waits for either direction must learn of an error, and finds out by reading or writing.
    if ((revents & (k_epollerr | k_epollhup)) != 0) {
        revents |= k_epollin | k_epollout;
    }
    if ((revents & rdhup_) != 0 && (revents & k_epollin) != 0 && connection.read.active) {
        connection.read.pending_eof = true;
    }
    return revents;
}

template <Kernel K> template <ScanMode mode> void EpollModule<K>::dispatch(Event& event) {
    event.ready = true;
    if constexpr (mode == ScanMode::post) {
        cycle_.queue_of(event).post(event);
    } else {
        EDGECASE_CHECK(event.handler != nullptr, "an active event has no handler", event.connection->slot);
        event.handler(event);
    }
}

} // namespace edgecase
