// Processes, the clock, reset, and the views that read several objects.
#include "fakekernel/model.hpp"

#include <algorithm>

#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {

Model::Model(const ModelOptions& options) {
    exiting_.reserve(options.open_files);
    reset(options);
}

void Model::reset(const ModelOptions& options) {
    options_ = options;
    now_ns_ = 0;
    held_.clear();
    pressure_ends_ns_ = 0;
    last_serial_ = 0;
    files_.reset();
    watches_.reset();
    epolls_.reset();
    eventfds_.reset();
    pipes_.reset();
    unix_.reset();
    tcp_.reset();
    udp_.reset();
    timerfds_.reset();
    signalfds_.reset();
    hrtimers_.reset();
    signalfd_files_.clear();
    regular_.reset();
    aio_contexts_.reset();
    aio_requests_.reset();
    messages_.reset();
    bytes_.reset();
    for (Pid pid = 0; pid < used_processes_; ++pid)
        processes_[pid].table.reset();
    used_processes_ = 0;
    harvested_.clear();
    nesting_generation_ = 0;
    first_unix_bound_ = k_none;
    first_port_ = k_none;
    first_udp_port_ = k_none;
    first_retry_ = k_none;
    first_aio_context_ = k_none;
    last_aio_context_ = 0;
    last_aio_request_ = 0;
    aio_reserved_ = 0;
    next_ephemeral_port_ = 32'768;
    next_udp_port_ = 32'768;
    standard_file_ = k_none;
    spawn();
}

Pid Model::new_process() {
    if (used_processes_ == processes_.size()) processes_.emplace_back();
    Process& process = processes_[used_processes_];
    process.alive = true;
    process.open_files = options_.open_files;
    process.parent = used_processes_;
    process.signals.reset();
    process.timer = IntervalTimer{};
    return used_processes_++;
}

Pid Model::spawn() {
    const Pid pid = new_process();
    if (standard_file_ == k_none) standard_file_ = new_file(FileKind::standard, k_none, k_o_rdwr);
    for (int fd = 0; fd < 3; ++fd)
        install_at(pid, fd, standard_file_, false);
    return pid;
}

// fork(2): copies of every number, close-on-exec flags included, of the same descriptions (S-72, S-78); mask and
// handlers are inherited; what is pending, the interval timer and AIO contexts (S-168) are not.
Pid Model::fork(Pid parent) {
    const Pid child = new_process();
    processes_[child].open_files = processes_[parent].open_files;
    processes_[child].parent = parent;
    processes_[child].signals.blocked = processes_[parent].signals.blocked;
    processes_[child].signals.ignored = processes_[parent].signals.ignored;
    processes_[child].signals.with_handler = processes_[parent].signals.with_handler;
    const int end = static_cast<int>(table(parent).end());
    for (int fd = 0; fd < end; ++fd) {
        const Index file = find_file(parent, fd);
        if (file != k_none) install_at(child, fd, file, table(parent).close_on_exec(fd));
    }
    return child;
}

// do_exit(): AIO first (exit_aio()); the timer; exit_files(): close_files() walks the numbers upwards; exit_notify().
// close_files() goes through the numbers as they come; what nobody refers to any more is let go of by task works, the one
// that was added last first (task_work_run()).
void Model::close_all(Pid pid) {
    exiting_.clear();
    const int end = static_cast<int>(table(pid).end());
    for (int fd = 0; fd < end; ++fd) {
        const Index file = find_file(pid, fd);
        if (file == k_none) continue;
        table(pid).remove(fd);
        if (--files_[file].references == 0 && files_[file].holds == 0) exiting_.push_back(file);
    }
    while (!exiting_.empty()) {
        const Index file = exiting_.back();
        exiting_.pop_back();
        release_file(file);
    }
}

void Model::exit(Pid pid) {
    destroy_aio_of(pid);
    hrtimers_.cancel(HrtimerOwner::process, pid);
    processes_[pid].timer = IntervalTimer{};
    processes_[pid].signals.reset();
    close_all(pid);
    processes_[pid].alive = false;
    const Pid parent = processes_[pid].parent;
    if (!processes_[parent].alive) return;
    send_signal(parent, SignalRecord{k_sigchld, k_cld_exited, pid});
    handle_signals(parent);
}

void Model::set_open_files(Pid pid, std::uint32_t limit) {
    processes_[pid].open_files = limit;
}

std::int64_t Model::next_deadline_ns() const {
    const Index socket = next_retry();
    std::int64_t next_ns = socket == k_none ? -1 : static_cast<std::int64_t>(tcp_[socket].retry_at_ns);
    if (!held_.empty()) {
        const std::int64_t eased_ns = static_cast<std::int64_t>(pressure_ends_ns_);
        next_ns = next_ns < 0 ? eased_ns : std::min(next_ns, eased_ns);
    }
    if (!hrtimers_.empty()) {
        const std::int64_t timer_ns = static_cast<std::int64_t>(hrtimers_.first().at_ns);
        next_ns = next_ns < 0 ? timer_ns : std::min(next_ns, timer_ns);
    }
    return next_ns;
}

// What falls due happens in the order of the deadlines; on the same moment, in the order of arming (S-153). Each
// of them moves its deadline on or ends, so the loop does too: a timer with an interval stands still until
// somebody takes what it gave, and while the clock moves nobody does.
void Model::advance(std::uint64_t ns) {
    const std::uint64_t target_ns = now_ns_ + ns;
    for (std::int64_t next_ns = next_deadline_ns();
         next_ns >= 0 && static_cast<std::uint64_t>(next_ns) <= target_ns; next_ns = next_deadline_ns()) {
        now_ns_ = std::max(now_ns_, static_cast<std::uint64_t>(next_ns));
        take_due();
    }
    now_ns_ = target_ns;
    for (Pid pid = 0; pid < used_processes_; ++pid)
        handle_signals(pid);
}

// One thing that is due now: hrtimers expire in the timer interrupt, the others behind it.
void Model::take_due() {
    if (!hrtimers_.empty() && hrtimers_.first().at_ns <= now_ns_) {
        const Hrtimer timer = hrtimers_.take_first();
        switch (timer.owner) {
        case HrtimerOwner::timerfd: expire_timerfd(timer.object); break;
        case HrtimerOwner::process: expire_interval_timer(timer.object); break;
        }
    } else if (!held_.empty() && pressure_ends_ns_ <= now_ns_) {
        end_pressure();
    } else {
        retry_syn(next_retry());
    }
}

int Model::file_of(Pid pid, int fd) const {
    return pid < used_processes_ ? as_int(find_file(pid, fd)) : -1;
}

int Model::highest_fd(Pid pid) const {
    int fd = static_cast<int>(table(pid).end()) - 1;
    while (fd >= 0 && find_file(pid, fd) == k_none)
        --fd;
    return fd;
}

std::uint64_t Model::unread_bytes(int file) const {
    const File& description = files_[index(file)];
    switch (description.kind) {
    case FileKind::eventfd: return eventfds_[description.object].count;
    case FileKind::pipe_read:
    case FileKind::pipe_write: return pipes_[description.object].bytes.size_bytes;
    case FileKind::unix_stream:
    case FileKind::unix_dgram:
    case FileKind::unix_seqpacket: return unix_[description.object].bytes.size_bytes;
    case FileKind::tcp: return tcp_[description.object].bytes.size_bytes;
    case FileKind::udp: return udp_[description.object].bytes.size_bytes;
    case FileKind::timerfd: return timerfds_[description.object].ticks;
    case FileKind::signalfd:
    case FileKind::standard:
    case FileKind::epoll:
    case FileKind::regular: break;
    }
    return 0;
}

int Model::watch_of(int epoll_file, int file, int fd) const {
    const Index epoll = files_[index(epoll_file)].object;
    return as_int(find_watch(epoll, index(file), fd));
}

int Model::first_watch(int epoll_file) const {
    return as_int(epolls_[files_[index(epoll_file)].object].first_interest);
}

unsigned Model::watch_count(int epoll_file) const {
    return epolls_[files_[index(epoll_file)].object].watches;
}

int Model::first_ready(int epoll_file) const {
    return as_int(epolls_[files_[index(epoll_file)].object].first_ready);
}

Model::WatchView Model::watch(int watch) const {
    const Watch& item = watches_[index(watch)];
    WatchView view;
    view.events = item.events;
    view.data = item.data;
    view.serial = item.serial;
    view.file = as_int(item.file);
    view.fd = item.fd;
    view.process = item.process;
    view.queued = item.queued;
    return view;
}

int Model::harvested_watch(unsigned i) const {
    return i < harvested_.size() ? as_int(harvested_[i].watch) : -1;
}

std::uint64_t Model::harvested_serial(unsigned i) const {
    return i < harvested_.size() ? harvested_[i].serial : 0;
}

bool Model::has_ready(int epoll_file, Pid pid) const {
    return peek_ready(files_[index(epoll_file)].object, pid);
}

std::uint64_t Model::timer_left_ns(Pid pid) const {
    const bool runs = hrtimers_.count(HrtimerOwner::process, pid) != 0;
    return runs ? processes_[pid].timer.expires_ns - now_ns_ : 0;
}

void Model::wake(int file) {
    wake_up(index(file), k_no_key);
}

void Model::hold_back_writes(int file) {
    File& description = files_[index(file)];
    description.held_back = true;
    if (held_.empty()) pressure_ends_ns_ = now_ns_ + k_pressure_ns;
    held_.push_back(index(file));
    // As a send that found no room leaves it: a wakeup is owed.
    if (description.kind == FileKind::tcp) tcp_[description.object].no_space = true;
}

// Memory pressure is over for all at once. A description that was released before does not mind.
void Model::end_pressure() {
    for (const Index file : held_) {
        release_writes(as_int(file));
    }
    held_.clear();
}

void Model::release_writes(int file) {
    File& description = files_[index(file)];
    if (!description.held_back) return;
    description.held_back = false;
    wake_up(index(file), k_write_space_key);
}

} // namespace edgecase::fake
