// Other workers: processes that share the subject's listeners and its accept mutex.
#include <cerrno>
#include <utility>

#include "props/simulation.hpp"

namespace edgecase {

namespace {

constexpr unsigned k_standard = 3; // descriptors that a process begins with

// Whose pid stands in the word of the accept mutex.
constexpr std::uint32_t k_pid_of_subject = 1;
constexpr std::uint32_t k_pid_of_another = 2; // that no scenario sees run: `mutex taken`
constexpr std::uint32_t k_pid_of_worker = 10; // plus its number

} // namespace

void Simulation::take_worker_step(const Step& step) {
    if (platform_->model == nullptr) {
        note(fake::Note::worker);
        return;
    }
    Worker& worker = worker_at(step.count);
    const WorkerDeed deed = static_cast<WorkerDeed>(step.choice);
    if (deed == WorkerDeed::start) {
        start_if_needed();
        if (stopped()) {
            return;
        }
    }
    if (deed == WorkerDeed::start ? worker.is_alive() : !worker.is_alive() || worker.is_running()) {
        note(fake::Note::worker);
        return;
    }
    switch (deed) {
    case WorkerDeed::start: start_worker(step.count); break;
    case WorkerDeed::run: let_worker_run(step.count, false); break;
    case WorkerDeed::step: let_worker_run(step.count, true); break;
    case WorkerDeed::exit: kill_worker(step.count); break;
    }
}

Worker& Simulation::worker_at(unsigned number) {
    std::unique_ptr<Worker>& worker = workers_[number - 1].worker;
    if (worker == nullptr) {
        worker = make_worker(*platform_->model, *this, number);
    }
    return *worker;
}

void Simulation::fail_worker(std::uint32_t index) {
    if (platform_->model == nullptr) {
        note(fake::Note::worker);
        return;
    }
    add_script(index, fake::ScriptKind::fail, worker_at(scenario_->steps[index].back).script());
}

// Forked by a master that had the listening descriptors and nothing else.
void Simulation::start_worker(unsigned number) {
    fake::Model& model = *platform_->model;
    const fake::Pid pid = model.spawn();
    WorkerProcess& process = workers_[number - 1];
    process.listeners.clear();
    process.epoll_fd = -1;
    listening_.clear();
    for (const Name name : parties_.open()) {
        if (parties_[name].listens && !parties_[name].reuseport) {
            const int fd = model.install(pid, parties_[name].file);
            if (fd >= 0) {
                listening_.push_back(fd);
                process.listeners.push_back({fd, name});
            }
        }
    }
    oracle_->worker_begins(number);
    process.worker->start(scenario_->config, pid, listening_);
    let_worker_run(number, false);
}

void Simulation::let_worker_run(unsigned number, bool stops_at_calls) {
    Worker& worker = *workers_[number - 1].worker;
    const std::uint16_t who =
        std::exchange(who_, static_cast<std::uint16_t>(fake::k_first_worker + number - 1));
    const WorkerStand stand = worker.go_on(stops_at_calls); // may throw BudgetSpent
    who_ = who;
    record_worker(number, stand);
    if (stand == WorkerStand::ended) {
        bury_worker(number); // its reactor did not come up
    }
}

void Simulation::record_worker(unsigned number, WorkerStand stand) {
    fake::Record record;
    record.kind = fake::RecordKind::world;
    record.what = static_cast<std::uint8_t>(StepKind::worker);
    record.value = static_cast<std::int64_t>(stand);
    record.a = number;
    record.b = static_cast<std::int64_t>(workers_[number - 1].worker->call());
    record.c = acting_;
    trace_.add(record);
}

void Simulation::kill_worker(unsigned number) {
    workers_[number - 1].worker->die();
    record_worker(number, WorkerStand::ended);
    bury_worker(number);
}

// What its parent does when it has gone: the kernel closes its descriptors, the parent gives back the lock that it may
// have died with.
void Simulation::bury_worker(unsigned number) {
    platform_->model->exit(workers_[number - 1].worker->pid());
    if (SharedAcceptMutex::force_unlock(accept_mutex_word_, k_pid_of_worker + number)) {
        note(fake::Note::mutex_freed);
    }
    oracle_->worker_gone(number);
}

// In order, each as it should: nothing of it may be left.
void Simulation::end_workers() {
    for (unsigned number = 1; number <= k_max_workers && !stopped(); ++number) {
        const std::unique_ptr<Worker>& worker = workers_[number - 1].worker;
        if (worker == nullptr || !worker->is_alive()) {
            continue;
        }
        who_ = static_cast<std::uint16_t>(fake::k_first_worker + number - 1);
        worker->end();
        who_ = 0;
        record_worker(number, WorkerStand::ended);
        oracle_->worker_ended(number, platform_->model->open_count(worker->pid()) - k_standard,
                              worker->blocks_in_use());
        bury_worker(number);
    }
}

void Simulation::abandon_workers() {
    for (const WorkerProcess& process : workers_) {
        if (process.worker != nullptr) {
            process.worker->die();
        }
    }
}

// WorkerHost

void Simulation::before_worker_call(unsigned, fake::Call call) {
    if (calls_left_-- == 0) [[unlikely]] {
        throw BudgetSpent{};
    }
    ++calls_in_step_;
    last_call_ = call;
}

void Simulation::after_worker_call(unsigned number, fake::Record& record, const EpollEvent* events) {
    const fake::Call call = static_cast<fake::Call>(record.what);
    WorkerProcess& process = workers_[number - 1];
    int listener = -1;
    for (const auto& [fd, name] : process.listeners) {
        if (call != fake::Call::allocate && record.a == fd) {
            record.label = label_of_name(name);
            listener = name;
        }
    }
    record.who = who_;
    trace_.add(record);
    trace_batch(record, events);
    if (call == fake::Call::epoll_create1 && record.error == 0) {
        process.epoll_fd = static_cast<int>(record.value);
    } else if (call == fake::Call::close) {
        std::erase_if(process.listeners, [&](const auto& own) { return own.first == record.a; });
    } else if (call == fake::Call::epoll_wait) {
        worker_waits(number, false, 0);
    }
    oracle_->worker_called(number, record, listener);
    if (call != fake::Call::accept4 || record.error != 0 || listener < 0) {
        return;
    }
    // The subject will never see this client.
    const int client = platform_->world.accepted(static_cast<Name>(listener), static_cast<int>(record.value),
                                                 process.worker->pid());
    if (client >= 0 && !stopped()) {
        fake::Record entry;
        entry.kind = fake::RecordKind::accept;
        entry.label = label_of_name(static_cast<Name>(client));
        entry.who = who_;
        entry.a = listener;
        trace_.add(entry);
        parties_.closed(static_cast<Name>(client));
    }
}

void Simulation::on_worker_turn(unsigned number) {
    oracle_->worker_turn_begins(number);
}

void Simulation::worker_falls_asleep(unsigned number, std::int64_t until_ns) {
    worker_waits(number, true, until_ns);
}

// How its listeners stand in this wait.
void Simulation::worker_waits(unsigned number, bool asleep, std::int64_t until_ns) {
    const WorkerProcess& process = workers_[number - 1];
    const fake::Model& model = *platform_->model;
    const fake::Pid pid = process.worker->pid();
    const int epoll = model.file_of(pid, process.epoll_fd);
    for (const auto& [fd, name] : process.listeners) {
        WatchOfWorker watch;
        watch.is_watched = model.watch_of(epoll, model.file_of(pid, fd), fd) >= 0;
        watch.rests = process.worker->rests(fd);
        watch.asleep = asleep;
        watch.until_ns = until_ns;
        oracle_->worker_waits(number, name, watch);
    }
}

void Simulation::worker_injected(unsigned number, fake::Call call, int fd, const fake::ScriptAnswer& answer,
                                 std::size_t size, int timeout_ms) {
    judge_injection(workers_[number - 1].worker->pid(), call, fd, answer, size, timeout_ms);
}

void Simulation::worker_would_block(unsigned, fake::Call call) {
    if (!stopped()) {
        oracle_->would_block(call, -1);
    }
}

void Simulation::on_worker_log(unsigned, LogLevel level, int error, std::string_view line) {
    trace_line(level, error, line); // which of them have a reason is judged of the subject alone
}

bool Simulation::worker_tries_mutex(unsigned number) {
    const bool got = SharedAcceptMutex(accept_mutex_word_, k_pid_of_worker + number).try_lock();
    note(got ? fake::Note::mutex_got : fake::Note::mutex_busy);
    oracle_->mutex_tried(number, got);
    return got;
}

void Simulation::worker_unlocks_mutex(unsigned number) {
    SharedAcceptMutex(accept_mutex_word_, k_pid_of_worker + number).unlock();
    note(fake::Note::mutex_freed);
    oracle_->mutex_unlocked(number);
}

// The accept mutex of the subject, and of the worker that nobody sees.

bool Simulation::try_accept_mutex() {
    const bool got = SharedAcceptMutex(accept_mutex_word_, k_pid_of_subject).try_lock();
    note(got ? fake::Note::mutex_got : fake::Note::mutex_busy);
    oracle_->mutex_tried(Oracle::k_subject, got);
    return got;
}

void Simulation::unlock_accept_mutex() {
    SharedAcceptMutex(accept_mutex_word_, k_pid_of_subject).unlock();
    note(fake::Note::mutex_freed);
    oracle_->mutex_unlocked(Oracle::k_subject);
}

// Another worker asks for the mutex, or gives back what it has.
SysResult Simulation::change_mutex(MutexTurn what) {
    SharedAcceptMutex another(accept_mutex_word_, k_pid_of_another);
    if (what == MutexTurn::taken) {
        const bool got = another.try_lock();
        oracle_->mutex_tried(Oracle::k_unseen_worker, got);
        return got ? SysResult::ok(0) : SysResult::fail(EBUSY);
    }
    if (accept_mutex_word_ != k_pid_of_another) {
        return SysResult::fail(EPERM);
    }
    another.unlock();
    oracle_->mutex_unlocked(Oracle::k_unseen_worker);
    return SysResult::ok(0);
}

} // namespace edgecase
