// The oracle on the reactor as a server: which part of a turn a handler belongs to, and no-busy-loop, bounded-turn; of
// timers-on-time what a turn shows.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

namespace {

// The parts of a turn, in nginx's order.
constexpr std::array k_parts = {Cause::scan, Cause::accepted, Cause::timers, Cause::posted, Cause::none};

std::size_t part_of(Cause cause) {
    return static_cast<std::size_t>(std::find(k_parts.begin(), k_parts.end(), cause) - k_parts.begin());
}

constexpr unsigned k_most_idle_turns = 8;
constexpr unsigned k_most_accepts = 64; // of one handler; see core/DEVIATIONS.md
constexpr std::uint64_t k_most_ticks = 2;

// Errors of accept4 that will be there again at once: after one the listener has to rest. Not so those that took a
// connection away, a signal, and that there is no connection (accept(2)).
bool is_lasting(int error) {
    switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH: return false;
    default: return error != 0;
    }
}

Queue queue_of(Cause cause) {
    return cause == Cause::accepted ? Queue::accepted
           : cause == Cause::timers ? Queue::timers
                                    : Queue::posted;
}

} // namespace

void Oracle::listens(Name name) {
    has_listeners_ = true;
    follow_listener_timers();
    if (model_ != nullptr) {
        check_interest_of(name);
    }
}

void Oracle::listener_ended() {
    accepts_ = 0;
    follow_listener_timers();
}

// no-lost-wakeup, of TCP_DEFER_ACCEPT: the first bytes are there, and the edge that told of them was the listener's.
void Oracle::accepted_by(int listener) {
    if (exercise(Invariant::stale_event_dropped) && listener < 0) {
        violate(Invariant::stale_event_dropped, "a connection was accepted for a listener that is closed");
    }
}

void Oracle::owner_told(Name name, bool deferred) {
    const Party& party = parties_[name];
    std::erase(accepted_fds_, party.fd);
    check_close_on_exec(party.fd); // after accept(2), fcntl has seen to it
    if (deferred && exercise(Invariant::no_lost_wakeup) &&
        !subject_.view(static_cast<unsigned>(party.slot)).has(Half::read, k_half_ready)) {
        violate(Invariant::no_lost_wakeup,
                fmt::format("{} is accepted with its first bytes, and ready of its read event is 0",
                            text_of(name)));
    }
}

void Oracle::turn_begins() {
    batch_.clear();
    in_turn_ = true;
    post_mode_ = false;
    cause_ = Cause::scan;
    turn_ = TurnState{};
    faulted_.clear();
    sharer_turn_begins(k_subject);
    owed_too_late_ = false;
    follow_listener_timers();
}

void Oracle::turn_ends() {
    go_on_to(Cause::none);
    in_turn_ = false;
    check_progress();
    check_ticks();
    check_listeners_watched(false, 0);
    if (!has_listeners_ || model_ == nullptr) {
        return;
    }
    for (const Name name : parties_.open()) {
        if (parties_[name].listens) {
            check_interest_of(name);
        }
    }
}

// The parts of a turn cannot be seen from outside, but what each handler was called for can: an event is taken off its
// queue, or its timer off the heap, before its handler runs. Without such a sign the part that is under way must have
// called it.
Cause Oracle::cause_in_turn(int name, Half half, const SlotView& view) const {
    if (name < 0) {
        return cause_;
    }
    const HalfState& state = names_[static_cast<Name>(name)].half[index(half)];
    if (state.timer_set && !view.has(half, k_half_timer_set)) {
        return Cause::timers;
    }
    if (view.has(half, k_half_posted)) {
        return cause_;
    }
    if (is_queued_in(Queue::accepted, name, half)) {
        return Cause::accepted;
    }
    if (is_queued_in(Queue::posted, name, half)) {
        return Cause::posted;
    }
    if (post_mode_ && cause_ == Cause::scan) { // it posts and calls nobody
        const bool accepts =
            half == Half::read && parties_[static_cast<Name>(name)].kind == ObjectKind::listener;
        return accepts ? Cause::accepted : Cause::posted;
    }
    return cause_;
}

void Oracle::go_on_to(Cause cause) {
    if (part_of(cause) < part_of(cause_)) {
        violate(Invariant::bounded_turn, "a part of the turn that was over goes on");
        return;
    }
    while (cause_ != cause) {
        const Cause next = k_parts[part_of(cause_) + 1];
        end_part();
        cause_ = next;
        if (next != Cause::none) {
            run_begins(queue_of(next));
        }
    }
}

void Oracle::end_part() {
    if (cause_ == Cause::scan) {
        excuse_level_triggered();
        process_ends();
    } else {
        run_ends();
    }
}

// The reactor sets and takes away the timers of its listeners by itself; nobody tells.
void Oracle::follow_listener_timers() {
    if (!has_listeners_) {
        return;
    }
    for (const Name name : parties_.open()) {
        if (!parties_[name].listens) {
            continue;
        }
        follow_timers(name);
    }
}

void Oracle::follow_timers(Name name) {
    const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
    for (const Half half : {Half::read, Half::write}) {
        HalfState& state = names_[name].half[index(half)];
        const bool is_set = view.has(half, k_half_timer_set);
        const Msec key = view.timer_key[index(half)];
        if (is_set && (!state.timer_set || state.timer_key != key)) {
            state.timer_key = key;
            state.timer_sequence = ++timer_sequence_;
        }
        set_timer(state, is_set);
    }
}

// no-busy-loop.

void Oracle::follow_progress(const fake::Record& record, bool injected) {
    const fake::Call call = static_cast<fake::Call>(record.what);
    switch (call) {
    case fake::Call::accept4:
    case fake::Call::close:
    case fake::Call::epoll_ctl: turn_.progressed = turn_.progressed || record.error == 0; break;
    case fake::Call::read:
    case fake::Call::write:
    case fake::Call::recv:
    case fake::Call::send:
    case fake::Call::sendmsg: turn_.progressed = turn_.progressed || record.value > 0; break;
    default: break;
    }
    // What the script answered explains itself, but not that a listener is asked again which cannot accept. A wait is all
    // that a turn goes by; any other call explains it only if what it was about is ready still.
    if (injected && !(call == fake::Call::accept4 && is_lasting(record.error))) {
        const int name = parties_.with_fd(static_cast<int>(record.a));
        if (call == fake::Call::epoll_wait || call == fake::Call::allocate || name < 0) {
            turn_.counts = false;
        } else {
            faulted_.push_back(static_cast<Name>(name));
        }
    }
}

// Whether the next wait will report it, as far as can be seen.
bool Oracle::is_ready_still(Name name) const {
    const Party& party = parties_[name];
    if (model_ == nullptr) {
        return true;
    }
    const int watch = party.is_open() ? watch_of(party) : -1;
    return watch >= 0 &&
           (model_->ready_mask(party.file) & (model_->watch(watch).events | k_epollerr | k_epollhup)) != 0;
}

// A level-triggered event whose handler was called, and which is ready still, is what the scenario's own reaction has left
// ready; and one that was deleted with the close flag is reported until the close that is to follow.
void Oracle::excuse_level_triggered() {
    for (const Entry& entry : batch_) {
        if (entry.name < 0 || !parties_[static_cast<Name>(entry.name)].is_open()) {
            continue;
        }
        const Name name = static_cast<Name>(entry.name);
        const NameState& state = names_[name];
        const bool was_called = state.half[0].dispatches + state.half[1].dispatches > 0;
        const bool is_level = state.mode == 0 && !parties_[name].listens;
        if (parties_[name].closing || (is_level && was_called && is_ready_still(name))) {
            turn_.counts = false;
        }
    }
}

void Oracle::check_progress() {
    turn_.counts = turn_.counts && std::none_of(faulted_.begin(), faulted_.end(),
                                                [this](Name name) { return is_ready_still(name); });
    if (misuse_ || !turn_.counts || !exercise(Invariant::no_busy_loop)) {
        return;
    }
    if (turn_.progressed) {
        idle_turns_ = 0;
    } else if (++idle_turns_ >= k_most_idle_turns) {
        violate(
            Invariant::no_busy_loop,
            fmt::format(
                "in {} turns no byte moved, nothing was accepted, closed or changed in epoll, no timer or "
                "posted event ran, and no time passed",
                idle_turns_));
    }
}

// bounded-turn: one batch.
void Oracle::check_wait_of_turn(const fake::Record& record) {
    follow_listener_timers();
    post_mode_ = mutex_holder_ == k_subject;
    if (exercise(Invariant::bounded_turn) && ++turn_.waits > 1) {
        violate(Invariant::bounded_turn, "one turn waits twice");
    }
    check_timeout(record.b);
    if (!has_listeners_ || model_ == nullptr) {
        return;
    }
    for (const Name name : parties_.open()) {
        if (parties_[name].listens) {
            check_watched_in_wait(k_subject, name, watch_of(parties_[name]) >= 0);
        }
    }
}

// timers-on-time: without timer_resolution a wait is never longer than the time to the first timer.
void Oracle::check_timeout(std::int64_t timeout_ms) {
    if (config_.timer_resolution != 0 || timers_set_ == 0) {
        return;
    }
    const Msec now = subject_.now();
    for (const Name name : parties_.open()) {
        for (const Half half : {Half::read, Half::write}) {
            const HalfState& state = names_[name].half[index(half)];
            if (!state.timer_set || !exercise(Invariant::timers_on_time)) {
                continue;
            }
            const Msec rest = state.timer_key > now ? state.timer_key - now : 0;
            if (timeout_ms < 0 || static_cast<Msec>(timeout_ms) > rest) {
                violate(Invariant::timers_on_time,
                        fmt::format("the wait is for {} ms, and the {} timer of {} is due in {} ms",
                                    timeout_ms, half == Half::read ? "read" : "write", text_of(name), rest));
            }
        }
    }
}

// timers-on-time: with timer_resolution a timer that is due fires within two ticks.
void Oracle::check_ticks() {
    if (config_.timer_resolution == 0 || model_ == nullptr) {
        return;
    }
    constexpr std::uint64_t k_ns_a_ms = 1'000'000;
    for (const Name name : parties_.open()) {
        for (HalfState& state : names_[name].half) {
            if (!state.timer_set || state.timer_key > model_->now_ns() / k_ns_a_ms) {
                state.due_since = 0;
            } else if (state.due_since == 0) {
                state.due_since = ticks_ + 1;
            } else if (exercise(Invariant::timers_on_time) && ticks_ + 1 - state.due_since >= k_most_ticks) {
                violate(Invariant::timers_on_time,
                        fmt::format("a timer of {} has been due for {} ticks of the interval timer",
                                    text_of(name), k_most_ticks));
            }
        }
    }
}

// bounded-turn.
void Oracle::check_accept(const fake::Record& record) {
    const int name = parties_.with_fd(static_cast<int>(record.a));
    if (name < 0) {
        return;
    }
    accepts_ += record.error == EINTR || record.error == ENOSYS ? 0 : 1;
    if (exercise(Invariant::bounded_turn) && accepts_ > k_most_accepts) {
        violate(Invariant::bounded_turn,
                fmt::format("the handler of the listener {} calls accept4 more than {} times", text_of(name),
                            k_most_accepts));
    }
    check_may_accept(0, static_cast<Name>(name));
}

} // namespace edgecase
