// The listeners of one reactor and what nginx's ngx_event_accept.c does with them: accepting, backing off
// when descriptors run out, and the accept mutex. Listeners are level-triggered, so a connection that is left
// in the backlog is reported again by the next wait.
//
// A listener is *governed* if the accept mutex is about it: the mutex is in use, and the descriptor is not
// the reactor's alone. Governed listeners are watched while the reactor has the lock, and after it until
// another reactor was found to have it.
//
// Invariants: listener-stays-watched: each open listener of a reactor that runs is in epoll, or has a timer
// that will put it there, or is governed and the next turn tries the lock within the accept mutex's delay;
// bounded-turn: a run of the accept handler makes at most k_most_accepts accept4 calls (and each again, up
// to 16 times in a row, when a signal interrupts it), and one without multi_accept.
#pragma once

#include <cstdint>

#include "core/accept_mutex.hpp"
#include "core/cycle.hpp"
#include "core/epoll_module.hpp"
#include "core/listener.hpp"
#include "core/options.hpp"

namespace edgecase {

// How many connections one run of the accept handler takes at most with multi_accept. nginx has no bound.
inline constexpr unsigned k_most_accepts = 64;

template <Kernel K> class Acceptor {
public:
    Acceptor(K& kernel, Cycle& cycle, EpollModule<K>& module)
        : kernel_(kernel), cycle_(cycle), module_(module) {}
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    // See Reactor.
    void use_mutex(const AcceptMutex& mutex);
    Status listen(Listener& listener, int fd);

    // The module runs: listeners that are not governed are watched from now on.
    void start(const Options& options);

    // The module is about to stop: gives the lock back and takes the listeners' timers and posted events away.
    void stop();

    // The listener's connection is about to be freed, by whomever.
    void forget(const Connection& connection);

    // The same for all: the table is about to go.
    void forget_all();

    // The mutex's part of a turn, before the wait: tries the lock, adds k_post_events to flags if it was got,
    // and otherwise answers a shorter wait, so that the lock is tried again within the delay. timer_ms and
    // answer in milliseconds.
    Msec before_wait(Msec timer_ms, unsigned& flags);

    // After the accept queue was run: gives the lock back, if this turn took it.
    void unlock();

    // nginx's ngx_accept_disabled: while it is above 0, a turn counts it down in place of trying the lock.
    [[nodiscard]] std::int64_t disabled() const { return disabled_; }

private:
    static void handle(Event& event);
    void accept(Listener& listener);
    SysResult accept_one(int fd);
    bool prepare(int fd);
    bool take(Listener& listener, int fd);
    void close_accepted(int fd);
    bool goes_on_after(Listener& listener, int error);
    bool resume(Listener& listener);
    void watch(Listener& listener);
    void unwatch(Listener& listener);
    void pause(Listener& listener);
    void run_short();
    void watch_governed();
    void unwatch_governed();
    void set_timer(Listener& listener);
    [[nodiscard]] std::uint32_t add_flags(const Listener& listener) const;
    [[nodiscard]] bool has_mutex() const { return accept_mutex_ && mutex_.exists(); }
    [[nodiscard]] bool is_governed(const Listener& listener) const {
        return has_mutex() && !listener.shared_by_none;
    }

    K& kernel_;
    Cycle& cycle_;
    EpollModule<K>& module_;
    Listener* listeners_ = nullptr; // in the order of listen()
    AcceptMutex mutex_;
    Msec delay_ms_ = 0;         // accept_mutex_delay, but not 0
    std::int64_t disabled_ = 0; // see disabled()
    bool accept_mutex_ = true;  // the option
    bool multi_accept_ = false;
    bool exclusive_accept_ = false;
    bool has_accept4_ = true; // until it answers ENOSYS
    bool locked_ = false;     // this turn has the lock
    bool has_turn_ =
        false; // had it, and nobody else was found to have it since: nginx's ngx_accept_mutex_held
};

} // namespace edgecase
