// The oracle on an application that acts by itself: what it did to its connection is read off the flags when its
// handler has ended. And echo-answers, what the example server promises to its peers.
#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

// name: whose handler it is; nobody: the application is told to end.
void Oracle::application_begins(int name) {
    application_ends_ = name == k_entry_nobody;
    if (!application_ends_) {
        application_before_ = subject_.view(static_cast<unsigned>(parties_[static_cast<Name>(name)].slot));
    }
}

void Oracle::application_ends(Name name) {
    NameState& state = names_[name];
    const SlotView after = subject_.view(static_cast<unsigned>(parties_[name].slot));
    for (const Half half : {Half::read, Half::write}) {
        HalfState& half_state = state.half[index(half)];
        const bool is = after.has(half, k_half_active);
        if (application_before_.has(half, k_half_active) != is) {
            half_state.toggled = true;
            half_state.exhausted = is;
        }
        if (after.has(half, k_half_posted) && !is_queued(name, half)) {
            queues_[static_cast<unsigned>(Queue::posted)].push_back({name, half});
        }
    }
    state.mode = k_epollet; // it adds whole connections
    follow_timers(name);
    if (exercise(Invariant::echo_answers) && !after.has(Half::read, k_half_timer_set)) {
        violate(Invariant::echo_answers, fmt::format("{} is served without an idle timer", text_of(name)));
    }
    check_posted_flags(name);
    if (model_ != nullptr && running_) {
        check_interest_of(name);
    }
}

// echo-answers, its second half: who is owed something is closed for a reason only.
void Oracle::application_closes(Name name) {
    const auto& halves = names_[name].half;
    const bool failed = halves[0].failed || halves[1].failed;
    const std::uint64_t owed = owed_to(name);
    if (application_ends_ || failed || cause_ == Cause::timers || !exercise(Invariant::echo_answers)) {
        return;
    }
    if (owed != 0 || !halves[0].finished) {
        violate(Invariant::echo_answers, fmt::format("the server closes {}, which {}", text_of(name),
                                                     owed != 0 ? fmt::format("is owed {} bytes", owed)
                                                               : "has not ended its direction"));
    }
}

std::uint64_t Oracle::owed_to(Name name) const {
    return parties_[name].to_subject.taken_bytes - parties_[name].from_subject.sent_bytes;
}

void Oracle::echoed(Name name) {
    const std::uint64_t read = parties_[name].to_subject.taken_bytes;
    const std::uint64_t sent = parties_[name].from_subject.sent_bytes;
    if (exercise(Invariant::echo_answers) && sent > read) {
        violate(Invariant::echo_answers,
                fmt::format("the server has read {} bytes of {} and sent {}", read, text_of(name), sent));
    }
}

// echo-answers, when nothing else is to be done.
void Oracle::check_echoes() {
    if (model_ == nullptr || misuse_) {
        return;
    }
    for (const Name name : parties_.open()) {
        const Party& party = parties_[name];
        if (!party.is_served || watch_of(party) < 0) {
            continue;
        }
        const SlotView view = subject_.view(static_cast<unsigned>(party.slot));
        if (view.has(Half::read, k_half_posted) || view.has(Half::write, k_half_posted)) {
            continue; // whoever runs the queue will have it go on
        }
        const HalfState& read = names_[name].half[index(Half::read)];
        const HalfState& write = names_[name].half[index(Half::write)];
        const std::uint64_t owed = owed_to(name);
        const HalfState& next = owed != 0 ? write : read; // what it waits for
        const std::uint32_t ready =
            model_->ready_mask(party.file) & bits_of(owed != 0 ? Half::write : Half::read);
        if (next.excused || !exercise(Invariant::echo_answers)) {
            continue;
        }
        if (owed != 0 && ready != 0) {
            violate(Invariant::echo_answers,
                    fmt::format("the wait sleeps while {} is owed {} bytes and could take some",
                                text_of(name), owed));
        } else if (owed == 0 && (ready != 0 || read.finished)) {
            violate(Invariant::echo_answers,
                    fmt::format("the wait sleeps while {} is owed nothing and {}", text_of(name),
                                read.finished ? "has ended its direction" : "has something to read"));
        }
    }
}

} // namespace edgecase
