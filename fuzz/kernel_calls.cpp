#include "fuzz/kernel_calls.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <utility>
#include <vector>

namespace edgecase {

namespace {

using namespace fake;

constexpr unsigned k_most_calls = 400;
constexpr unsigned k_calls_between_checks = 16;
constexpr std::size_t k_buffer_bytes = 65'536;
constexpr unsigned k_open_files = 48; // so that EMFILE is near
constexpr unsigned k_most_processes = 6;
constexpr unsigned k_most_contexts = 4;

// The bytes as numbers. Past their end everything is 0.
class Numbers {
public:
    Numbers(const std::uint8_t* data, std::size_t size) : data_(data), end_(data + size) {}

    [[nodiscard]] bool at_end() const { return data_ == end_; }
    std::uint8_t byte() { return data_ == end_ ? std::uint8_t{0} : *data_++; }
    std::uint32_t word() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i)
            value = value << 8 | byte();
        return value;
    }
    std::uint64_t wide() {
        const std::uint64_t high = word();
        return high << 32 | word();
    }

    // Mostly a small number, as descriptors are; else any.
    int fd() {
        const std::uint8_t choice = byte();
        if (choice < 224) return choice % 24;
        return choice < 232 ? -1 : static_cast<int>(word());
    }
    // Mostly one that means something; else any.
    int flags(std::initializer_list<int> known) {
        const std::uint8_t choice = byte();
        if (choice >= 240) return static_cast<int>(word());
        int value = 0;
        unsigned place = 0;
        for (const int flag : known)
            value |= (choice >> place++ & 1U) != 0 ? flag : 0;
        return value;
    }
    long count() {
        constexpr std::array<long, 8> k_counts = {0, 1, 2, 8, -1, LONG_MAX, LONG_MIN, 64};
        return k_counts[byte() % k_counts.size()];
    }
    // What a buffer of k_buffer_bytes has, or what none has.
    std::size_t size() {
        const std::uint8_t choice = byte();
        if (choice < 128) return choice;
        if (choice < 160) return 8;
        if (choice < 240) return word() % (k_buffer_bytes + 1);
        return choice < 248 ? SIZE_MAX - byte() : k_task_size + byte();
    }
    std::uint16_t port() {
        const std::uint8_t choice = byte();
        return choice < 128 ? static_cast<std::uint16_t>(choice % 8)
                            : static_cast<std::uint16_t>(32'768 + choice % 8);
    }

private:
    const std::uint8_t* data_;
    const std::uint8_t* end_;
};

// One run: the model, what was made on it, and the memory that calls are given. A buffer is null, or as large as the
// size says, which no model could tell from one that is not.
class Caller {
public:
    Caller(Model& model, Numbers& numbers) : model_(model), numbers_(numbers), buffer_(k_buffer_bytes) {}

    void call();
    // Whether the latest call was epoll_wait.
    [[nodiscard]] bool harvested() const { return harvested_; }
    void end_everything();

private:
    // A size that no memory has comes with any pointer: it must not be touched.
    std::pair<void*, std::size_t> buffer() {
        const std::size_t size = numbers_.size();
        return {numbers_.byte() % 8 == 0 ? nullptr : buffer_.data(), size};
    }
    // The kernel cuts a recv's size to what is there, which may be more than the buffer has.
    std::pair<void*, std::size_t> recv_buffer() {
        auto [bytes, size] = buffer();
        return {size > k_buffer_bytes ? nullptr : bytes, size};
    }
    TimerSpec timer_spec() {
        TimerSpec spec;
        for (Timespec* time : {&spec.interval, &spec.value}) {
            const std::uint8_t choice = numbers_.byte();
            time->seconds =
                choice < 64 ? choice % 3 : (choice < 250 ? 0 : static_cast<std::int64_t>(numbers_.wide()));
            time->nanoseconds = choice < 250 ? choice * 100'000 : static_cast<std::int64_t>(numbers_.wide());
        }
        return spec;
    }
    FileKind socket_kind() {
        constexpr std::array<FileKind, 5> k_kinds = {FileKind::tcp, FileKind::udp, FileKind::unix_stream,
                                                     FileKind::unix_dgram, FileKind::unix_seqpacket};
        return k_kinds[numbers_.byte() % k_kinds.size()];
    }
    Pid living() {
        const Pid pid = numbers_.byte() % model_.processes();
        return model_.alive(pid) ? pid : 0;
    }
    AioContextId context() {
        const std::uint8_t choice = numbers_.byte();
        return choice < 240 && !contexts_.empty() ? contexts_[choice % contexts_.size()] : numbers_.byte();
    }

    void epoll_call(Pid pid);
    void making_call(Pid pid);
    void transfer(Pid pid);
    void socket_call(Pid pid);
    void number_call(Pid pid);
    void time_call(Pid pid);
    void signal_call(Pid pid);
    void aio_call(Pid pid);
    void world_call(Pid pid);

    Model& model_;
    Numbers& numbers_;
    std::vector<unsigned char> buffer_;
    std::vector<AioContextId> contexts_;
    bool harvested_ = false;
};

// No edge is lost: what a wakeup has put into a ready list stays there until a wait reports it or finds, as a poll of
// its epoll may too, that there is nothing to report any more; or until it is gone.
class KeptEdges {
public:
    explicit KeptEdges(const Model& model) : model_(model) {}

    void note() {
        queued_.clear();
        for_each_watch([this](const Model::WatchView& watch) {
            if (watch.queued) queued_.push_back(watch.serial);
        });
    }

    // harvested: a wait was made since note(), and reported what the model says it did.
    void check(bool harvested) {
        for_each_watch([&](const Model::WatchView& watch) {
            if (watch.queued || std::find(queued_.begin(), queued_.end(), watch.serial) == queued_.end())
                return;
            for (unsigned i = 0; harvested && i < model_.harvested_count(); ++i) {
                if (model_.harvested_serial(i) == watch.serial) return;
            }
            const std::uint32_t left = model_.ready_mask(watch.file, watch.process) & watch.events;
            if (left == 0) return;
            std::fprintf(stderr,
                         "kernel calls: the watch of descriptor %d was in a ready list, and is not any more; "
                         "nobody was told of its events %#x\n",
                         watch.fd, left);
            std::abort();
        });
    }

private:
    template <class Look> void for_each_watch(Look look) const {
        for (Pid pid = 0; pid < model_.processes(); ++pid) {
            for (int fd = 0; model_.alive(pid) && fd <= model_.highest_fd(pid); ++fd) {
                const int file = model_.file_of(pid, fd);
                if (file < 0 || model_.kind(file) != FileKind::epoll) continue;
                for (int watch = model_.first_watch(file); watch >= 0; watch = model_.next_watch(watch))
                    look(model_.watch(watch));
            }
        }
    }

    const Model& model_;
    std::vector<std::uint64_t> queued_; // by serial
};

void Caller::call() {
    harvested_ = false;
    const std::uint8_t which = numbers_.byte();
    const Pid pid = living();
    if (!model_.alive(pid)) return; // a signal ended the last one
    switch (which % 16) {
    case 0:
    case 1:
    case 2:
    case 3: epoll_call(pid); break;
    case 4:
    case 5: making_call(pid); break;
    case 6:
    case 7:
    case 8: transfer(pid); break;
    case 9:
    case 10: socket_call(pid); break;
    case 11: number_call(pid); break;
    case 12: time_call(pid); break;
    case 13: signal_call(pid); break;
    case 14: aio_call(pid); break;
    default: world_call(pid); break;
    }
}

void Caller::epoll_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const int epfd = numbers_.fd();
    if (which % 3 == 0) {
        std::array<EpollEvent, 64> events;
        const auto most = static_cast<int>(numbers_.count());
        // More entries than there are watches are never written, so any larger count will do.
        const bool fits = most <= 64 || numbers_.byte() % 2 == 0;
        harvested_ = true;
        model_.harvest(pid, epfd, fits && most <= 64 ? events.data() : nullptr, most);
        return;
    }
    const std::uint8_t choice = numbers_.byte();
    const int op = choice < 240 ? 1 + choice % 3 : static_cast<int>(numbers_.word());
    EpollEvent event{};
    const std::uint8_t mask = numbers_.byte();
    event.events = mask < 224
                       ? ((mask & 1U) != 0 ? k_epollin : 0) | ((mask & 2U) != 0 ? k_epollout : 0) |
                             ((mask & 4U) != 0 ? k_epollet : 0) | ((mask & 8U) != 0 ? k_epolloneshot : 0) |
                             ((mask & 16U) != 0 ? k_epollrdhup : 0) |
                             ((mask & 0x60U) == 0x60U ? k_epollexclusive : 0)
                       : numbers_.word();
    event.data = numbers_.byte();
    const int fd = numbers_.fd();
    model_.epoll_ctl(pid, epfd, op, fd, numbers_.byte() % 16 == 0 ? nullptr : &event);
}

void Caller::making_call(Pid pid) {
    int fds[2] = {-1, -1};
    const std::uint8_t which = numbers_.byte();
    const int flags = numbers_.flags({k_o_nonblock, k_o_cloexec});
    int* const pair = numbers_.byte() % 16 == 0 ? nullptr : fds;
    switch (which % 10) {
    case 0: model_.epoll_create1(pid, flags & ~k_o_nonblock); break;
    case 1: model_.epoll_create(pid, static_cast<int>(numbers_.count())); break;
    case 2: model_.eventfd(pid, numbers_.word(), flags | (which / 10 % 2)); break;
    case 3: model_.pipe2(pid, pair, flags); break;
    case 4: model_.socketpair(pid, static_cast<int>(numbers_.count()), flags, pair); break;
    case 5: model_.socketpair(pid, fake::k_sock_stream, flags, pair); break;
    case 6: model_.socket(pid, socket_kind(), flags); break;
    case 7: model_.timerfd_create(pid, numbers_.byte() % 9, flags); break;
    case 8: {
        const SignalSet set = numbers_.wide();
        model_.signalfd(pid, numbers_.byte() % 2 == 0 ? -1 : numbers_.fd(), pair == nullptr ? nullptr : &set,
                        flags);
        break;
    }
    default: {
        const FileStore store = which / 10 % 2 == 0 ? FileStore::page_cache : FileStore::device;
        model_.open_regular(pid, numbers_.word() % 10'000, store, flags);
        break;
    }
    }
}

void Caller::transfer(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const int fd = numbers_.fd();
    const int flags = numbers_.flags({k_msg_peek, k_msg_trunc, k_msg_oob, k_msg_dontwait});
    std::uint16_t port = numbers_.port();
    const auto [bytes, size] = which % 8 == 2 || which % 8 == 6 ? recv_buffer() : buffer();
    switch (which % 8) {
    case 0: model_.read(pid, fd, bytes, size); break;
    case 1: model_.write(pid, fd, bytes, size); break;
    case 2: model_.recv(pid, fd, bytes, size, flags); break;
    case 3: model_.send(pid, fd, bytes, size, flags); break;
    case 4: model_.pread(pid, fd, bytes, size, static_cast<std::int64_t>(numbers_.wide())); break;
    case 5: model_.sendto(pid, fd, bytes, size, port); break;
    case 6: model_.recvfrom(pid, fd, bytes, size, flags, &port); break;
    default: {
        const std::array<BytePiece, 3> pieces = {BytePiece{bytes, size}, BytePiece{nullptr, 0},
                                                 BytePiece{bytes, size}};
        model_.sendmsg(pid, fd, pieces.data(), numbers_.byte() % 4, flags);
        break;
    }
    }
}

void Caller::socket_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const int fd = numbers_.fd();
    switch (which % 10) {
    case 0: model_.bind(pid, fd, numbers_.port()); break;
    case 1: model_.listen(pid, fd, static_cast<int>(numbers_.count())); break;
    case 2: model_.connect(pid, fd, numbers_.port()); break;
    case 3: model_.accept4(pid, fd, numbers_.flags({k_o_nonblock, k_o_cloexec})); break;
    case 4: model_.shutdown(pid, fd, static_cast<int>(numbers_.count())); break;
    case 5: model_.getsockopt_error(pid, fd); break;
    case 6: model_.set_rcvlowat(pid, fd, static_cast<int>(numbers_.word())); break;
    case 7: model_.set_linger(pid, fd, numbers_.byte() % 2 == 0, static_cast<int>(numbers_.count())); break;
    case 8: model_.getsockname_port(pid, fd); break;
    default: {
        // To where another one is bound.
        const SysResult port = model_.getsockname_port(pid, numbers_.fd());
        if (!port.failed()) model_.connect(pid, fd, static_cast<std::uint16_t>(port.value));
        break;
    }
    }
}

void Caller::number_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const int fd = numbers_.fd();
    switch (which % 8) {
    case 0:
    case 1: model_.close(pid, fd); break;
    case 2: model_.dup(pid, fd); break;
    case 3: model_.dup2(pid, fd, numbers_.fd()); break;
    case 4: model_.dup3(pid, fd, numbers_.fd(), numbers_.flags({k_o_cloexec})); break;
    case 5: {
        constexpr std::array<int, 6> k_commands = {k_f_dupfd, k_f_getfd,         fake::k_f_setfd,
                                                   k_f_getfl, k_f_dupfd_cloexec, fake::k_f_setfl};
        const std::uint8_t choice = numbers_.byte();
        const int command = choice < 240 ? k_commands[choice % 6] : static_cast<int>(numbers_.word());
        model_.fcntl(pid, fd, command,
                     numbers_.byte() < 240 ? numbers_.byte() : static_cast<int>(numbers_.word()));
        break;
    }
    case 6: model_.ioctl_fionbio(pid, fd, numbers_.byte() % 2); break;
    default: model_.poll(pid, fd, numbers_.word()); break;
    }
}

void Caller::time_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const int fd = numbers_.fd();
    switch (which % 4) {
    case 0: model_.advance(numbers_.word() % 20'000'000); break;
    case 1: {
        TimerSpec old;
        const TimerSpec spec = timer_spec();
        model_.timerfd_settime(pid, fd, numbers_.flags({k_tfd_timer_abstime}),
                               which / 4 % 16 == 0 ? nullptr : &spec, &old);
        break;
    }
    case 2: {
        TimerSpec now;
        model_.timerfd_gettime(pid, fd, which / 4 % 16 == 0 ? nullptr : &now);
        break;
    }
    default: {
        const auto value_us = static_cast<std::int64_t>(numbers_.word()) % 10'000;
        model_.setitimer(pid, numbers_.byte() % 3, value_us - 10, which / 4 % 2 == 0 ? 0 : 1'000 + value_us);
        break;
    }
    }
}

void Caller::signal_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const std::uint8_t choice = numbers_.byte();
    const int signal = choice < 240 ? choice % 65 : static_cast<int>(numbers_.word());
    SignalSet set = numbers_.wide();
    switch (which % 4) {
    case 0: model_.kill(pid, numbers_.byte() % 8, signal); break;
    case 1: {
        constexpr std::array<SignalAction, 3> k_actions = {SignalAction::by_default, SignalAction::ignore,
                                                           SignalAction::handler};
        model_.sigaction(pid, signal, k_actions[numbers_.byte() % 3]);
        break;
    }
    default: {
        SignalSet old = 0;
        model_.sigprocmask(pid, static_cast<int>(numbers_.byte() % 4), which / 4 % 8 == 0 ? nullptr : &set,
                           &old);
        break;
    }
    }
}

void Caller::aio_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    switch (which % 6) {
    case 0: {
        AioContextId made = which / 6 % 8 == 0 ? 5 : 0;
        const bool null = numbers_.byte() % 16 == 0;
        const std::uint8_t choice = numbers_.byte();
        const unsigned requests = choice < 240 ? choice % 5 : numbers_.word();
        const SysResult result = model_.io_setup(pid, requests, null ? nullptr : &made);
        if (!result.failed() && contexts_.size() < k_most_contexts) contexts_.push_back(made);
        break;
    }
    case 1:
    case 2: {
        AioControlBlock block;
        block.fd = static_cast<std::uint32_t>(numbers_.fd());
        const auto [bytes, size] = buffer();
        block.buffer = reinterpret_cast<std::uint64_t>(size > k_buffer_bytes ? nullptr : bytes);
        block.size = size;
        block.offset =
            numbers_.byte() < 240 ? numbers_.byte() * 64 : static_cast<std::int64_t>(numbers_.wide());
        block.flags = numbers_.byte() % 2;
        block.resfd = static_cast<std::uint32_t>(numbers_.fd());
        block.opcode = numbers_.byte() < 224 ? k_aio_pread : numbers_.byte();
        block.reserved = numbers_.byte() == 255 ? 1 : 0;
        AioControlBlock* list[] = {&block, nullptr};
        const AioContextId id = context();
        const long count = numbers_.byte() < 200 ? 1 : -1 + static_cast<long>(numbers_.byte() % 4);
        model_.io_submit(pid, id, std::min(count, 2L), numbers_.byte() % 16 == 0 ? nullptr : list);
        break;
    }
    case 3: {
        std::array<AioCompletion, 64> completions;
        const AioContextId id = context();
        const long least = numbers_.count();
        const long most = numbers_.count();
        model_.io_getevents(pid, id, least, most, most <= 64 ? completions.data() : nullptr);
        break;
    }
    case 4:
        if (model_.last_aio_request() != 0) {
            const std::uint64_t number = 1 + numbers_.byte() % model_.last_aio_request();
            model_.complete_aio(number, numbers_.byte() % 4 == 0 ? 5 : 0, numbers_.word());
        }
        break;
    default: model_.io_destroy(pid, context()); break;
    }
}

// What is not the process's own doing: it forks and ends, its peers' ends come and go, and what Linux leaves open.
void Caller::world_call(Pid pid) {
    const std::uint8_t which = numbers_.byte();
    const int file = model_.file_of(pid, numbers_.fd());
    switch (which % 8) {
    case 0:
        if (model_.processes() < k_most_processes) model_.fork(pid);
        break;
    case 1:
        if (pid != 0) model_.exit(pid);
        break;
    case 2: model_.set_open_files(pid, numbers_.byte() % k_open_files); break;
    case 3:
        if (file >= 0) model_.wake(file);
        break;
    case 4:
        if (file >= 0) model_.hold_back_writes(file);
        break;
    case 5:
        if (file >= 0) model_.release_writes(file);
        break;
    case 6: {
        constexpr std::array<Model::ReadyOrder, 3> k_orders = {
            Model::ReadyOrder::fifo, Model::ReadyOrder::reverse, Model::ReadyOrder::shuffle};
        if (file >= 0 && model_.kind(file) == FileKind::epoll)
            model_.order_ready(file, k_orders[which / 8 % 3], which);
        break;
    }
    default:
        if (file >= 0 && model_.kind(file) == FileKind::udp) model_.icmp_port_unreachable(file);
        break;
    }
}

void Caller::end_everything() {
    for (Pid pid = 0; pid < model_.processes(); ++pid) {
        if (model_.alive(pid)) model_.exit(pid);
    }
}

} // namespace

KernelCalls::Counts KernelCalls::run(const std::uint8_t* data, std::size_t size) {
    ModelOptions options;
    options.open_files = k_open_files;
    options.max_files = 200;
    options.aio_requests = 64;
    options.tcp_buffer = 4096;
    model_.reset(options);
    model_.spawn();
    Numbers numbers(data, size);
    Caller caller(model_, numbers);
    KeptEdges edges(model_);
    Counts counts;
    while (!numbers.at_end() && counts.calls < k_most_calls) {
        edges.note();
        caller.call();
        edges.check(caller.harvested());
        counts.most_open = std::max(counts.most_open, model_.open_count(0));
        if (++counts.calls % k_calls_between_checks == 0) model_.check_consistency();
    }
    model_.check_consistency();
    caller.end_everything();
    model_.check_consistency();
    return counts;
}

} // namespace edgecase
