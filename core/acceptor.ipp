// Definitions of acceptor.hpp.
#pragma once

#include <algorithm>
#include <cerrno>

#include "core/acceptor.hpp"
#include "core/check.hpp"
#include "core/repeat.hpp"

namespace edgecase {

template <Kernel K> void Acceptor<K>::use_mutex(const AcceptMutex& mutex) {
    EDGECASE_CHECK(!locked_, "the accept mutex is changed while it is held");
    mutex_ = mutex;
}

template <Kernel K> Status Acceptor<K>::listen(Listener& listener, int fd) {
    EDGECASE_CHECK(!listener.is_open(), "a listener is opened twice", fd);
    EDGECASE_CHECK(listener.handler != nullptr, "a listener has no handler", fd);
    Connection* connection = cycle_.get_connection(fd);
    if (connection == nullptr) {
        return Status::error;
    }
    EDGECASE_CHECK(!listener.is_open(), "a handler that made room for a listener has opened it", fd);
    connection->data = &listener;
    connection->read.accept = true;
    connection->read.handler = &handle;
    if (module_.running() && !is_governed(listener) &&
        module_.add_event(connection->read, add_flags(listener)) != Status::ok) {
        cycle_.connections.free(*connection);
        return Status::error;
    }
    listener.connection = connection;
    listener.acceptor = this;
    listener.next = nullptr;
    Listener** end = &listeners_;
    while (*end != nullptr) {
        end = &(*end)->next;
    }
    *end = &listener;
    return Status::ok;
}

template <Kernel K> void Acceptor<K>::start(const Options& options) {
    accept_mutex_ = options.accept_mutex;
    multi_accept_ = options.multi_accept;
    exclusive_accept_ = options.exclusive_accept;
    // Never 0, which would turn each back-off into a loop that does not sleep: init refuses it.
    delay_ms_ = options.accept_mutex_delay_ms;
    for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
        if (!is_governed(*listener)) {
            watch(*listener);
        }
    }
}

template <Kernel K> void Acceptor<K>::stop() {
    unlock();
    has_turn_ = false;
    disabled_ = 0;
    for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
        cycle_.timers.remove(listener->connection->read);
        PostedQueue::unpost(listener->connection->read);
    }
}

template <Kernel K> void Acceptor<K>::forget(const Connection& connection) {
    for (Listener** place = &listeners_; *place != nullptr; place = &(*place)->next) {
        Listener& listener = **place;
        if (listener.connection == &connection) {
            *place = listener.next;
            listener.connection = nullptr;
            return;
        }
    }
}

template <Kernel K> void Acceptor<K>::forget_all() {
    while (listeners_ != nullptr) {
        listeners_->connection = nullptr;
        listeners_ = listeners_->next;
    }
}

template <Kernel K> Msec Acceptor<K>::before_wait(Msec timer_ms, unsigned& flags) {
    if (!has_mutex()) {
        return timer_ms;
    }
    if (disabled_ > 0) {
        --disabled_;
    } else if (mutex_.try_lock(mutex_.context)) {
        locked_ = true;
        has_turn_ = true;
        watch_governed();
        flags |= k_post_events;
        return timer_ms;
    } else {
        has_turn_ = false;
        unwatch_governed();
    }
    return std::min(timer_ms, delay_ms_);
}

template <Kernel K> void Acceptor<K>::unlock() {
    if (locked_) {
        locked_ = false;
        mutex_.unlock(mutex_.context);
    }
}

template <Kernel K> void Acceptor<K>::handle(Event& event) {
    Listener& listener = *static_cast<Listener*>(event.connection->data);
    static_cast<Acceptor*>(listener.acceptor)->accept(listener);
}

template <Kernel K> void Acceptor<K>::accept(Listener& listener) {
    Connection& own = *listener.connection;
    if (own.read.timedout && !resume(listener)) {
        return;
    }
    own.read.ready = false;
    if (is_governed(listener) && !has_turn_) {
        return; // another has the lock, or is to have it, and epoll did not let the listener go yet
    }
    const std::uint32_t generation = own.generation;
    const unsigned most = multi_accept_ ? k_most_accepts : 1;
    for (unsigned i = 0; i < most; ++i) {
        const SysResult accepted = accept_one(own.fd);
        const bool goes_on = accepted.failed() ? goes_on_after(listener, accepted.error)
                                               : take(listener, static_cast<int>(accepted.value));
        // The owner may have closed the listener, and another may have taken its slot.
        if (!goes_on || own.generation != generation) {
            return;
        }
    }
}

template <Kernel K> SysResult Acceptor<K>::accept_one(int fd) {
    if (has_accept4_) {
        const auto accept4 = [&] { return kernel_.accept4(fd, k_sock_nonblock | k_sock_cloexec); };
        const SysResult first = accept4();
        const SysResult result = repeat_interrupted(cycle_.log, "accept4", fd, first, accept4);
        if (result.error != ENOSYS) {
            return result;
        }
        has_accept4_ = false; // a system older than 2.6.28, or a filter of system calls
    }
    const auto accept = [&] { return kernel_.accept(fd); };
    const SysResult first = accept();
    return repeat_interrupted(cycle_.log, "accept", fd, first, accept);
}

// What accept4 does with its flags.
template <Kernel K> bool Acceptor<K>::prepare(int fd) {
    SysResult set = kernel_.fcntl(fd, k_f_setfl, k_sock_nonblock);
    if (!set.failed()) {
        set = kernel_.fcntl(fd, k_f_setfd, k_fd_cloexec);
    }
    if (set.failed()) {
        log_prepare_accepted_failed(cycle_.log, fd, set.error);
    }
    return !set.failed();
}

template <Kernel K> bool Acceptor<K>::take(Listener& listener, int fd) {
    ConnectionTable& connections = cycle_.connections;
    const Connection& own = *listener.connection;
    const std::uint32_t generation = own.generation;
    // Above 0 once less than an eighth of the connections is free.
    disabled_ = std::int64_t{connections.connections() / 8} - std::int64_t{connections.free_connections()};
    Connection* connection = has_accept4_ || prepare(fd) ? cycle_.get_connection(fd) : nullptr;
    if (connection == nullptr) {
        close_accepted(fd);
        return false;
    }
    // To make room for it handlers may have run, and one of them may have closed the listener.
    if (own.generation != generation) {
        connections.free(*connection);
        close_accepted(fd);
        return false;
    }
    connection->write.ready = true;
    connection->read.ready = listener.deferred_accept;
    listener.handler(listener, *connection);
    return true;
}

template <Kernel K> void Acceptor<K>::close_accepted(int fd) {
    const SysResult closed = kernel_.close(fd);
    if (closed.failed()) {
        log_close_socket_failed(cycle_.log, fd, closed.error);
    }
}

template <Kernel K> bool Acceptor<K>::goes_on_after(Listener& listener, int error) {
    if (error == EAGAIN) {
        log_debug_not_ready(cycle_.log, "accept4", error);
        return false;
    }
    log_accept_failed(cycle_.log, error);
    switch (error) {
    case ECONNABORTED:
    // accept(2): what ailed the connection that was first in the queue, which is gone.
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    // The process or the system is short of something; so it will be for the other listeners.
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: run_short(); return false;
    // The connection stays in the queue: without a pause, every wait would report it at once, for ever.
    default: pause(listener); return false;
    }
}

// The listener's timer has expired: whether it may accept now.
template <Kernel K> bool Acceptor<K>::resume(Listener& listener) {
    Event& event = listener.connection->read;
    event.timedout = false;
    // Timers run when the lock has been given back: the turn that gets it next brings the listener back.
    if (is_governed(listener)) {
        return false;
    }
    watch(listener);
    return event.active;
}

template <Kernel K> std::uint32_t Acceptor<K>::add_flags(const Listener& listener) const {
    const bool exclusive = exclusive_accept_ && !listener.shared_by_none && !is_governed(listener);
    return exclusive ? k_exclusive_event : k_level_event;
}

// Puts the listener into epoll, unless it is there or waits for its timer. One that cannot be added is tried
// again.
template <Kernel K> void Acceptor<K>::watch(Listener& listener) {
    Event& event = listener.connection->read;
    if (event.active || event.timer_set) {
        return;
    }
    if (module_.add_event(event, add_flags(listener)) != Status::ok) {
        set_timer(listener);
    }
}

// A failure is in the log; the listener is active still.
template <Kernel K> void Acceptor<K>::unwatch(Listener& listener) {
    Event& event = listener.connection->read;
    if (event.active) {
        static_cast<void>(module_.del_event(event, k_disable_event));
    }
}

// Out of epoll, for the delay.
template <Kernel K> void Acceptor<K>::pause(Listener& listener) {
    unwatch(listener);
    set_timer(listener);
}

template <Kernel K> void Acceptor<K>::run_short() {
    for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
        if (is_governed(*listener)) {
            unwatch(*listener);
        } else {
            pause(*listener);
        }
    }
    if (has_mutex()) {
        // Others may have descriptors left.
        unlock();
        has_turn_ = false;
        disabled_ = 1;
    }
}

template <Kernel K> void Acceptor<K>::watch_governed() {
    for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
        if (is_governed(*listener)) {
            watch(*listener);
        }
    }
}

template <Kernel K> void Acceptor<K>::unwatch_governed() {
    for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
        if (is_governed(*listener)) {
            unwatch(*listener);
        }
    }
}

template <Kernel K> void Acceptor<K>::set_timer(Listener& listener) {
    Event& event = listener.connection->read;
    if (!event.timer_set) {
        cycle_.timers.add(event, cycle_.now, delay_ms_);
    }
}

} // namespace edgecase
