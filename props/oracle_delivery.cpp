// The oracle on batches, dispatches and wakeups: stale-event-dropped, inactive-not-dispatched,
// no-lost-wakeup, error-wakes-waiters.
#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

namespace {

std::string_view half_text(Half half) {
    return half == Half::read ? "read" : "write";
}

} // namespace

void Oracle::process_begins(Msec timer, std::uint8_t flags) {
    wait_.asked_ms = timer;
    batch_.clear();
    post_mode_ = (flags & k_flag_post) != 0;
    waited_ = false;
    cause_ = Cause::scan;
    owed_too_late_ = false;
}

void Oracle::take_batch(const EpollEvent* events, std::size_t count) {
    batch_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        Entry entry;
        entry.mask = events[i].events;
        const std::uint64_t data = events[i].data;
        if (model_ != nullptr) {
            // By registration, not by the data: the data are what is being judged.
            const int watch = model_->harvested_watch(static_cast<unsigned>(i));
            entry.name = static_cast<std::size_t>(watch) < watch_names_.size()
                             ? watch_names_[static_cast<std::size_t>(watch)]
                             : k_entry_nobody;
            if (entry.name >= 0 && !parties_[static_cast<Name>(entry.name)].is_open()) {
                entry.name = k_entry_nobody;
            }
        } else {
            for (const Name name : parties_.open()) {
                const Party& party = parties_[name];
                if (data == party.epoll_data()) {
                    entry.name = name;
                }
            }
        }
        batch_.push_back(entry);
    }
    batch_taken();
}

void Oracle::scripted_batch(const EpollEvent* events, const std::vector<int>& names) {
    batch_.clear();
    for (std::size_t i = 0; i < names.size(); ++i) {
        Entry entry;
        entry.mask = events[i].events;
        entry.name = names[i];
        entry.is_made_up = names[i] == k_entry_nobody;
        entry.is_scripted = true;
        entry.data = events[i].data;
        batch_.push_back(entry);
    }
    batch_taken();
}

void Oracle::batch_taken() {
    for (const Name name : parties_.open()) {
        for (HalfState& half : names_[name].half) {
            half.toggled = false;
            half.dispatches = 0;
        }
    }
    for (Entry& entry : batch_) {
        if (entry.name < 0) {
            continue;
        }
        const SlotView view =
            subject_.view(static_cast<unsigned>(parties_[static_cast<Name>(entry.name)].slot));
        entry.was_active = {view.has(Half::read, k_half_active), view.has(Half::write, k_half_active)};
    }
}

const Oracle::Entry* Oracle::entry_for(int name, Half half) const {
    const Party& party = parties_[static_cast<Name>(name)];
    for (const Entry& entry : batch_) {
        const bool is_for = entry.is_made_up ? entry.data == party.epoll_data() : entry.name == name;
        if (is_for && (entry.mask & bits_of(half)) != 0) {
            return &entry;
        }
    }
    return nullptr;
}

void Oracle::dispatched(unsigned slot, Half half) {
    const int name = parties_.with_slot(slot);
    if (in_turn_) {
        const Cause cause = cause_in_turn(name, half, subject_.view(slot));
        const bool was_queued = cause == Cause::accepted || cause == Cause::posted;
        beginning_name_ = was_queued ? name : k_entry_nobody;
        beginning_half_ = half;
        go_on_to(cause);
        beginning_name_ = k_entry_nobody;
        turn_.progressed = turn_.progressed || cause_ != Cause::scan;
    }
    switch (cause_) {
    case Cause::scan: check_dispatch_from_batch(name, half, subject_.view(slot), false); break;
    case Cause::accepted:
    case Cause::posted:
    case Cause::timers: check_run(name, half, cause_); break;
    case Cause::none:
        violate(Invariant::posted_runs_once, fmt::format("the {} handler of {} ran when nothing was to run",
                                                         half_text(half), text_of(name)));
        break;
    }
    if (name >= 0 && cause_ != Cause::timers) {
        HalfState& state = names_[static_cast<Name>(name)].half[index(half)];
        ++state.dispatches;
        state.exhausted = false;
        // A handler that was merely posted has not heard from the kernel.
        if (cause_ == Cause::scan) {
            state.excused = false;
        }
    }
    ++dispatch_depth_;
}

void Oracle::dispatch_ends() {
    --dispatch_depth_;
}

// stale-event-dropped and inactive-not-dispatched.
void Oracle::check_dispatch_from_batch(int name, Half half, const SlotView& view, bool is_post) {
    const char* done = is_post ? "was posted" : "was called";
    if (exercise(Invariant::stale_event_dropped) && (name < 0 || entry_for(name, half) == nullptr)) {
        violate(Invariant::stale_event_dropped,
                fmt::format("the {} handler of {} {}, and no entry of the batch is for it", half_text(half),
                            text_of(name), done));
    }
    if (exercise(Invariant::inactive_not_dispatched) && !view.has(half, k_half_active)) {
        violate(Invariant::inactive_not_dispatched,
                fmt::format("the {} handler of {} {} while that event is not active", half_text(half),
                            text_of(name), done));
    }
    const Entry* entry = half == Half::read ? entry_for(name, half) : nullptr;
    if (entry != nullptr && !entry->is_scripted && (entry->mask & k_epollrdhup) != 0 && config_.epollrdhup &&
        exercise(Invariant::no_lost_wakeup) && !view.has(half, k_half_end_is_near)) {
        violate(
            Invariant::no_lost_wakeup,
            fmt::format("{} was reported with RDHUP, and its read event does not say that the end is near",
                        text_of(name)));
    }
}

// timers-on-time: who called for events learns what came of the wait. A signal is told as an error, but not that of the
// alarm; so is an endless wait that found nothing. And the time that was asked for is the time of the wait's end.
void Oracle::process_answered(Outcome outcome, std::uint8_t flags) {
    if (!waited_ || !exercise(Invariant::timers_on_time)) {
        return;
    }
    const bool interrupted_by_alarm = wait_.error == EINTR && wait_.took_alarm;
    const bool must_fail =
        (wait_.error != 0 && !interrupted_by_alarm) || (wait_.found_nothing && !wait_.has_end);
    if (must_fail != (outcome == Outcome::error)) {
        violate(Invariant::timers_on_time,
                fmt::format("the wait answered {}, {} the alarm, and process_events says {}",
                            wait_.error != 0      ? fake::errno_name(wait_.error)
                            : wait_.found_nothing ? "nothing"
                                                  : "events",
                            wait_.took_alarm ? "with" : "without",
                            outcome == Outcome::error ? "error" : "ok"));
    }
    const bool updates = (flags & k_flag_update) != 0 || wait_.took_alarm;
    if (updates && model_ != nullptr && subject_.now() != wait_.now_ns / 1'000'000) {
        violate(Invariant::timers_on_time, fmt::format("the wait ended at {} ms and the time is {} ms",
                                                       wait_.now_ns / 1'000'000, subject_.now()));
    }
}

void Oracle::process_ends() {
    if (!waited_ && exercise(Invariant::accepted_config_can_wait)) {
        violate(Invariant::accepted_config_can_wait, "a turn ended and the kernel was not asked for events");
    }
    if (post_mode_) {
        collect_posts();
    }
    check_waiters_of_errors();
    cause_ = Cause::none;
    post_mode_ = false;
    batch_.clear();
}

// error-wakes-waiters.
void Oracle::check_waiters_of_errors() {
    for (const Entry& entry : batch_) {
        if ((entry.mask & (k_epollerr | k_epollhup)) == 0 || entry.name < 0 ||
            !parties_[static_cast<Name>(entry.name)].is_open()) {
            continue;
        }
        const Name name = static_cast<Name>(entry.name);
        const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
        for (const Half half : {Half::read, Half::write}) {
            const HalfState& state = names_[name].half[index(half)];
            if (!entry.was_active[index(half)] || !view.has(half, k_half_active) || state.toggled ||
                !exercise(Invariant::error_wakes_waiters)) {
                continue;
            }
            const bool woken = post_mode_ ? was_posted(name, half, view) && view.has(half, k_half_ready)
                                          : state.dispatches > 0;
            if (!woken) {
                violate(Invariant::error_wakes_waiters,
                        fmt::format("{} was reported with mask {:#x}, and its {} handler was not woken",
                                    text_of(name), entry.mask, half_text(half)));
            }
        }
    }
}

void Oracle::transferred(Name name, Half half, std::size_t asked, SysResult result, bool injected) {
    HalfState& state = names_[name].half[index(half)];
    const bool took_less =
        half == Half::write && !result.failed() && static_cast<std::size_t>(result.value) < asked;
    if (result.error == EAGAIN || took_less) {
        state.exhausted = true;
        state.excused = injected;
        check_not_ready(name, half);
        return;
    }
    if (parties_[name].is_datagram()) {
        // Neither an empty datagram nor an error is the end; but what is behind an error is announced by the next
        // arrival alone.
        state.excused = state.excused || result.failed();
        return;
    }
    // The end, or an error: what follows is no longer a wakeup that anybody waits for.
    if (result.failed() || (result.value == 0 && asked != 0)) {
        state.finished = true;
        state.failed = result.failed();
    }
}

// no-lost-wakeup: whoever found nothing, or no room, and is told that it is ready waits for no event.
void Oracle::check_not_ready(Name name, Half half) {
    const Party& party = parties_[name];
    // What the application does is seen from its calls, before the reactor has their answers.
    if (party.is_open() && !party.is_served && exercise(Invariant::no_lost_wakeup) &&
        subject_.view(static_cast<unsigned>(party.slot)).has(half, k_half_ready)) {
        violate(Invariant::no_lost_wakeup,
                fmt::format("the {} event of {} is ready although there was {}", half_text(half),
                            text_of(name), half == Half::read ? "nothing to read" : "no room for all"));
    }
}

// posted-runs-once: soon.
void Oracle::check_nothing_posted() {
    for (const Queue queue : {Queue::accepted, Queue::posted}) {
        for (const Posted& posted : queues_[static_cast<unsigned>(queue)]) {
            if (!posted.gone && posted.name >= 0 && exercise(Invariant::posted_runs_once)) {
                violate(Invariant::posted_runs_once,
                        fmt::format("the wait sleeps while the {} event of {} is posted",
                                    half_text(posted.half), text_of(posted.name)));
            }
        }
    }
}

void Oracle::falls_asleep(std::int64_t until_ns) {
    asleep_ = true;
    if (in_turn_) {
        check_nothing_posted();
        turn_.progressed = true;
        check_listeners_watched(true, until_ns);
    }
    check_wakeups();
    check_echoes();
    check_pending_notifies();
    check_completions();
}

// no-lost-wakeup: both the view from the kernel and the stricter one by flags.
void Oracle::check_wakeups() {
    if (misuse_ || model_ == nullptr) {
        return;
    }
    for (const Name name : parties_.open()) {
        const Party& party = parties_[name];
        if (party.closing) {
            continue;
        }
        const int watch = watch_of(party);
        if (watch < 0) {
            continue;
        }
        const std::uint32_t interest = model_->watch(watch).events;
        if ((interest & k_epollexclusive) != 0) {
            continue; // the wakeup may have been another worker's
        }
        const std::uint32_t ready = model_->ready_mask(party.file);
        const SlotView view = subject_.view(static_cast<unsigned>(party.slot));
        for (const Half half : {Half::read, Half::write}) {
            const HalfState& state = names_[name].half[index(half)];
            if (half == Half::read && names_[name].shut_for_reading) {
                continue;
            }
            const std::uint32_t own = half == Half::read ? k_epollin : k_epollout;
            if ((interest & own) == 0 || (ready & bits_of(half)) == 0 || state.finished || state.excused ||
                !exercise(Invariant::no_lost_wakeup)) {
                continue;
            }
            if (state.exhausted && !view.has(half, k_half_posted)) {
                violate(Invariant::no_lost_wakeup,
                        fmt::format("the wait sleeps while {} is ready ({:#x}); its {} handler found nothing "
                                    "there last and was not called since",
                                    text_of(name), ready, half_text(half)));
            } else if (view.has(half, k_half_active) && !view.has(half, k_half_ready)) {
                violate(
                    Invariant::no_lost_wakeup,
                    fmt::format("the wait sleeps while {} is active and ready ({:#x}), and ready of its {} "
                                "event is 0",
                                text_of(name), ready, half_text(half)));
            }
        }
    }
}

} // namespace edgecase
