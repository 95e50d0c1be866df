// The oracle on flags and the interest list: interest-matches-active, close-event-makes-no-call,
// failed-call-changes-nothing.
#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

namespace {

constexpr std::uint64_t data_of(unsigned slot, std::uint32_t generation) {
    return std::uint64_t{generation} << 32 | slot;
}

} // namespace

int Oracle::epoll_file() const {
    return epoll_fd_ < 0 ? -1 : model_->file_of(0, epoll_fd_);
}

int Oracle::watch_of(const Party& party) const {
    return epoll_fd_ < 0 || party.file < 0 ? -1 : model_->watch_of(epoll_file(), party.file, party.fd);
}

std::uint32_t Oracle::expected_mask(const Party& party, const SlotView& view, std::uint32_t mode) const {
    std::uint32_t mask = k_epollerr | k_epollhup | mode;
    const bool exclusive =
        party.listens && !party.reuseport && !is_governed(party) && config_.exclusive_accept != 0;
    if (view.has(Half::read, k_half_active)) {
        mask |= k_epollin | (exclusive ? k_epollexclusive : config_.epollrdhup ? k_epollrdhup : 0);
    }
    if (view.has(Half::write, k_half_active)) {
        mask |= k_epollout;
    }
    return mask;
}

void Oracle::call_begins(Name name, StepKind kind, Side side, std::uint8_t flags) {
    const Party& party = parties_[name];
    call_ = CallState{};
    call_.under_way = true;
    call_.name = name;
    call_.kind = kind;
    call_.side = side;
    call_.flags = flags;
    call_.before = subject_.view(static_cast<unsigned>(party.slot));
    call_.calls = calls_;
    if (model_ != nullptr) {
        call_.descriptors = model_->open_count(0);
        const int watch = watch_of(party);
        if (watch >= 0) {
            const auto view = model_->watch(watch);
            call_.registered = true;
            call_.events = view.events;
            call_.data = view.data;
        }
    }
}

void Oracle::call_ends(Outcome outcome) {
    call_.under_way = false;
    if (!parties_[call_.name].is_open()) {
        // A call on a name that was closed: misuse; its slot is free, and it must have failed.
        if (model_ != nullptr && outcome == Outcome::error) {
            check_failed_call();
        }
        return;
    }
    const bool close_flag = call_.kind == StepKind::del && (call_.flags & k_flag_close) != 0;
    NameState& state = names_[call_.name];
    const bool asked_kernel = calls_ != call_.calls; // handle need not
    if (outcome == Outcome::ok && !close_flag && asked_kernel) {
        state.mode = call_.side == Side::connection ? (call_.kind == StepKind::add ? k_epollet : state.mode)
                                                    : ((call_.flags & k_flag_et) != 0 ? k_epollet : 0);
    }
    const SlotView after = subject_.view(static_cast<unsigned>(parties_[call_.name].slot));
    for (const Half half : {Half::read, Half::write}) {
        HalfState& half_state = state.half[index(half)];
        const bool was = call_.before.has(half, k_half_active);
        const bool is = after.has(half, k_half_active);
        if (was != is) {
            half_state.toggled = true;
            half_state.exhausted = is;
        }
    }
    if (call_.kind == StepKind::handle && outcome == Outcome::ok) {
        check_handled(after);
    }
    if (model_ == nullptr) {
        return;
    }
    if (outcome == Outcome::error) {
        check_failed_call();
    } else if (close_flag) {
        check_close_flag();
    } else {
        check_interest();
    }
}

// A dialled connection is in epoll, edge-triggered, and nobody has read or written yet.
void Oracle::dialled(Name name) {
    std::erase(accepted_fds_, parties_[name].fd);
    NameState& state = names_[name];
    state.mode = k_epollet;
    for (HalfState& half : state.half) {
        half.exhausted = true;
    }
    if (model_ != nullptr) {
        check_interest_of(name);
    }
}

// interest-matches-active.
void Oracle::check_interest() {
    unsigned registered = (notify_fd_ >= 0 ? 1U : 0U) + (aio_fd_ >= 0 ? 1U : 0U);
    for (const Name name : parties_.open()) {
        if (parties_[name].closing) {
            ++registered; // its entry stays until the close that is to follow
            continue;
        }
        check_interest_of(name);
        const Party& party = parties_[name];
        registered += watch_of(party) >= 0 ? 1U : 0U;
    }
    if (!misuse_ && model_->watch_count(epoll_file()) > registered) {
        violate(Invariant::interest_matches_active,
                fmt::format("the interest list has {} entries, and only {} belong to open connections",
                            model_->watch_count(epoll_file()), registered));
    }
}

void Oracle::check_interest_of(Name name) {
    const Party& party = parties_[name];
    if (!exercise(Invariant::interest_matches_active)) {
        return;
    }
    const SlotView view = subject_.view(static_cast<unsigned>(party.slot));
    const bool active = view.has(Half::read, k_half_active) || view.has(Half::write, k_half_active);
    const int watch = watch_of(party);
    if (active != (watch >= 0)) {
        violate(Invariant::interest_matches_active,
                fmt::format("{} is {} the interest list, and its events are {}", text_of(name),
                            watch >= 0 ? "in" : "not in", active ? "active" : "not active"));
        return;
    }
    if (watch < 0) {
        return;
    }
    const auto entry = model_->watch(watch);
    const std::uint32_t expected = expected_mask(party, view, names_[name].mode);
    if (entry.events != expected) {
        violate(Invariant::interest_matches_active,
                fmt::format("the mask of {} is {:#x}; by its active events it should be {:#x}", text_of(name),
                            entry.events, expected));
    } else if (entry.data != data_of(static_cast<unsigned>(party.slot), view.generation)) {
        violate(Invariant::interest_matches_active,
                fmt::format("the data of {} are {:#x}; its slot is {} and its generation {}", text_of(name),
                            entry.data, party.slot, view.generation));
    }
}

// no-lost-wakeup: whoever ends with handle_read_event or handle_write_event is called again, or knows that there is
// more.
void Oracle::check_handled(const SlotView& after) {
    const Half half = call_.side == Side::read ? Half::read : Half::write;
    if (!misuse_ && exercise(Invariant::no_lost_wakeup) && !after.has(half, k_half_active) &&
        !after.has(half, k_half_ready)) {
        violate(Invariant::no_lost_wakeup,
                fmt::format("{} was left to wait with its {} event neither active nor ready",
                            text_of(call_.name), half == Half::read ? "read" : "write"));
    }
    if (!misuse_ && !config_.clear_event && exercise(Invariant::no_busy_loop) &&
        after.has(half, k_half_active) && after.has(half, k_half_ready)) {
        violate(Invariant::no_busy_loop,
                fmt::format("the {} event of {} is ready and was left in epoll, where every wait reports it",
                            half == Half::read ? "read" : "write", text_of(call_.name)));
    }
}

// close-event-makes-no-call, its first half.
void Oracle::check_close_flag() {
    if (!exercise(Invariant::close_event_makes_no_call)) {
        return;
    }
    const Party& party = parties_[call_.name];
    const SlotView after = subject_.view(static_cast<unsigned>(party.slot));
    const bool read = call_.side != Side::write;
    const bool write = call_.side != Side::read;
    if ((read && after.has(Half::read, k_half_active)) || (write && after.has(Half::write, k_half_active))) {
        violate(Invariant::close_event_makes_no_call,
                fmt::format("deleting {} with the close flag left its event active", text_of(call_.name)));
    }
    if (calls_ != call_.calls) {
        violate(Invariant::close_event_makes_no_call,
                fmt::format("deleting {} with the close flag made a system call", text_of(call_.name)));
    }
    const int watch = watch_of(party);
    if ((watch >= 0) != call_.registered) {
        violate(
            Invariant::close_event_makes_no_call,
            fmt::format("deleting {} with the close flag changed the interest list", text_of(call_.name)));
    }
}

// failed-call-changes-nothing, of add and del.
void Oracle::check_failed_call() {
    if (!exercise(Invariant::failed_call_changes_nothing)) {
        return;
    }
    const Party& party = parties_[call_.name];
    const SlotView after = subject_.view(static_cast<unsigned>(party.slot));
    for (const Half half : {Half::read, Half::write}) {
        if (after.has(half, k_half_active) != call_.before.has(half, k_half_active)) {
            violate(Invariant::failed_call_changes_nothing,
                    fmt::format("a call for {} failed and changed its active flags", text_of(call_.name)));
        }
    }
    const int watch = watch_of(party);
    bool same = (watch >= 0) == call_.registered;
    if (same && watch >= 0) {
        const auto view = model_->watch(watch);
        same = view.events == call_.events && view.data == call_.data;
    }
    if (!same) {
        violate(Invariant::failed_call_changes_nothing,
                fmt::format("a call for {} failed and changed the interest list", text_of(call_.name)));
    }
    if (model_->open_count(0) != call_.descriptors) {
        violate(Invariant::failed_call_changes_nothing,
                fmt::format("a call for {} failed and changed the descriptors", text_of(call_.name)));
    }
    if (call_.alerts != 1 || (!call_.alert_names_call && party.is_open())) {
        violate(Invariant::failed_call_changes_nothing,
                fmt::format("a call for {} failed and wrote {} ALERT lines, {} with operation and descriptor",
                            text_of(call_.name), call_.alerts, call_.alert_names_call ? "one" : "none"));
    }
}

} // namespace edgecase
