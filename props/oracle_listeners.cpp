// The oracle on listeners, of the subject and of the other workers that share them: accept-needs-mutex and
// listener-stays-watched. Both are judged of each process by itself, and of the accept mutex as the one thing that they
// have in common: at most one has it, and it is refused only while somebody has. From that follows what is wanted of
// the group: whoever has the mutex watches, and the others ask again in time.
//
// A process for which accept is disabled (nginx's ngx_accept_disabled) does not ask in its turn. What it had in epoll
// stays there and it may accept, although another has the mutex by now: it was not told. So it is in nginx, and so it
// should be, for to be nearly full must not cost the clients that come in the meantime (core/DEVIATIONS.md).
#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

std::string Oracle::text_of_sharer(unsigned who) {
    return who == k_subject         ? "the subject"
           : who == k_unseen_worker ? "a worker that no step speaks of"
                                    : fmt::format("worker {}", who);
}

void Oracle::sharer_turn_begins(unsigned who) {
    sharers_[who].tried_mutex = false;
    sharers_[who].delete_failed = false;
}

void Oracle::mutex_tried(unsigned who, bool got) {
    Sharer& sharer = sharers_[who];
    sharer.had_mutex = got;
    sharer.tried_mutex = true;
    if (exercise(Invariant::accept_needs_mutex) && got && mutex_holder_ != k_nobody) {
        violate(Invariant::accept_needs_mutex,
                fmt::format("{} gets the accept mutex, and {} has it", text_of_sharer(who),
                            text_of_sharer(mutex_holder_)));
    }
    if (exercise(Invariant::listener_stays_watched) && !got && mutex_holder_ == k_nobody) {
        violate(
            Invariant::listener_stays_watched,
            fmt::format("{} does not get the accept mutex, which nobody has: who will watch the listeners?",
                        text_of_sharer(who)));
    }
    if (got) {
        mutex_holder_ = who;
    }
}

void Oracle::mutex_unlocked(unsigned who) {
    if (mutex_holder_ == who) {
        mutex_holder_ = k_nobody;
    }
}

void Oracle::worker_begins(unsigned number) {
    sharers_[number] = Sharer{};
}

// Its parent gives back what it died with.
void Oracle::worker_gone(unsigned number) {
    mutex_unlocked(number);
}

void Oracle::worker_called(unsigned number, const fake::Record& record, int listener) {
    const fake::Call call = static_cast<fake::Call>(record.what);
    if (listener < 0) {
        return;
    }
    if (call == fake::Call::accept4 || call == fake::Call::accept) {
        check_may_accept(number, static_cast<Name>(listener));
    } else if (call == fake::Call::epoll_ctl) {
        check_listener_changed(number, record, listener);
    }
}

void Oracle::worker_waits(unsigned number, Name listener, const WatchOfWorker& watch) {
    check_watched_in_wait(number, listener, watch.is_watched);
    check_stays_watched(number, listener, watch.is_watched || watch.rests, watch.asleep, watch.until_ns);
}

bool Oracle::is_governed(const Party& party) const {
    return party.listens && !party.reuseport && config_.accept_mutex != 0;
}

// accept-needs-mutex.

void Oracle::check_may_accept(unsigned who, Name name) {
    const Sharer& sharer = sharers_[who];
    if (!is_governed(parties_[name]) || !exercise(Invariant::accept_needs_mutex)) {
        return;
    }
    if (!sharer.had_mutex) {
        violate(Invariant::accept_needs_mutex,
                fmt::format("{} accepts from the listener {} without the accept mutex", text_of_sharer(who),
                            text_of(name)));
    } else if (sharer.tried_mutex && mutex_holder_ != who && mutex_holder_ != k_nobody &&
               (who != k_subject || in_turn_)) {
        violate(Invariant::accept_needs_mutex,
                fmt::format("{} accepts from the listener {}, has given the accept mutex back, and {} has it",
                            text_of_sharer(who), text_of(name), text_of_sharer(mutex_holder_)));
    }
}

// A listener was put into epoll, or was to be taken out.
void Oracle::check_listener_changed(unsigned who, const fake::Record& record, int name) {
    Sharer& sharer = sharers_[who];
    sharer.delete_failed = sharer.delete_failed || (record.error != 0 && record.b == k_epoll_ctl_del);
    if (name >= 0 && record.error == 0 && record.b == k_epoll_ctl_add &&
        is_governed(parties_[static_cast<Name>(name)]) && exercise(Invariant::accept_needs_mutex) &&
        !sharer.had_mutex) {
        violate(Invariant::accept_needs_mutex,
                fmt::format("{} puts the listener {} into epoll without the accept mutex",
                            text_of_sharer(who), text_of(name)));
    }
}

// Not while another has it, in a turn that has found that out.
void Oracle::check_watched_in_wait(unsigned who, Name name, bool is_watched) {
    const Sharer& sharer = sharers_[who];
    if (!sharer.tried_mutex || sharer.had_mutex || sharer.delete_failed || !is_governed(parties_[name])) {
        return;
    }
    if (exercise(Invariant::accept_needs_mutex) && is_watched) {
        violate(Invariant::accept_needs_mutex,
                fmt::format("{} watches the listener {}, and was told that another has the accept mutex",
                            text_of_sharer(who), text_of(name)));
    }
}

// listener-stays-watched.

// Of the subject, at the end of a turn or in its sleep.
void Oracle::check_listeners_watched(bool asleep, std::int64_t until_ns) {
    if (!has_listeners_ || model_ == nullptr) {
        return;
    }
    for (const Name name : parties_.open()) {
        const Party& party = parties_[name];
        if (party.listens) {
            const SlotView view = subject_.view(static_cast<unsigned>(party.slot));
            const bool is_seen_to = watch_of(party) >= 0 || view.has(Half::read, k_half_timer_set);
            check_stays_watched(k_subject, name, is_seen_to, asleep, until_ns);
        }
    }
}

// is_seen_to: it is in epoll, or a timer will put it there.
void Oracle::check_stays_watched(unsigned who, Name name, bool is_seen_to, bool asleep,
                                 std::int64_t until_ns) {
    if (!exercise(Invariant::listener_stays_watched) || is_seen_to) {
        return;
    }
    const std::int64_t tried_again_ns =
        static_cast<std::int64_t>(model_->now_ns()) + std::int64_t{config_.accept_mutex_delay} * 1'000'000;
    const bool is_tried_in_time = !asleep || (until_ns >= 0 && until_ns <= tried_again_ns);
    if (!is_governed(parties_[name]) || mutex_holder_ == who || !is_tried_in_time) {
        violate(Invariant::listener_stays_watched,
                fmt::format("the listener {} is not in the epoll of {}, and nothing will put it there",
                            text_of(name), text_of_sharer(who)));
    }
}

} // namespace edgecase
