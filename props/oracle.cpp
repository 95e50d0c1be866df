// The oracle's record of calls, descriptors and log lines.
#include "props/oracle.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

std::int64_t fd_of(const fake::Record& record) {
    return record.a;
}

bool moves_bytes(fake::Call call) {
    return call == fake::Call::read || call == fake::Call::write || call == fake::Call::recv ||
           call == fake::Call::send || call == fake::Call::sendmsg;
}

} // namespace

void Oracle::reset(const Config& config) {
    config_ = config;
    step_ = 0;
    calls_ = 0;
    violated_ = false;
    violation_.why.clear();
    faults_ = Faults::none;
    misuse_ = false;
    ran_out_ = false;
    running_ = false;
    in_init_ = false;
    in_done_ = false;
    closing_name_ = -1;
    epoll_fd_ = -1;
    notify_fd_ = -1;
    aio_fd_ = -1;
    aio_contexts_ = 0;
    channel_fds_.clear();
    accepted_fds_.clear();
    for (const Name name : files_used_) {
        files_[name] = FileState{};
    }
    files_used_.clear();
    reading_file_ = -1;
    taking_failed_ = false;
    aio_refused_ = false;
    for (const Name name : touched_) {
        names_[name] = NameState{};
    }
    touched_.clear();
    call_.under_way = false;
    batch_.clear();
    post_mode_ = false;
    waited_ = false;
    wait_ = WaitState{};
    has_alarm_ = false;
    expected_events_ = 0;
    has_interval_timer_ = false;
    timer_refused_ = false;
    cause_ = Cause::none;
    in_turn_ = false;
    turn_ = TurnState{};
    idle_turns_ = 0;
    accepts_ = 0;
    ticks_ = 0;
    sharers_.fill(Sharer{});
    mutex_holder_ = k_nobody;
    beginning_name_ = k_entry_nobody;
    application_ends_ = false;
    for (std::vector<Posted>& queue : queues_) {
        queue.clear();
    }
    running_queue_.clear();
    reusable_.clear();
    makes_room_ = false;
    timer_sequence_ = 0;
    timers_set_ = 0;
    has_listeners_ = false;
    notify_pending_.fill(false);
    notify_entered_.fill(false);
    notifies_.fill(NotifyState{});
    asleep_ = false;
    owed_too_late_ = false;
}

void Oracle::violate(Invariant invariant, std::string why) {
    if (violated_) {
        return;
    }
    violated_ = true;
    violation_.invariant = invariant;
    violation_.step = step_;
    violation_.calls = calls_;
    violation_.why = std::move(why);
}

std::string Oracle::text_of(int name) const {
    if (name == k_entry_notify) {
        return "the notify channel";
    }
    if (name < 0) {
        return "a connection that is closed";
    }
    return name_text(static_cast<Name>(name));
}

std::vector<Invariant> Oracle::not_judged() const {
    std::vector<Invariant> missing;
    for (const InvariantText& text : invariants()) {
        const bool needs_model = text.needs == Needs::model || text.needs == Needs::model_flags;
        const bool misused =
            misuse_ &&
            (text.invariant == Invariant::no_alert_without_fault ||
             text.invariant == Invariant::no_lost_wakeup || text.invariant == Invariant::no_busy_loop ||
             text.invariant == Invariant::bytes_conserved ||
             (text.invariant == Invariant::echo_answers && config_.echo_buffer != 0));
        if ((needs_model && model_ == nullptr) || misused) {
            missing.push_back(text.invariant);
        }
    }
    return missing;
}

void Oracle::fault_fired(bool reachable) {
    if (!reachable) {
        faults_ = Faults::defensive;
    } else if (faults_ == Faults::none) {
        faults_ = Faults::reachable;
    }
}

void Oracle::took_slot(Name name, const SlotView& view) {
    if (exercise(Invariant::stale_event_dropped) && (view.flags[0] | view.flags[1]) != 0) {
        violate(
            Invariant::stale_event_dropped,
            fmt::format("{} begins with flags that the earlier user of its slot left behind", text_of(name)));
    }
}

void Oracle::opened(Name name) {
    names_[name].tracked = true;
    makes_room_ = false;
    touched_.push_back(name);
}

void Oracle::will_close(Name name, bool shared) {
    closing_name_ = name;
    delete_failed_ = false;
    call_.under_way = shared; // a close for shared descriptors deletes first, and may
    if (shared) {
        call_.name = name;
        call_.kind = StepKind::close_shared;
    }
}

bool Oracle::outlived(Name name, bool shared) {
    if (!shared || misuse_ || delete_failed_ || !exercise(Invariant::interest_matches_active)) {
        return false;
    }
    violate(Invariant::interest_matches_active,
            fmt::format("{} was closed as a shared descriptor, and is in epoll still", text_of(name)));
    return true;
}

void Oracle::closed(Name name) {
    check_no_timer_left(name);
    closing_name_ = -1;
    call_.under_way = false;
    std::erase(reusable_, name);
    forget_queued(name);
}

void Oracle::reconnected(Name name) {
    for (HalfState& half : names_[name].half) {
        half.finished = false;
    }
}

// failed-call-changes-nothing, of init; interest-matches-active, after done.

void Oracle::init_begins(std::size_t blocks) {
    in_init_ = true;
    init_ = InitState{};
    timer_refused_ = false;
    init_.blocks = blocks;
    init_.was_running = running_;
    init_.descriptors = static_cast<unsigned>(channel_fds_.size());
    init_.contexts = aio_contexts_;
    aio_refused_ = aio_refused_ && running_;
}

void Oracle::init_ends(Outcome outcome, std::size_t blocks, std::uint32_t epoll_events) {
    in_init_ = false;
    if (outcome == Outcome::ok) {
        running_ = true;
        expected_events_ = epoll_events;
    }
    follow_listener_timers(); // a listener that epoll refused rests
    if (outcome == Outcome::ok && aio_fd_ >= 0 && aio_contexts_ == 0) {
        violate(Invariant::failed_call_changes_nothing,
                "init goes on without AIO and has kept the eventfd that it made for it");
    }
    if (outcome == Outcome::ok && notify_fd_ >= 0 && exercise(Invariant::notify_reaches_handler) &&
        !subject_.can_notify()) {
        violate(Invariant::notify_reaches_handler, "init made the notify channel, and nobody may notify");
    }
    if (outcome == Outcome::ok && config_.timer_resolution != 0 && !timer_refused_ &&
        exercise(Invariant::timers_on_time) && !has_interval_timer_) {
        violate(Invariant::timers_on_time, "init did not set the interval timer, by which alone time passes");
    }
    if (init_.failed_steps == 0 && outcome == Outcome::ok) {
        return;
    }
    if (!exercise(Invariant::failed_call_changes_nothing)) {
        return;
    }
    if (outcome == Outcome::error && init_.failed_steps == 0) {
        violate(Invariant::failed_call_changes_nothing, "init failed although none of its steps did");
    }
    if (outcome == Outcome::error && channel_fds_.size() != init_.descriptors) {
        violate(Invariant::failed_call_changes_nothing,
                fmt::format("init failed and left {} descriptors where {} were before", channel_fds_.size(),
                            init_.descriptors));
    }
    if (outcome == Outcome::error && blocks != init_.blocks) {
        violate(Invariant::failed_call_changes_nothing,
                fmt::format("init failed and left {} blocks of memory where {} were before", blocks,
                            init_.blocks));
    }
    if (outcome == Outcome::error && aio_contexts_ != init_.contexts) {
        violate(Invariant::failed_call_changes_nothing, "init failed and left an AIO context");
    }
    if (init_.emergencies != init_.failed_steps || init_.alerts != init_.other_failures) {
        violate(
            Invariant::failed_call_changes_nothing,
            fmt::format(
                "in init {} steps failed, and {} others that it does without; it wrote {} EMERG and {} ALERT "
                "lines",
                init_.failed_steps, init_.other_failures, init_.emergencies, init_.alerts));
    }
}

void Oracle::done_begins() {
    in_done_ = true;
    timer_refused_ = false;
}

void Oracle::done_ends() {
    in_done_ = false;
    running_ = false;
    notify_pending_.fill(false);
    notify_entered_.fill(false);
    for (NotifyState& notify : notifies_) {
        notify.ran = true;
        // Misuse: what it has entered may run in the reactor's next life.
        notify_entered_[notify.task] = notify_entered_[notify.task] || notify.under_way;
    }
    if (exercise(Invariant::fds_balanced) && !channel_fds_.empty()) {
        violate(Invariant::fds_balanced,
                fmt::format("done left descriptor {} of the channel open", channel_fds_.front()));
    }
    if (exercise(Invariant::fds_balanced) && aio_contexts_ != 0) {
        violate(Invariant::fds_balanced, "done left an AIO context");
    }
    if (has_interval_timer_ && !timer_refused_ && exercise(Invariant::timers_on_time)) {
        violate(Invariant::timers_on_time, "done left the interval timer running");
    }
    expected_events_ = 0;
    discard_reads();
    channel_fds_.clear();
    epoll_fd_ = -1;
    notify_fd_ = -1;
    aio_fd_ = -1;
    remove_posted(k_entry_notify, Half::read);
    for (const Name name : parties_.open()) {
        const SlotView view = subject_.view(static_cast<unsigned>(parties_[name].slot));
        NameState& state = names_[name];
        if (parties_[name].listens) {
            remove_posted(name, Half::read);
        }
        state.half[0].exhausted = state.half[1].exhausted = false;
        if (exercise(Invariant::interest_matches_active) &&
            (view.has(Half::read, k_half_active) || view.has(Half::write, k_half_active))) {
            violate(Invariant::interest_matches_active,
                    fmt::format("after done an event of {} is still active", text_of(name)));
        }
    }
    follow_listener_timers();
    sharers_[k_subject].had_mutex = false;
}

void Oracle::system_call(const fake::Record& record, const EpollEvent* events, bool injected) {
    ++calls_;
    const fake::Call call = static_cast<fake::Call>(record.what);
    if (in_init_ && record.error != 0 && record.who == 0) {
        const bool is_of_a_listener =
            call == fake::Call::epoll_ctl && parties_.with_fd(static_cast<int>(fd_of(record))) >= 0;
        if (call == fake::Call::close || call == fake::Call::io_destroy || is_of_a_listener) {
            ++init_.other_failures;
        } else {
            ++init_.failed_steps;
        }
    }
    if (record.error == EBADF && !injected) [[unlikely]] {
        bad_descriptor(record);
    }
    if (in_turn_) {
        follow_progress(record, injected);
    }
    delete_failed_ = delete_failed_ || (call == fake::Call::epoll_ctl && record.error != 0);
    switch (call) {
    case fake::Call::epoll_create1: descriptor_made(record, epoll_fd_); break;
    case fake::Call::eventfd:
        // The notify channel's is asked for first.
        descriptor_made(record, ++init_.eventfds == 1 ? notify_fd_ : aio_fd_);
        break;
    case fake::Call::io_setup: aio_contexts_ += record.error == 0 ? 1U : 0U; break;
    case fake::Call::io_destroy: aio_contexts_ -= aio_contexts_ != 0 ? 1U : 0U; break;
    case fake::Call::io_submit:
        request_accepted(record);
        submit_failed_ = record.value != 1;
        aio_refused_ = aio_refused_ || record.error == ENOSYS;
        last_file_error_ = record.error == EAGAIN || record.error == ENOSYS ? 0 : record.error;
        break;
    case fake::Call::pread:
        // After too many interruptions the reactor gives up, for now.
        last_file_error_ = record.error == EINTR ? EAGAIN : record.error;
        break;
    case fake::Call::setitimer:
        timer_refused_ = record.error != 0;
        has_interval_timer_ = timer_refused_ ? has_interval_timer_ : record.b != 0;
        break;
    case fake::Call::io_getevents: taking_failed_ = injected && record.error != EINTR; break;
    case fake::Call::accept4:
    case fake::Call::accept:
        connection_made(record);
        check_accept(record);
        break;
    case fake::Call::socket: connection_made(record); break;
    case fake::Call::close: descriptor_closed(record); break;
    case fake::Call::epoll_ctl:
        // close-event-makes-no-call, its second half: a close makes no epoll_ctl, and nothing else names the
        // fd.
        if (!in_init_ && !call_.under_way && exercise(Invariant::close_event_makes_no_call)) {
            const int name = parties_.with_fd(static_cast<int>(fd_of(record)));
            if (name >= 0 && (name == closing_name_ || parties_[static_cast<Name>(name)].closing)) {
                violate(Invariant::close_event_makes_no_call,
                        fmt::format("epoll_ctl names {}, which is being closed", text_of(name)));
            }
        }
        check_listener_changed(k_subject, record, parties_.with_fd(static_cast<int>(fd_of(record))));
        if (record.error == 0 && record.b == k_epoll_ctl_add && model_ != nullptr) {
            const int fd = static_cast<int>(fd_of(record));
            const int watch = model_->watch_of(epoll_file(), model_->file_of(0, fd), fd);
            if (watch >= 0) {
                if (static_cast<std::size_t>(watch) >= watch_names_.size()) {
                    watch_names_.resize(static_cast<std::size_t>(watch) + 16, k_entry_nobody);
                }
                watch_names_[static_cast<std::size_t>(watch)] =
                    fd == notify_fd_ ? k_entry_notify : parties_.with_fd(fd);
            }
        }
        break;
    case fake::Call::epoll_wait:
        asleep_ = false;
        check_wait(record, injected);
        if (in_turn_) {
            check_wait_of_turn(record);
        }
        if (record.error == 0 && !injected) {
            take_batch(events, static_cast<std::size_t>(record.value));
        }
        break;
    default:
        if (moves_bytes(call)) {
            exercise(Invariant::no_blocking_call);
            notify_descriptor_used(record);
        }
        break;
    }
}

// accepted-config-can-wait: here what the kernel says to a wait; in process_ends(), that it was asked. timers-on-time: a
// time that has an end stays one.
void Oracle::check_wait(const fake::Record& record, bool injected) {
    waited_ = true;
    wait_.error = record.error;
    wait_.found_nothing = record.error == 0 && record.value == 0;
    wait_.has_end = record.b >= 0;
    wait_.took_alarm = std::exchange(has_alarm_, false);
    wait_.now_ns = model_ != nullptr ? model_->now_ns() : 0;
    if (!in_turn_ && wait_.asked_ms != k_timer_infinite && exercise(Invariant::timers_on_time) &&
        (record.b < 0 || static_cast<Msec>(record.b) > wait_.asked_ms)) {
        violate(
            Invariant::timers_on_time,
            fmt::format("the wait has the timeout {} where {} ms were asked for", record.b, wait_.asked_ms));
    }
    if (expected_events_ != 0 && exercise(Invariant::accepted_config_can_wait) &&
        record.c != expected_events_) {
        violate(Invariant::accepted_config_can_wait,
                fmt::format("a wait asks for {} events; init was told {}", record.c, expected_events_));
    }
    if (!injected && exercise(Invariant::accepted_config_can_wait) && record.error != 0 &&
        record.error != EINTR) {
        violate(Invariant::accepted_config_can_wait,
                fmt::format("a wait with the timeout {} was answered with {}", record.b,
                            fake::errno_name(record.error)));
    }
}

// fds-balanced.

void Oracle::descriptor_made(const fake::Record& record, int& role) {
    if (record.error != 0) {
        return;
    }
    const int fd = static_cast<int>(record.value);
    channel_fds_.push_back(fd);
    role = fd;
    check_close_on_exec(fd);
}

void Oracle::connection_made(const fake::Record& record) {
    if (record.error != 0) {
        return;
    }
    const int fd = static_cast<int>(record.value);
    accepted_fds_.push_back(fd);
    if (static_cast<fake::Call>(record.what) != fake::Call::accept) { // which has no flags: fcntl follows
        check_close_on_exec(fd);
    }
}

void Oracle::check_close_on_exec(int fd) {
    if (model_ != nullptr && exercise(Invariant::fds_balanced) && !model_->close_on_exec(0, fd)) {
        violate(Invariant::fds_balanced, fmt::format("descriptor {} of the module is not close-on-exec", fd));
    }
}

void Oracle::descriptor_closed(const fake::Record& record) {
    if (!exercise(Invariant::fds_balanced)) {
        return;
    }
    const int fd = static_cast<int>(fd_of(record));
    if (closing_name_ >= 0) {
        if (fd != parties_[static_cast<Name>(closing_name_)].fd) {
            violate(Invariant::fds_balanced,
                    fmt::format("closing {} closed descriptor {}", text_of(closing_name_), fd));
        }
        return;
    }
    if (const auto accepted = std::find(accepted_fds_.begin(), accepted_fds_.end(), fd);
        accepted != accepted_fds_.end()) {
        accepted_fds_.erase(accepted);
        return;
    }
    const auto mine = std::find(channel_fds_.begin(), channel_fds_.end(), fd);
    if (mine == channel_fds_.end()) {
        violate(Invariant::fds_balanced,
                fmt::format("descriptor {} was closed, which is not the module's: {}", fd,
                            record.error == EBADF ? "it is not open" : text_of(parties_.with_fd(fd))));
        return;
    }
    channel_fds_.erase(mine);
    if (fd == epoll_fd_) {
        epoll_fd_ = -1;
    } else if (fd == notify_fd_) {
        notify_fd_ = -1;
    } else if (fd == aio_fd_) {
        aio_fd_ = -1;
    }
}

void Oracle::bad_descriptor(const fake::Record& record) {
    if (!misuse_ && exercise(Invariant::fds_balanced)) {
        violate(Invariant::fds_balanced,
                fmt::format("{} was called on descriptor {}, which is not open",
                            fake::call_name(static_cast<fake::Call>(record.what)), fd_of(record)));
    }
}

bool Oracle::judges_alerts() const {
    return faults_ == Faults::none && !misuse_ && !ran_out_;
}

void Oracle::run_ended(unsigned open_descriptors, std::size_t blocks_in_use) {
    // Every line of this run was held against it.
    if (judges_alerts()) {
        exercise(Invariant::no_alert_without_fault);
    }
    exercise(Invariant::checks_hold); // none did
    if (!exercise(Invariant::fds_balanced)) {
        return;
    }
    if (open_descriptors != 0) {
        violate(Invariant::fds_balanced,
                fmt::format("{} descriptors are open after the tear-down", open_descriptors));
    }
    if (blocks_in_use != 0) {
        violate(Invariant::fds_balanced,
                fmt::format("{} blocks of memory were not given back at the tear-down", blocks_in_use));
    }
}

// fds-balanced, of another worker.
void Oracle::worker_ended(unsigned number, unsigned open_descriptors, std::size_t blocks_in_use) {
    if (exercise(Invariant::fds_balanced) && (open_descriptors != 0 || blocks_in_use != 0)) {
        violate(Invariant::fds_balanced,
                fmt::format("worker {} ended and left {} descriptors open and {} blocks of memory", number,
                            open_descriptors, blocks_in_use));
    }
}

// no-alert-without-fault, and the lines that the other checks count: those of the loop.
void Oracle::logged(LogLevel level, std::string_view line, unsigned who) {
    if (level > LogLevel::alert) {
        return;
    }
    if (in_init_ && who == 0) {
        ++(level == LogLevel::emerg ? init_.emergencies : init_.alerts);
    }
    if (call_.under_way && who == 0) {
        ++call_.alerts;
        const int fd = parties_[call_.name].fd;
        call_.alert_names_call = line.find("epoll_ctl(") != std::string_view::npos &&
                                 line.find(fmt::format(", {})", fd)) != std::string_view::npos;
    }
    if (judges_alerts()) {
        violate(Invariant::no_alert_without_fault, fmt::format("without a fault it wrote: {}", line));
    }
}

// no-blocking-call.
void Oracle::would_block(fake::Call call, int fd) {
    const int name = parties_.with_fd(fd);
    violate(Invariant::no_blocking_call,
            fmt::format("deadlock: {} on descriptor {} ({}) sleeps, and only its peer could wake it",
                        fake::call_name(call), fd, fd == notify_fd_ ? "the notify channel" : text_of(name)));
}

// checks-hold, unless what the subject was about breaks an invariant that says more.
void Oracle::check_failed(std::string_view line) {
    exercise(Invariant::checks_hold);
    if (closing_name_ >= 0) {
        check_no_timer_left(static_cast<Name>(closing_name_));
    }
    violate(Invariant::checks_hold, std::string(line));
}

void Oracle::trace_differed(std::uint64_t first, std::uint64_t second) {
    if (exercise(Invariant::same_scenario_same_trace) && first != second) {
        violate(
            Invariant::same_scenario_same_trace,
            fmt::format("the first run's trace hashes to {:016x}, the second's to {:016x}", first, second));
    }
}

} // namespace edgecase
