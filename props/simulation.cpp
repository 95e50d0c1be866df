// The run as a whole, and what the simulation answers to kernel and subject.
#include "props/simulation.hpp"

#include <cerrno>

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "props/acting.hpp"
#include "props/byte_pattern.hpp"
#include "props/failed_check.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

constexpr std::size_t k_buffer_bytes = k_longest_pattern; // the most that a step may name

} // namespace

Simulation::Simulation() {
    for (unsigned i = 0; i < k_max_posters; ++i) {
        posters_[i].owner = this;
        posters_[i].number = static_cast<std::uint16_t>(i + 1);
    }
}

void Simulation::stand_on(const Platform& platform) {
    platform_store_.clear();
    platform_store_.push_back(platform);
    platform_ = &platform_store_.front();
    oracle_store_.clear();
    oracle_store_.emplace_back(parties_, platform.subject, platform.model);
    oracle_ = &oracle_store_.front();
    buffer_.resize(k_buffer_bytes);
}

const Verdict& Simulation::run(const Scenario& scenario, const RunOptions& options) {
    begin(scenario, options);
    try {
        run_steps();
        if (options.tell_state && !stopped()) {
            state_after_steps_ = state();
        }
    } catch (const BudgetSpent&) {
        budget_spent_ = true;
    } catch (const CheckFailed& failed) {
        oracle_->check_failed(failed.what());
    }
    end();
    finish_verdict();
    return verdict_;
}

const Verdict& Simulation::run_twice(const Scenario& scenario, const RunOptions& options) {
    run(scenario, options);
    if (verdict_.kind != Verdict::Kind::pass) {
        return verdict_;
    }
    const std::uint64_t first = verdict_.trace_hash;
    run(scenario, options);
    oracle_->trace_differed(first, verdict_.trace_hash);
    if (oracle_->has_violation()) {
        finish_verdict();
    }
    return verdict_;
}

void Simulation::begin(const Scenario& scenario, const RunOptions& options) {
    scenario_ = &scenario;
    keep_trace_ = options.keep_trace;
    list_calls_ = options.list_calls;
    calls_made_.clear();
    state_after_steps_.reset();
    ended_ = false;
    budget_spent_ = false;
    ever_started_ = false;
    call_injected_ = false;
    next_step_ = 0;
    current_step_ = 0;
    acting_ = fake::k_no_step;
    log_count_ = 0;
    making_ = Making{};
    calls_left_ = scenario.config.budget;
    reactions_.clear();
    for (const Name name : queues_used_) {
        queues_[name] = {};
        accept_queues_[name] = {};
    }
    queues_used_.clear();
    notify_queues_.fill(ReactionQueue{});
    wait_script_ = {};
    wait_order_ = {};
    wait_at_most_ = {};
    verdict_.unreached.clear();
    arrivals_.clear();
    deferred_clients_.clear();
    next_unmentioned_ = -1;
    accept_mutex_word_ = 0;
    runs_idle_ = false;
    has_application_ = false;
    application_acts_ = false;
    interrupted_.is_set = false;
    log_lines_.clear();
    parties_.reset();
    trace_.reset(keep_trace_);
    reset_scripts();
    oracle_->reset(scenario.config);
    platform_->kernel.reset();
    platform_->world.reset(scenario.config);
    platform_->subject.reset(scenario.config);
}

void Simulation::run_steps() {
    const std::vector<Step>& steps = scenario_->steps;
    while (next_step_ < steps.size() && !stopped()) {
        const std::uint32_t index = next_step_;
        next_step_ += 1 + steps[index].nested;
        current_step_ = index;
        calls_in_step_ = 0;
        oracle_->step_begins(index);
        if (steps[index].kind != StepKind::turn && steps[index].kind != StepKind::run_idle) {
            oracle_->scenario_acts();
        }
        take_step(index);
    }
}

void Simulation::end() {
    const bool judge = !stopped() && !budget_spent_;
    ended_ = true;
    note_scripts();
    reset_scripts();
    calls_left_ = ~std::uint64_t{0};
    acting_ = fake::k_no_step;
    who_ = 0;
    if (judge) {
        try {
            tear_down();
        } catch (const CheckFailed& failed) {
            oracle_->check_failed(failed.what());
        }
    }
    if (judge && !stopped()) {
        platform_->world.end();
        oracle_->run_ended(platform_->world.descriptors_open(), platform_->kernel.blocks_in_use());
    } else {
        abandon_posters();
        abandon_workers();
        platform_->world.end(); // the reactor may be half way through something: it is left as it is
    }
}

// Ends every scenario: the reactor is done, its connections are closed, and nothing may be left.
void Simulation::tear_down() {
    current_step_ = static_cast<std::uint32_t>(scenario_->steps.size());
    oracle_->step_begins(current_step_);
    finish_posters();
    end_workers();
    end_application();
    if (oracle_->running()) {
        oracle_->done_begins();
        platform_->subject.done();
        oracle_->done_ends();
    }
    while (!parties_.open().empty() && !stopped()) {
        Step step;
        step.kind = StepKind::close;
        step.name = parties_.open().back();
        close_party(step);
    }
    if (!stopped()) {
        platform_->subject.tear_down();
    }
}

// Which parts of the script came to be until now, and which did not.
void Simulation::note_scripts() {
    note_scripts_of(platform_->script);
    for (const WorkerProcess& process : workers_) {
        if (process.worker != nullptr) {
            note_scripts_of(process.worker->script());
        }
    }
    for (const PendingWait& pending : {wait_script_, wait_order_, wait_at_most_}) {
        if (pending.is_set) {
            verdict_.unreached.push_back({pending.step});
        }
    }
}

void Simulation::reset_scripts() {
    platform_->script.reset();
    for (const WorkerProcess& process : workers_) {
        if (process.worker != nullptr) {
            process.worker->script().reset();
        }
    }
}

void Simulation::note_scripts_of(const fake::Script& script) {
    for (const fake::ScriptEntry& entry : script.entries()) {
        if (entry.reached) {
            ++scripts_reached_[static_cast<unsigned>(scenario_->steps[entry.step].kind)];
        } else {
            verdict_.unreached.push_back({entry.step});
        }
    }
}

void Simulation::finish_verdict() {
    verdict_.not_judged.clear();
    verdict_.violation.why.clear();
    verdict_.kind = oracle_->has_violation() ? Verdict::Kind::finding
                    : budget_spent_          ? Verdict::Kind::budget
                                             : Verdict::Kind::pass;
    if (oracle_->has_violation()) {
        verdict_.violation = oracle_->violation();
    } else if (budget_spent_) {
        verdict_.violation.step = current_step_;
        verdict_.violation.why = fmt::format("{} of them were made by this step, the last of them {}",
                                             calls_in_step_, fake::call_name(last_call_));
    }
    verdict_.faults = oracle_->faults();
    verdict_.misuse = oracle_->misuse();
    verdict_.trace_hash = trace_.hash();
    verdict_.calls = oracle_->calls();
    if (keep_trace_ || verdict_.kind != Verdict::Kind::pass) {
        verdict_.not_judged = oracle_->not_judged();
    }
}

void Simulation::note(fake::Note what, std::uint16_t label) {
    fake::Record record;
    record.kind = fake::RecordKind::note;
    record.what = static_cast<std::uint8_t>(what);
    record.label = label;
    record.who = who_;
    record.c = acting_;
    trace_.add(record);
}

void Simulation::record(fake::RecordKind kind, std::uint8_t what, std::uint16_t label, SysResult result) {
    fake::Record record;
    record.kind = kind;
    record.what = what;
    record.label = label;
    record.error = static_cast<std::int16_t>(result.error);
    record.value = result.value;
    record.c = acting_;
    trace_.add(record);
}

std::uint16_t Simulation::label_of(int fd) const {
    if (fd < 0) {
        return fake::k_label_none;
    }
    if (fd == oracle_->epoll_fd()) {
        return fake::k_label_epoll;
    }
    if (fd == oracle_->notify_fd()) {
        return fake::k_label_notify;
    }
    if (fd == oracle_->aio_fd()) {
        return fake::k_label_aio;
    }
    const int name = parties_.with_fd(fd);
    return name < 0 ? fake::k_label_none : label_of_name(static_cast<Name>(name));
}

void Simulation::before_call(fake::Call call, int fd) {
    if (who_ != 0) [[unlikely]] {
        stop_poster(PosterStand::before_call, call);
    }
    if (calls_left_-- == 0) [[unlikely]] {
        throw BudgetSpent{};
    }
    call_injected_ = false;
    fake::Script& script = platform_->script;
    if (script.concerns(call)) [[unlikely]] {
        script.count(call);
        script.take_places(fake::ScriptKind::before, call,
                           [this](std::uint32_t step) { take_world_step(step + 1); });
    }
    if (application_acts_ && who_ == 0) {
        application_calls(call, fd);
    }
    if (list_calls_ && !ended_) [[unlikely]] {
        list_call(call, fd);
    }
    ++calls_in_step_;
    last_call_ = call;
    if (call == fake::Call::epoll_ctl && making_.party.fd >= 0 && fd == making_.party.fd) [[unlikely]] {
        begin_made();
    }
    if (call == fake::Call::epoll_wait && wait_order_.is_set && platform_->model != nullptr) [[unlikely]] {
        wait_order_.is_set = false;
        ++scripts_reached_[static_cast<unsigned>(StepKind::wait_order)];
        const Step& step = scenario_->steps[wait_order_.step];
        const int file = platform_->model->file_of(0, oracle_->epoll_fd());
        if (file >= 0) {
            platform_->model->order_ready(file,
                                          static_cast<ReadyOrder>(step.choice) == ReadyOrder::reverse
                                              ? fake::Model::ReadyOrder::reverse
                                              : fake::Model::ReadyOrder::shuffle,
                                          step.value);
        }
    }
}

// The entries that a wait reported.
void Simulation::trace_batch(const fake::Record& record, const EpollEvent* events) {
    if (static_cast<fake::Call>(record.what) != fake::Call::epoll_wait || record.error != 0) {
        return;
    }
    for (std::int64_t i = 0; i < record.value; ++i) {
        fake::Record entry;
        entry.kind = fake::RecordKind::wait_event;
        entry.who = record.who;
        entry.b = static_cast<std::int64_t>(events[i].events);
        entry.c = events[i].data;
        trace_.add(entry);
    }
}

void Simulation::after_call(fake::Record& record, const EpollEvent* events) {
    const fake::Call call = static_cast<fake::Call>(record.what);
    if (call != fake::Call::allocate) {
        record.label = label_of(static_cast<int>(record.a));
    }
    record.who = who_;
    if (list_calls_ && !ended_) [[unlikely]] {
        CallMade& made = calls_made_[call_under_way_[who_]];
        made.instead.size = static_cast<std::size_t>(record.b);
        made.instead.would_sleep = made.instead.would_sleep && record.b != 0;
        made.answered_by_script = call_injected_;
    }
    trace_.add(record);
    trace_batch(record, events);
    if (call == fake::Call::epoll_ctl && record.error == 0 && record.b != k_epoll_ctl_del) {
        if (const int name = parties_.with_fd(static_cast<int>(record.a)); name >= 0) {
            parties_[static_cast<Name>(name)].data = record.c;
        }
    }
    if (call == fake::Call::io_submit && record.value == 1 && platform_->model != nullptr) {
        if (const int name = oracle_->reading_file(); name >= 0) {
            parties_[static_cast<Name>(name)].aio_request = platform_->model->last_aio_request();
        }
    }
    if (!stopped()) {
        oracle_->system_call(record, events, call_injected_);
    }
    if (call == fake::Call::socket && record.error == 0 && making_.name >= 0) {
        making_.party.fd = static_cast<int>(record.value);
    }
    if (application_acts_ && who_ == 0) {
        application_called(record);
    }
    if ((call == fake::Call::accept4 || call == fake::Call::accept) && record.error == 0) {
        accepted(static_cast<int>(record.a), static_cast<int>(record.value));
    } else if (call == fake::Call::close && !arrivals_.empty()) {
        turned_away(static_cast<int>(record.a));
    }
    if (who_ != 0) [[unlikely]] {
        stop_poster(PosterStand::in_call, call);
    }
}

void Simulation::injected(fake::Call call, int fd, const fake::ScriptAnswer& answer, std::size_t size,
                          int timeout_ms) {
    call_injected_ = true;
    judge_injection(0, call, fd, answer, size, timeout_ms);
}

// Whether the kernel could have answered that process so.
void Simulation::judge_injection(fake::Pid pid, fake::Call call, int fd, const fake::ScriptAnswer& answer,
                                 std::size_t size, int timeout_ms) {
    ++faults_fired_[static_cast<unsigned>(call)];
    note(fake::Note::fault_fired);
    fake::Injection injection = injection_at(pid, call, fd);
    injection.error = answer.error;
    injection.bytes = answer.bytes;
    injection.size = size;
    injection.would_sleep = injection.would_sleep && timeout_ms != 0;
    oracle_->fault_fired(fake::is_reachable(injection));
}

// What an answer in the place of the kernel's meets now, as far as the descriptor says: a wait would sleep unless its
// timeout is 0, and the size is not known.
fake::Injection Simulation::injection_at(fake::Pid pid, fake::Call call, int fd) const {
    fake::Injection injection;
    injection.call = call;
    if (const fake::Model* model = platform_->model; model != nullptr && fd >= 0) {
        const int file = model->file_of(pid, fd);
        injection.descriptor_open = file >= 0;
        if (file >= 0) {
            injection.nonblocking = model->nonblocking(file);
            injection.kind = model->kind(file);
            injection.ready = model->ready_mask(file);
            injection.would_sleep = injection.kind == fake::FileKind::epoll && !model->has_ready(file);
        }
    }
    return injection;
}

void Simulation::list_call(fake::Call call, int fd) {
    std::uint32_t nth = 1;
    for (std::size_t i = calls_made_.size(); i > 0 && calls_made_[i - 1].line == current_step_; --i) {
        if (calls_made_[i - 1].instead.call == call) {
            nth = calls_made_[i - 1].nth + 1;
            break;
        }
    }
    call_under_way_[who_] = calls_made_.size();
    calls_made_.push_back({current_step_, nth, injection_at(0, call, fd), false});
}

int Simulation::scripted_wait(EpollEvent* events, int& most) {
    if (wait_at_most_.is_set) {
        wait_at_most_.is_set = false;
        ++scripts_reached_[static_cast<unsigned>(StepKind::wait_at_most)];
        const int limit = static_cast<int>(scenario_->steps[wait_at_most_.step].value);
        if (limit < most) {
            most = limit;
            oracle_->fault_fired(false);
        }
    }
    if (!wait_script_.is_set) {
        return -1;
    }
    wait_script_.is_set = false;
    ++scripts_reached_[static_cast<unsigned>(StepKind::wait_gives)];
    call_injected_ = true;
    ++faults_fired_[static_cast<unsigned>(fake::Call::epoll_wait)];
    note(fake::Note::scripted_wait);
    entry_names_.clear();
    const Step& script = scenario_->steps[wait_script_.step];
    int count = 0;
    for (std::uint32_t i = 1; i <= script.nested && count < most; ++i) {
        const Step& entry = scenario_->steps[wait_script_.step + i];
        ++steps_taken_[static_cast<unsigned>(StepKind::wait_entry)];
        int name = Oracle::k_entry_nobody;
        std::uint64_t data = entry.value;
        switch (static_cast<WaitEntry>(entry.choice)) {
        case WaitEntry::name: {
            const Party& party = parties_[entry.name];
            if (party.slot < 0) {
                continue; // never opened, or the reactor had no slot for it
            }
            // What the subject last gave to epoll_ctl for this name, so that the line means the same to every
            // subject; generations back are counted off the half that holds the generation.
            data = party.data - (std::uint64_t{entry.back} << 32);
            name = party.is_open() && entry.back == 0 ? entry.name : Oracle::k_entry_nobody;
            break;
        }
        case WaitEntry::notify:
            data = platform_->subject.notify_data();
            name = Oracle::k_entry_notify;
            break;
        case WaitEntry::data: {
            // Data made up may happen to be those of an open connection.
            const int owner = parties_.with_slot(static_cast<std::uint32_t>(data));
            if (owner >= 0 && parties_[static_cast<Name>(owner)].generation == data >> 32) {
                name = owner;
            } else if (data == platform_->subject.notify_data()) {
                name = Oracle::k_entry_notify;
            }
            break;
        }
        }
        events[count].events = entry.mask;
        events[count].data = data;
        entry_names_.push_back(name);
        ++count;
    }
    oracle_->fault_fired(would_give(events, count, most));
    oracle_->scripted_batch(events, entry_names_);
    return count;
}

// Whether the model could have given just this: what is in the ready list, polled now, in that order.
bool Simulation::would_give(const EpollEvent* events, int count, int most) const {
    const fake::Model* model = platform_->model;
    const int epoll_file = model == nullptr ? -1 : model->file_of(0, oracle_->epoll_fd());
    if (epoll_file < 0) {
        return false;
    }
    int matched = 0;
    for (int watch = model->first_ready(epoll_file); watch >= 0; watch = model->next_ready(watch)) {
        const auto view = model->watch(watch);
        const std::uint32_t mask = model->ready_mask(view.file) & view.events;
        if (mask == 0) {
            continue;
        }
        if (matched == count || events[matched].events != mask || events[matched].data != view.data) {
            return matched == count && count == most;
        }
        ++matched;
    }
    return matched == count && count > 0;
}

void Simulation::falls_asleep(int, std::int64_t until_ns) {
    fake::Record record;
    record.kind = fake::RecordKind::sleep;
    record.a = until_ns;
    trace_.add(record);
    if (!stopped()) {
        oracle_->falls_asleep(until_ns);
    }
    if (runs_idle_) {
        slept_ = true;
        note(fake::Note::idle);
        platform_->kernel.signal();
    }
}

bool Simulation::act_during(fake::Call call) {
    std::uint32_t step = 0;
    if (stopped() || !platform_->script.take_place(fake::ScriptKind::during, call, step)) {
        return false;
    }
    take_world_step(step + 1);
    return true;
}

// An endless wait lets the world go on with the scenario, until something wakes it: with what may happen
// while the subject is inside a call, as at a place.
bool Simulation::act_while_asleep() {
    const std::vector<Step>& steps = scenario_->steps;
    if (ended_ || stopped() || next_step_ >= steps.size() || !may_stand_at_place(steps[next_step_].kind)) {
        return false;
    }
    take_world_step(next_step_);
    ++next_step_;
    return true;
}

void Simulation::interrupts_sleep() {
    note(fake::Note::interrupted);
}

void Simulation::completions_taken(const AioCompletion* completions, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        fake::Record entry;
        entry.kind = fake::RecordKind::completion;
        entry.value = completions[i].result;
        entry.c = completions[i].data;
        trace_.add(entry);
        if (!stopped()) {
            oracle_->completion_taken(completions[i].data, completions[i].result);
        }
    }
}

void Simulation::ticks() {
    note(fake::Note::tick);
    oracle_->ticked();
}

void Simulation::would_block(fake::Call call, int fd) {
    if (!stopped()) {
        oracle_->would_block(call, fd);
    }
}

void Simulation::on_handler(unsigned slot, Half half) {
    if (stopped()) {
        return;
    }
    const int name = parties_.with_slot(slot);
    fake::Record entry;
    entry.kind = fake::RecordKind::dispatch;
    entry.what = static_cast<std::uint8_t>(half);
    entry.label = name < 0 ? fake::k_label_none : label_of_name(static_cast<Name>(name));
    entry.c = slot;
    const bool to_close = half == Half::read && name >= 0 &&
                          oracle_->is_asked_to_close(static_cast<Name>(name), platform_->subject.view(slot));
    entry.value = to_close ? 1 : 0;
    trace_.add(entry);
    if (to_close) {
        asked_to_close(static_cast<Name>(name));
        return;
    }
    oracle_->dispatched(slot, half);
    if (!stopped() && name >= 0) {
        ReactionQueue& queue = queues_[static_cast<Name>(name)][static_cast<unsigned>(half)];
        const bool reacts = queue.head >= 0;
        if (reacts) {
            react(queue);
        }
        if (is_served(static_cast<Name>(name))) {
            run_application(static_cast<Name>(name), &half);
        } else if (!reacts) {
            default_reaction(static_cast<Name>(name), half);
        }
    }
    oracle_->dispatch_ends();
}

// To make room for another.
void Simulation::asked_to_close(Name name) {
    oracle_->asked_to_close(name);
    if (stopped()) {
        return;
    }
    if (ReactionQueue& queue = queues_[name][static_cast<unsigned>(Half::read)]; queue.head >= 0) {
        react(queue);
    } else {
        const Acting acting(acting_, fake::k_by_default);
        Step step;
        step.kind = StepKind::close;
        step.name = name;
        close_party(step);
    }
    oracle_->closing_handler_ends();
}

void Simulation::on_notify(unsigned task) {
    if (stopped()) {
        return;
    }
    fake::Record entry;
    entry.kind = fake::RecordKind::notify;
    entry.a = task;
    trace_.add(entry);
    oracle_->notified(task);
    if (notify_queues_[task].head >= 0) {
        react(notify_queues_[task]);
    }
}

void Simulation::on_file(unsigned file) {
    if (stopped()) {
        return;
    }
    const Name name = static_cast<Name>(file);
    fake::Record entry;
    entry.kind = fake::RecordKind::dispatch;
    entry.what = static_cast<std::uint8_t>(Handler::aio);
    entry.label = label_of_name(name);
    trace_.add(entry);
    oracle_->file_handled(name);
    ReactionQueue& queue = queues_[name][static_cast<unsigned>(Handler::aio)];
    if (queue.head >= 0) {
        react(queue);
    } else if (!stopped()) {
        read_file(name, file_buffers_[name].offset, file_buffers_[name].size); // collects
    }
}

void Simulation::on_log(LogLevel level, int error, std::string_view line) {
    trace_line(level, error, line);
    if (!stopped() && !ended_) {
        oracle_->logged(level, line, who_);
    }
}

void Simulation::trace_line(LogLevel level, int error, std::string_view line) {
    fake::Record entry;
    entry.kind = fake::RecordKind::log;
    entry.what = static_cast<std::uint8_t>(level);
    entry.error = static_cast<std::int16_t>(error);
    entry.who = who_;
    entry.b = static_cast<std::int64_t>(XXH3_64bits(line.data(), line.size()));
    entry.c = log_count_++;
    if (keep_trace_) {
        log_lines_.emplace_back(line);
    }
    trace_.add(entry);
}

} // namespace edgecase
