// Definitions of notify_channel.hpp.
#pragma once

#include <cerrno>

#include "core/notify_channel.hpp"
#include "core/repeat.hpp"

namespace edgecase {

template <Kernel K> Status NotifyChannel<K>::open(int epoll_fd, std::uint32_t rewind_after) {
    const SysResult made = kernel_.eventfd(0, k_efd_cloexec | k_efd_nonblock);
    if (made.failed()) {
        log_eventfd_failed(cycle_.log, made.error);
        return Status::error;
    }
    fd_ = static_cast<int>(made.value);
    log_debug_notify_eventfd(cycle_.log, fd_);

    Connection& connection = cycle_.connections.open_channel(k_notify_channel, fd_);
    EpollEvent event{k_epollin | k_epollet, connection.epoll_data()};
    const SysResult added = kernel_.epoll_ctl(epoll_fd, k_epoll_ctl_add, fd_, &event);
    if (added.failed()) {
        log_eventfd_add_failed(cycle_.log, added.error);
        close();
        return Status::error;
    }
    connection.data = this;
    connection.read.handler = on_report;
    connection.read.active = true;
    // The write half is inert: never active, but there, so that a report of ERR or HUP finds an event like
    // any other.
    deliveries_ = 0;
    rewind_after_ = rewind_after;
    return Status::ok;
}

template <Kernel K> void NotifyChannel<K>::close() {
    if (fd_ == -1) {
        return;
    }
    for (std::atomic<NotifyTask*>& task : tasks_) {
        task.store(nullptr, std::memory_order_relaxed);
    }
    owed_.store(false, std::memory_order_relaxed);
    PostedQueue::unpost(cycle_.connections.at(cycle_.connections.connections() + k_notify_channel).read);
    cycle_.connections.close_channel(k_notify_channel);
    const SysResult closed = kernel_.close(fd_);
    fd_ = -1;
    if (closed.failed()) {
        log_eventfd_close_failed(cycle_.log, closed.error);
    }
}

template <Kernel K> Status NotifyChannel<K>::notify(NotifyTask& task) {
    if (!is_open()) {
        log_no_notify_channel(cycle_.log);
        return Status::error;
    }
    // The task first, then the write: whoever takes the report of this write finds the task.
    if (!enter(task)) {
        log_too_many_notify_tasks(cycle_.log, k_tasks);
        return Status::error;
    }
    SysResult written = wake();
    if (written.error == EAGAIN) {
        // The counter is full, so nobody read it for a very long time. What this read takes away is made good
        // by the write that follows it, or else by the loop itself.
        std::uint64_t count = 0;
        const SysResult read = rewind(count);
        written = wake();
        if (!read.failed() && written.value != static_cast<std::int64_t>(sizeof(std::uint64_t))) {
            owed_.store(true, std::memory_order_release);
        }
    }
    if (written.value != static_cast<std::int64_t>(sizeof(std::uint64_t))) {
        log_eventfd_write_failed(cycle_.log, fd_, written.error);
        return Status::error;
    }
    return Status::ok;
}

template <Kernel K> bool NotifyChannel<K>::enter(NotifyTask& task) {
    // A task that waits already is exchanged for itself, not just seen: only so does the loop, when it takes
    // the task, also see what this thread wrote before it notified.
    for (std::atomic<NotifyTask*>& place : tasks_) {
        NotifyTask* expected = &task;
        if (place.load(std::memory_order_relaxed) == &task &&
            place.compare_exchange_strong(expected, &task, std::memory_order_acq_rel)) {
            return true;
        }
    }
    for (std::atomic<NotifyTask*>& place : tasks_) {
        NotifyTask* expected = nullptr;
        if (place.compare_exchange_strong(expected, &task, std::memory_order_acq_rel)) {
            return true;
        }
    }
    return false;
}

template <Kernel K> SysResult NotifyChannel<K>::wake() {
    const auto write = [this] {
        const std::uint64_t one = 1;
        return kernel_.write(fd_, &one, sizeof one);
    };
    return repeat_interrupted(cycle_.log, "write", fd_, write(), write);
}

template <Kernel K> SysResult NotifyChannel<K>::rewind(std::uint64_t& count) {
    const auto read = [this, &count] { return kernel_.read(fd_, &count, sizeof count); };
    return repeat_interrupted(cycle_.log, "read", fd_, read(), read);
}

template <Kernel K> void NotifyChannel<K>::on_report(Event& event) {
    NotifyChannel& channel = *static_cast<NotifyChannel*>(event.connection->data);
    channel.count_delivery();
    channel.run_tasks();
}

template <Kernel K> void NotifyChannel<K>::count_delivery() {
    if (++deliveries_ < rewind_after_) {
        return;
    }
    deliveries_ = 0;
    std::uint64_t count = 0;
    const SysResult result = rewind(count);
    log_debug_notify_rewound(cycle_.log, fd_, result.value, count);
    if (result.value != static_cast<std::int64_t>(sizeof count) && result.error != EAGAIN) {
        log_eventfd_read_failed(cycle_.log, fd_, result.error);
    }
}

template <Kernel K> void NotifyChannel<K>::run_tasks() {
    // After the read, never before it: a write that the read swallowed has entered its task, and it is taken
    // here.
    for (std::atomic<NotifyTask*>& place : tasks_) {
        NotifyTask* task = place.exchange(nullptr, std::memory_order_acq_rel);
        if (task != nullptr) {
            task->run(*task);
        }
    }
}

} // namespace edgecase
