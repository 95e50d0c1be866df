// The oracle on timers, posted events and notify: timers-on-time, posted-runs-once, notify-reaches-handler.
#include <algorithm>

#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

namespace {

constexpr Msec k_lazy_ms = 300; // nginx's NGX_TIMER_LAZY_DELAY

std::string_view half_text(Half half) {
    return half == Half::read ? "read" : "write";
}

} // namespace

// In a queue, or in what a run under way is still to run.
bool Oracle::is_queued(int name, Half half) const {
    const auto is_it = [&](const Posted& posted) {
        return posted.name == name && posted.half == half && !posted.gone;
    };
    const bool runs_posted = cause_ == Cause::accepted || cause_ == Cause::posted;
    return (runs_posted && std::any_of(running_queue_.begin(), running_queue_.end(), is_it)) ||
           is_queued_in(Queue::accepted, name, half) || is_queued_in(Queue::posted, name, half);
}

bool Oracle::is_queued_in(Queue queue, int name, Half half) const {
    const std::vector<Posted>& waiting = queues_[static_cast<unsigned>(queue)];
    return std::any_of(waiting.begin(), waiting.end(), [&](const Posted& posted) {
        return posted.name == name && posted.half == half && !posted.gone;
    });
}

// Posted when the scan ended: what runs first was taken off its queue before anybody could look.
bool Oracle::was_posted(int name, Half half, const SlotView& view) const {
    return view.has(half, k_half_posted) || (name == beginning_name_ && half == beginning_half_);
}

void Oracle::remove_posted(int name, Half half) {
    for (std::vector<Posted>& queue : queues_) {
        std::erase_if(queue,
                      [&](const Posted& posted) { return posted.name == name && posted.half == half; });
    }
    if (cause_ == Cause::accepted || cause_ == Cause::posted) {
        for (Posted& posted : running_queue_) {
            posted.gone = posted.gone || (posted.name == name && posted.half == half);
        }
    }
}

void Oracle::forget_queued(Name name) {
    for (const Half half : {Half::read, Half::write}) {
        remove_posted(name, half);
        timer_deleted(name, half);
    }
}

// The events that the scan posted, in the order of the batch, the read half first. Nothing runs while a batch
// is posted, so what is posted now and was not before was posted by the scan.
void Oracle::collect_posts() {
    for (const Entry& entry : batch_) {
        if (entry.name == k_entry_notify && subject_.notify_posted() &&
            !is_queued(k_entry_notify, Half::read)) {
            queues_[static_cast<unsigned>(Queue::posted)].push_back({k_entry_notify, Half::read});
        }
        if (entry.name < 0) {
            continue;
        }
        const Party& party = parties_[static_cast<Name>(entry.name)];
        const SlotView view = subject_.view(static_cast<unsigned>(party.slot));
        for (const Half half : {Half::read, Half::write}) {
            if ((entry.mask & bits_of(half)) == 0 || !was_posted(entry.name, half, view)) {
                continue;
            }
            HalfState& state = names_[static_cast<Name>(entry.name)].half[index(half)];
            state.exhausted = false;
            state.excused = false;
            if (is_queued(entry.name, half)) {
                continue;
            }
            check_dispatch_from_batch(entry.name, half, view, true);
            const bool accepts = half == Half::read && party.kind == ObjectKind::listener;
            queues_[static_cast<unsigned>(accepts ? Queue::accepted : Queue::posted)].push_back(
                {entry.name, half});
        }
    }
    for (const Name name : parties_.open()) {
        const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
        for (const Half half : {Half::read, Half::write}) {
            if (exercise(Invariant::stale_event_dropped) && view.has(half, k_half_posted) &&
                !is_queued(name, half)) {
                violate(Invariant::stale_event_dropped,
                        fmt::format("the {} event of {} was posted, and no entry of the batch is for it",
                                    half_text(half), text_of(name)));
            }
        }
    }
}

void Oracle::post_ended(Name name, Half half) {
    if (!is_queued(name, half)) {
        const bool accepts = half == Half::read && parties_[name].kind == ObjectKind::listener;
        queues_[static_cast<unsigned>(accepts ? Queue::accepted : Queue::posted)].push_back({name, half});
    }
    check_posted_flags(name);
}

void Oracle::unposted(Name name, Half half) {
    remove_posted(name, half);
    // The wakeup did come: whoever takes the event off its queue has decided about it.
    names_[name].half[index(half)].exhausted = false;
    check_posted_flags(name);
}

// posted-runs-once: posted if and only if in a queue.
void Oracle::check_posted_flags(Name name) {
    const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
    for (const Half half : {Half::read, Half::write}) {
        if (exercise(Invariant::posted_runs_once) && view.has(half, k_half_posted) != is_queued(name, half)) {
            violate(Invariant::posted_runs_once,
                    fmt::format("the {} event of {} {} posted", half_text(half), text_of(name),
                                is_queued(name, half) ? "should be and is not" : "is and should not be"));
        }
    }
}

void Oracle::run_begins(Queue queue) {
    running_queue_.clear();
    if (queue == Queue::timers) {
        cause_ = Cause::timers;
        if (timers_set_ == 0) {
            return;
        }
        const Msec now = subject_.now();
        for (const Name name : parties_.open()) {
            for (const Half half : {Half::read, Half::write}) {
                const HalfState& state = names_[name].half[index(half)];
                if (state.timer_set && state.timer_key <= now) {
                    running_queue_.push_back({name, half, state.timer_sequence, state.timer_key});
                }
            }
        }
        std::sort(running_queue_.begin(), running_queue_.end(), [](const Posted& a, const Posted& b) {
            return a.key != b.key ? a.key < b.key : a.sequence < b.sequence;
        });
        return;
    }
    cause_ = queue == Queue::accepted ? Cause::accepted : Cause::posted;
    running_queue_.swap(queues_[static_cast<unsigned>(queue)]);
}

void Oracle::check_run(int name, Half half, Cause cause) {
    const Invariant invariant =
        cause == Cause::timers ? Invariant::timers_on_time : Invariant::posted_runs_once;
    if (!exercise(invariant)) {
        return;
    }
    const char* what = cause == Cause::timers ? "timer" : "posted event";
    for (Posted& due : running_queue_) {
        if (due.gone || due.name == k_entry_notify) {
            continue;
        }
        if (due.name != name || due.half != half) {
            violate(invariant, fmt::format("the {} handler of {} ran where the {} of {} was next",
                                           half_text(half), text_of(name), what, text_of(due.name)));
        }
        due.gone = true;
        if (cause == Cause::timers && name >= 0) {
            set_timer(names_[static_cast<Name>(name)].half[index(half)], false);
        }
        return;
    }
    if (name >= 0 && came_meanwhile(static_cast<Name>(name), half, cause)) {
        violate(Invariant::bounded_turn,
                fmt::format("the {} handler of {} ran for a {} that was not there when the run began",
                            half_text(half), text_of(name), what));
        return;
    }
    violate(invariant, fmt::format("the {} handler of {} ran, and no {} of it was due", half_text(half),
                                   text_of(name), what));
}

// Posted or set since the run began, and so for the next one.
bool Oracle::came_meanwhile(Name name, Half half, Cause cause) const {
    if (cause != Cause::timers) {
        return is_queued_in(cause == Cause::accepted ? Queue::accepted : Queue::posted, name, half);
    }
    const HalfState& state = names_[name].half[index(half)];
    return state.timer_set && state.timer_key <= subject_.now();
}

void Oracle::run_ends() {
    exercise(Invariant::bounded_turn);
    const Invariant invariant =
        cause_ == Cause::timers ? Invariant::timers_on_time : Invariant::posted_runs_once;
    for (const Posted& due : running_queue_) {
        if (!due.gone && due.name != k_entry_notify && exercise(invariant)) {
            violate(invariant, fmt::format("the {} of {} was due and its {} handler did not run",
                                           cause_ == Cause::timers ? "timer" : "posted event",
                                           text_of(due.name), half_text(due.half)));
        }
    }
    running_queue_.clear();
    cause_ = Cause::none;
}

// timers-on-time, the key: the cached time plus the delay, unless the old key is within 300 ms of it.
void Oracle::timer_added(Name name, Half half, Msec after, Msec now) {
    HalfState& state = names_[name].half[index(half)];
    const Msec key = now + after;
    const Msec apart = key > state.timer_key ? key - state.timer_key : state.timer_key - key;
    if (!state.timer_set || apart >= k_lazy_ms) {
        state.timer_key = key;
        state.timer_sequence = ++timer_sequence_;
        if (state.timer_set && cause_ == Cause::timers) {
            timer_deleted(name, half);
        }
        set_timer(state, true);
    }
    const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
    const Msec actual = view.timer_key[index(half)];
    if (exercise(Invariant::timers_on_time) &&
        (!view.has(half, k_half_timer_set) || actual != state.timer_key)) {
        violate(Invariant::timers_on_time,
                fmt::format("the {} timer of {} is set for {} ms; it should be for {} ms", half_text(half),
                            text_of(name), actual, state.timer_key));
    }
}

// timers-on-time: who is closed has no timer that could fire.
void Oracle::check_no_timer_left(Name name) {
    const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
    for (const Half half : {Half::read, Half::write}) {
        if (names_[name].half[index(half)].timer_set && exercise(Invariant::timers_on_time) &&
            view.has(half, k_half_timer_set)) {
            violate(Invariant::timers_on_time, fmt::format("{} is closed, and its {} timer is still set",
                                                           text_of(name), half_text(half)));
        }
    }
}

void Oracle::timer_deleted(Name name, Half half) {
    set_timer(names_[name].half[index(half)], false);
    if (cause_ == Cause::timers) {
        for (Posted& due : running_queue_) {
            due.gone = due.gone || (due.name == name && due.half == half);
        }
    }
}

// room-from-the-reusable.

void Oracle::made_reusable(Name name) {
    kept(name);
    reusable_.push_back(name);
}

// The flag stays for good if the handler did not close.
bool Oracle::is_asked_to_close(Name name, const SlotView& view) const {
    const bool is_listed = std::find(reusable_.begin(), reusable_.end(), name) != reusable_.end();
    return view.asked_to_close && !view.reusable && (is_listed || !names_[name].was_asked_to_close);
}

void Oracle::asked_to_close(Name name) {
    names_[name].was_asked_to_close = true;
    if (!exercise(Invariant::room_from_the_reusable)) {
        return;
    }
    if (std::find(reusable_.begin(), reusable_.end(), name) == reusable_.end()) {
        violate(Invariant::room_from_the_reusable,
                fmt::format("{} is asked to close, and is not reusable", text_of(name)));
    } else if (reusable_.front() != name) {
        violate(Invariant::room_from_the_reusable,
                fmt::format("{} is asked to close, and {} has been reusable longer", text_of(name),
                            text_of(reusable_.front())));
    } else if (!makes_room_ && parties_.open().size() < config_.worker_connections) {
        violate(Invariant::room_from_the_reusable,
                fmt::format("{} is asked to close, and {} of {} connections are in use", text_of(name),
                            parties_.open().size(), config_.worker_connections));
    }
    kept(name);
}

// Others are asked in the same round, even if the handler has taken a connection itself and has closed one more.
void Oracle::closing_handler_ends() {
    makes_room_ = true;
}

// notify-reaches-handler. Several may be in notify() at once, the loop and its posters; each call is followed from
// its beginning to its end.

// Eight may wait at once; a ninth is turned away with an ALERT, as a connection too many is.
void Oracle::notify_begins(unsigned task, unsigned who) {
    constexpr std::ptrdiff_t k_most_waiting = 8;
    notifies_[who] = {};
    notifies_[who].under_way = true;
    notifies_[who].task = task;
    if (!notify_entered_[task] &&
        std::count(notify_entered_.begin(), notify_entered_.end(), true) >= k_most_waiting) {
        ran_out_ = true;
        return;
    }
    notify_entered_[task] = true;
}

void Oracle::notify_ended(unsigned task, Outcome outcome, unsigned who) {
    const NotifyState ended = notifies_[who];
    notifies_[who] = {};
    if (outcome == Outcome::ok && ended.ran) {
        exercise(Invariant::notify_reaches_handler);
    } else if (outcome == Outcome::ok) {
        notify_pending_[task] = true;
    } else if (ended.took_reports && cause_ == Cause::scan) {
        // Nothing can wake a loop that sleeps already; it makes up for it before its next wait.
        owed_too_late_ = true;
    }
    if (outcome == Outcome::error && !misuse_ && ended.seems_full &&
        exercise(Invariant::notify_reaches_handler) && !ended.tried_back) {
        violate(
            Invariant::notify_reaches_handler,
            fmt::format("the notify of task {} failed on a full counter that it did not read back", task));
    }
    if (asleep_ && model_ != nullptr && !model_->has_ready(epoll_file())) {
        check_pending_notifies();
    }
}

void Oracle::notified(unsigned task) {
    // Behind the scan only its queue is left; a report that the channel owes gets there without a batch.
    const bool from_its_queue =
        cause_ != Cause::scan || post_mode_ || is_queued_in(Queue::posted, k_entry_notify, Half::read);
    if (in_turn_ && from_its_queue && !subject_.notify_posted()) {
        go_on_to(Cause::posted);
    }
    const bool is_under_way =
        std::any_of(notifies_.begin(), notifies_.end(),
                    [task](const NotifyState& notify) { return notify.under_way && notify.task == task; });
    if (exercise(Invariant::notify_reaches_handler) && !notify_entered_[task] && !is_under_way) {
        violate(
            Invariant::notify_reaches_handler,
            fmt::format("the handler of notify {} ran, and nobody has asked for it since it ran last", task));
    }
    notify_pending_[task] = false;
    notify_entered_[task] = false;
    turn_.progressed = true;
    for (NotifyState& notify : notifies_) {
        notify.ran = notify.ran || notify.task == task;
    }
}

// A read takes the reports of others away until the write behind it.
void Oracle::notify_descriptor_used(const fake::Record& record) {
    NotifyState& notify = notifies_[record.who];
    if (!notify.under_way || record.a != notify_fd_) {
        return;
    }
    const bool is_read = static_cast<fake::Call>(record.what) == fake::Call::read;
    if (record.value == sizeof(std::uint64_t)) {
        notify.took_reports = is_read;
    }
    notify.tried_back = notify.tried_back || is_read;
    notify.seems_full = !is_read && record.error == EAGAIN;
}

void Oracle::check_pending_notifies() {
    const bool excused =
        owed_too_late_ || std::any_of(notifies_.begin(), notifies_.end(),
                                      [](const NotifyState& notify) { return notify.took_reports; });
    for (unsigned task = 0; task < k_max_tasks; ++task) {
        if (!notify_pending_[task] || excused || subject_.notify_posted()) {
            continue;
        }
        violate(Invariant::notify_reaches_handler,
                fmt::format("the wait sleeps, and the handler of notify {} has not run", task));
    }
}

} // namespace edgecase
