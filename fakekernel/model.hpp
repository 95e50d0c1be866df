// A deterministic model of Linux 6.18, as far as an epoll reactor can see it: processes with their
// descriptors and signals, epoll, eventfd, pipes, unix, TCP and UDP sockets, timerfd, signalfd, regular files,
// native AIO, the monotonic clock. It is the kernel alone: no
// scripts, no faults, no trace; those stand on top of it.
//
// The model never sleeps. A call that Linux would let sleep answers EAGAIN whether the description is
// blocking or not; the caller tells the two apart with nonblocking(). epoll_wait is split: harvest() is the
// wait with timeout 0, and the caller decides what it means to find nothing. Null is the one bad pointer
// there is; it gives EFAULT where Linux would touch the memory. Sends behave as with MSG_NOSIGNAL.
//
// Invariants (check_consistency() asserts them): references-balanced: a description's count is the number of
// descriptors over all processes that refer to it, its holds that of AIO requests in flight on it, and it is
// released when both are 0. watches-listed: a watch is in one
// interest list and one wait queue, and in its epoll's ready list exactly if it is queued. levels-queued: a
// level-triggered watch that has something to report is queued, unless it shares its wakeups (EPOLLEXCLUSIVE). bytes-accounted:
// what a unix socket is charged for is what its peer's queue holds. timers-armed: each armed timer belongs to a
// timerfd or a living process. signals-queued: a signal is pending exactly if it is queued, and only while it is
// blocked. pools-balanced: no object is left without an owner. Nothing depends on time, addresses or hashing: the same calls give the same answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/aio_abi.hpp"
#include "core/epoll_abi.hpp"
#include "core/kernel.hpp"
#include "fakekernel/aio.hpp"
#include "fakekernel/byte_queue.hpp"
#include "fakekernel/epoll.hpp"
#include "fakekernel/eventfd.hpp"
#include "fakekernel/file.hpp"
#include "fakekernel/hrtimer.hpp"
#include "fakekernel/kernel_profile.hpp"
#include "fakekernel/pipe.hpp"
#include "fakekernel/pool.hpp"
#include "fakekernel/process.hpp"
#include "fakekernel/regular_file.hpp"
#include "fakekernel/signalfd.hpp"
#include "fakekernel/tcp_socket.hpp"
#include "fakekernel/timerfd.hpp"
#include "fakekernel/udp_socket.hpp"
#include "fakekernel/unix_socket.hpp"

namespace edgecase::fake {

class StateDigest;

struct ModelOptions {
    std::uint32_t unix_send_buffer = 212'992;   // SO_SNDBUF, in bytes as the kernel accounts them (S-107)
    std::uint32_t tcp_buffer = 65'536;          // of each direction of a TCP connection, in bytes (S-129)
    std::uint32_t udp_receive_buffer = 212'992; // SO_RCVBUF of UDP, in bytes as the kernel accounts them
    std::uint32_t open_files = 1024;            // RLIMIT_NOFILE of every process
    std::uint32_t max_files = 0xffffffff;       // fs.file-max: open file descriptions of the whole system
    std::uint32_t aio_requests = 65'536;        // fs.aio-max-nr, over all contexts
    KernelProfile profile;                      // which Linux
};

class Model {
public:
    // What Linux leaves open about the ready list (S-28, S-171).
    enum class ReadyOrder : std::uint8_t { fifo, reverse, shuffle };

    struct WatchView {
        std::uint32_t events = 0; // as stored: with ERR and HUP, without them once ONESHOT has reported
        std::uint64_t data = 0;
        std::uint64_t serial = 0; // number of this registration: each successful ADD gets the next, from 1
        int file = -1;
        int fd = -1;
        Pid process = 0;     // that registered it
        bool queued = false; // in the ready list
    };

    explicit Model(const ModelOptions& options = {});
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // To the state of a new model; the memory is kept. Costs in proportion to the descriptors that were used.
    void reset(const ModelOptions& options);

    // A new process with 0 to 2 only; a copy of one with all its descriptors, its mask and its handlers, but not what
    // is pending and not its timer (fork(2)); the end of one, which lets go of its descriptions in the reverse order of
    // their numbers, and SIGCHLD for its parent.
    Pid spawn();
    Pid fork(Pid parent);
    void exit(Pid pid);
    void set_open_files(Pid pid, std::uint32_t limit); // RLIMIT_NOFILE (S-4)

    // System calls: their checks come in Linux's order.
    SysResult epoll_create(Pid pid, int size);
    SysResult epoll_create1(Pid pid, int flags);
    SysResult epoll_ctl(Pid pid, int epfd, int op, int fd, const EpollEvent* event);
    SysResult harvest(Pid pid, int epfd, EpollEvent* out, int maxevents);
    SysResult eventfd(Pid pid, unsigned initval, int flags);
    SysResult pipe2(Pid pid, int* fds, int flags);
    // AF_UNIX. type: one of SOCK_STREAM, _DGRAM, _SEQPACKET; flags: SOCK_NONBLOCK, SOCK_CLOEXEC.
    SysResult socketpair(Pid pid, int type, int flags, int* fds);
    // kind: tcp, udp or one of the unix kinds.
    SysResult socket(Pid pid, FileKind kind, int flags);
    // TCP, UDP: a port of the loopback, 0 to be given one. Unix: a name, which is a number here.
    SysResult bind(Pid pid, int fd, std::uint16_t port);
    SysResult listen(Pid pid, int fd, int backlog);
    SysResult connect(Pid pid, int fd, std::uint16_t port);
    SysResult accept4(Pid pid, int fd, int flags);
    SysResult shutdown(Pid pid, int fd, int how);
    SysResult getsockopt_error(Pid pid, int fd); // SO_ERROR: the value is the errno, which is thereby taken
    SysResult set_rcvlowat(Pid pid, int fd, int bytes);
    SysResult set_linger(Pid pid, int fd, bool on, int seconds);
    SysResult getsockname_port(Pid pid, int fd);
    SysResult read(Pid pid, int fd, void* buffer, std::size_t size);
    SysResult write(Pid pid, int fd, const void* bytes, std::size_t size);
    SysResult pread(Pid pid, int fd, void* buffer, std::size_t size, std::int64_t offset);
    SysResult recv(Pid pid, int fd, void* buffer, std::size_t size, int flags);
    SysResult send(Pid pid, int fd, const void* bytes, std::size_t size, int flags);
    SysResult sendmsg(Pid pid, int fd, const BytePiece* pieces, std::size_t count, int flags);
    // UDP by port; recvfrom tells where the datagram came from.
    SysResult sendto(Pid pid, int fd, const void* bytes, std::size_t size, std::uint16_t port);
    SysResult recvfrom(Pid pid, int fd, void* buffer, std::size_t size, int flags, std::uint16_t* port);
    SysResult timerfd_create(Pid pid, int clock, int flags);
    SysResult timerfd_settime(Pid pid, int fd, int flags, const TimerSpec* value, TimerSpec* old);
    SysResult timerfd_gettime(Pid pid, int fd, TimerSpec* out);
    SysResult signalfd(Pid pid, int fd, const SignalSet* mask, int flags); // fd -1: a new one
    SysResult kill(Pid from, Pid to, int signal);
    SysResult sigaction(Pid pid, int signal, SignalAction action);
    SysResult sigprocmask(Pid pid, int how, const SignalSet* set, SignalSet* old); // either may be null
    // ITIMER_REAL; the resolution of a timeval is the caller's business.
    SysResult setitimer(Pid pid, int which, std::int64_t value_us, std::int64_t interval_us);
    SysResult io_setup(Pid pid, unsigned requests, AioContextId* context);
    SysResult io_submit(Pid pid, AioContextId id, long count, AioControlBlock* const* blocks);
    SysResult io_getevents(Pid pid, AioContextId id, long least, long most, AioCompletion* out);
    SysResult io_destroy(Pid pid, AioContextId id);
    SysResult close(Pid pid, int fd);
    SysResult dup(Pid pid, int fd);
    SysResult dup2(Pid pid, int old_fd, int new_fd);
    SysResult dup3(Pid pid, int old_fd, int new_fd, int flags);
    SysResult fcntl(Pid pid, int fd, int command, int argument);
    SysResult ioctl_fionbio(Pid pid, int fd, int on);
    // poll(2) of one descriptor without a timeout: the value is revents.
    SysResult poll(Pid pid, int fd, std::uint32_t events);

    // open(2), O_RDONLY, of a file of that size that nobody else has open; flags: O_NONBLOCK, O_CLOEXEC.
    SysResult open_regular(Pid pid, std::uint64_t size_bytes, FileStore store, int flags);

    // Without a call of either process: a descriptor moves (the new number; -1 if there is none free), a
    // description gets one more number, pairs come into being with their ends in two processes.
    int give(Pid from, int fd, Pid to);
    int install(Pid to, int file);
    SysResult socketpair_between(Pid a, Pid b, int type, int flags, int* fds);
    SysResult pipe_between(Pid reader, Pid writer, int flags, int* fds);
    SysResult tcp_pair_between(Pid a, Pid b, int flags, int* fds); // an established connection, no listener
    SysResult udp_pair_between(Pid a, Pid b, int flags, int* fds); // bound, and connected to each other

    // The monotonic clock. It starts at 0 and moves only here; what falls due on the way happens at its
    // moment.
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
    void advance(std::uint64_t ns);
    [[nodiscard]] std::int64_t next_deadline_ns() const; // a moment of the clock, -1 if nothing is due ever

    // Views: no side effects, -1 for what is not there.
    [[nodiscard]] int file_of(Pid pid, int fd) const;
    [[nodiscard]] FileKind kind(int file) const { return files_[index(file)].kind; }
    [[nodiscard]] bool nonblocking(int file) const { return files_[index(file)].nonblocking(); }
    [[nodiscard]] unsigned references(int file) const { return files_[index(file)].references; }
    [[nodiscard]] bool close_on_exec(Pid pid, int fd) const { return table(pid).close_on_exec(fd); }
    [[nodiscard]] unsigned open_count(Pid pid) const { return table(pid).open_count(); }
    [[nodiscard]] int highest_fd(Pid pid) const;
    [[nodiscard]] unsigned processes() const { return used_processes_; }
    [[nodiscard]] bool alive(Pid pid) const { return processes_[pid].alive; }
    // The port at the other end of a TCP connection, as accept(2) gives it, also when the peer is gone (inet_getname()).
    [[nodiscard]] std::uint16_t remote_port(int file) const {
        return tcp_[files_[index(file)].object].remote_port;
    }
    // What an item asking for everything would report now to this process (a signalfd is about its signals).
    [[nodiscard]] std::uint32_t ready_mask(int file, Pid pid = 0) const {
        return peek_mask(index(file), pid);
    }
    [[nodiscard]] std::uint64_t unread_bytes(int file) const; // in its receive queue; an eventfd's counter
    [[nodiscard]] bool writes_held_back(int file) const { return files_[index(file)].held_back; }
    [[nodiscard]] int watch_of(int epoll_file, int file, int fd) const;
    [[nodiscard]] int first_watch(int epoll_file) const; // the interest list, in the order of registration
    [[nodiscard]] int next_watch(int watch) const { return as_int(watches_[index(watch)].next_interest); }
    [[nodiscard]] unsigned watch_count(int epoll_file) const;
    [[nodiscard]] int first_ready(int epoll_file) const; // the ready list as it stands, idle items included
    [[nodiscard]] int next_ready(int watch) const { return as_int(watches_[index(watch)].next_ready); }
    [[nodiscard]] WatchView watch(int watch) const;
    // Entry i of the latest harvest that was not refused: the watch it came from, and its serial then. The
    // watch may be gone since; -1 and 0 beyond the end.
    [[nodiscard]] unsigned harvested_count() const { return static_cast<unsigned>(harvested_.size()); }
    [[nodiscard]] int harvested_watch(unsigned i) const;
    [[nodiscard]] std::uint64_t harvested_serial(unsigned i) const;
    [[nodiscard]] bool has_ready(int epoll_file, Pid pid = 0) const; // would a harvest report at least one?
    [[nodiscard]] SignalSet pending_signals(Pid pid) const { return processes_[pid].signals.pending; }
    [[nodiscard]] SignalSet blocked_signals(Pid pid) const { return processes_[pid].signals.blocked; }
    // How often the handler of that signal ran.
    [[nodiscard]] std::uint32_t handled(Pid pid, int signal) const {
        return processes_[pid].signals.handled[static_cast<unsigned>(signal)];
    }
    [[nodiscard]] std::uint64_t timer_left_ns(Pid pid) const; // of the interval timer; 0: it does not run

    // What Linux leaves open, for scripts.
    void order_ready(int epoll_file, ReadyOrder order, std::uint64_t seed);
    void wake(int file);                  // a keyless wakeup of the file's waiters, without a reason (S-62)
    void icmp_port_unreachable(int file); // somebody says so about what this UDP socket has sent (S-132)
    // "Memory pressure": not writable until the peer next reads, release_writes(), or a millisecond has
    // passed, for with nothing in flight no read will come; then an OUT wakeup comes.
    void hold_back_writes(int file);
    void release_writes(int file);

    // AIO requests of files on a device stay in flight until this: with that error, or 0 and as much as the file
    // has, but no more than most_bytes. Requests are numbered from 1 in the order of io_submit. False: it is not
    // in flight.
    bool complete_aio(std::uint64_t number, int error, std::uint64_t most_bytes);
    [[nodiscard]] std::uint64_t last_aio_request() const { return last_aio_request_; }
    [[nodiscard]] bool is_aio_in_flight(std::uint64_t number) const;
    [[nodiscard]] unsigned aio_contexts(Pid pid) const;
    [[nodiscard]] unsigned aio_in_flight(Pid pid) const { return count_aio(pid, &AioContext::in_flight); }
    [[nodiscard]] unsigned aio_not_taken(Pid pid) const { return count_aio(pid, &AioContext::completed); }

    // Tasks asleep in epoll_wait: an exclusive watch counts as woken only if somebody sleeps there (S-70). A
    // wakeup takes one sleeper off the queue; whoever resumes calls end_wait.
    void begin_wait(int epoll_file);
    void end_wait(int epoll_file);
    [[nodiscard]] unsigned waiting(int epoll_file) const; // asleep and not woken
    [[nodiscard]] unsigned woken(int epoll_file) const;   // woken and not yet resumed

    // Whether a handler of that process ran since the latest call of this: what a sleeper asks, to answer EINTR (S-139).
    bool take_interruption(Pid pid);

    // Says what state it is in (model_state.cpp).
    void describe(StateDigest& state) const;

    // Aborts, with the operands printed, unless every invariant on top of this file holds.
    void check_consistency() const;

private:
    struct Description;
    struct Harvested {
        Index watch;
        std::uint64_t serial;
    };
    enum class WakeLimit : std::uint8_t { one_exclusive, all };

    static constexpr Index index(int value) { return static_cast<Index>(value); }
    static constexpr int as_int(Index value) { return static_cast<int>(value); }

    // model.cpp, descriptors.cpp
    [[nodiscard]] const FdTable& table(Pid pid) const { return processes_[pid].table; }
    [[nodiscard]] FdTable& table(Pid pid) { return processes_[pid].table; }
    [[nodiscard]] Index find_file(Pid pid, int fd) const { return processes_[pid].table.find(fd); }
    [[nodiscard]] int lowest_free(Pid pid, std::uint32_t from = 0) const;
    Pid new_process();
    void close_all(Pid pid);
    Index new_file(FileKind kind, Index object, int status_flags);
    void install_at(Pid pid, int number, Index file, bool close_on_exec);
    SysResult open_file(Pid pid, FileKind kind, Index object, int status_flags, bool close_on_exec);
    SysResult reserve(Pid pid) const;
    SysResult reserve_two(Pid a, Pid b, int* numbers) const;
    [[nodiscard]] bool has_room_for_files(std::size_t count) const;
    void unreference(Index file);
    void hold(Index file) { ++files_[file].holds; }
    void let_go(Index file);
    void release_file(Index file);
    SysResult change_status_flags(Index file, int flags);

    void end_pressure();
    void take_due();

    // poll.cpp: vfs_poll by that process, with what a poll leaves behind, and without.
    std::uint32_t poll_mask(Index file, Pid pid);
    [[nodiscard]] std::uint32_t peek_mask(Index file, Pid pid) const;
    [[nodiscard]] bool peek_ready(Index epoll, Pid pid) const;

    // wait_queue.cpp
    void add_waiter(Index watch);
    void remove_waiter(Index watch);
    void wake_up(Index file, std::uint32_t key, WakeLimit limit = WakeLimit::one_exclusive) {
        if (file != k_none && files_[file].first_waiter != k_none) wake_waiters(file, key, limit);
    }
    void wake_waiters(Index file, std::uint32_t key, WakeLimit limit);
    bool notice(Index watch, std::uint32_t key);
    void wake_sleeper(Epoll& epoll);
    void wake_epoll(Index epoll);

    // epoll.cpp, epoll_nesting.cpp, epoll_wait.cpp
    [[nodiscard]] Index find_watch(Index epoll, Index file, int fd) const;
    SysResult insert_watch(Pid pid, Index epoll, Index file, int fd, std::uint32_t events, std::uint64_t data,
                           bool check_paths);
    void modify_watch(Pid pid, Index watch, std::uint32_t events, std::uint64_t data);
    void remove_watch(Index watch);
    void release_epoll(Index epoll);
    void queue_ready(Index watch);
    void unqueue_ready(Index watch);
    void queue_and_tell(Index watch);
    std::uint32_t poll_watch(Index watch, Pid pid);
    std::uint32_t poll_epoll(Index epoll, Pid pid);
    bool nests_too_deep(Index into, Index target);
    int depth_below(Index epoll, Index into, int depth);
    int depth_above(Index epoll);
    bool too_many_paths();
    bool count_paths(Index file, int depth);

    // eventfd.cpp, pipe.cpp
    SysResult read_eventfd(Index file, void* buffer, std::size_t size);
    SysResult write_eventfd(Index file, const void* bytes, std::size_t size);
    void signal_eventfd(Index file);
    Index new_pipe();
    SysResult read_pipe(Index file, void* buffer, std::size_t size);
    SysResult write_pipe(Index file, const void* bytes, std::size_t size);
    static std::size_t fits_last_buffer(Pipe& pipe, std::size_t size);
    void release_pipe_end(Index pipe, FileKind end);

    // unix_socket.cpp, unix_connect.cpp
    static int unix_kind_of(int type, FileKind& kind);
    Index new_unix(FileKind kind, UnixState state);
    void join_unix(Index a, Index b);
    SysResult send_unix(Index file, const void* bytes, std::size_t size, int flags);
    SysResult send_unix_stream(Index socket, const void* bytes, std::size_t size);
    SysResult send_unix_message(Index socket, const void* bytes, std::size_t size);
    SysResult charge_unix(Index socket);
    void queue_unix(Index from, const void* bytes, std::size_t size, std::uint32_t account_bytes);
    SysResult recv_unix(Index file, void* buffer, std::size_t size, int flags);
    SysResult recv_unix_stream(Index socket, void* buffer, std::size_t size, int flags);
    SysResult recv_unix_message(Index socket, void* buffer, std::size_t size, int flags);
    SysResult peek_unix_stream(Index socket, void* buffer, std::size_t size) const;
    void release_unix_sender(Index receiver);
    void drop_message(Index socket);
    void unix_write_space(Index socket, std::uint64_t held_bytes);
    SysResult shutdown_unix(Index socket, std::uint8_t how);
    [[nodiscard]] bool left_unread(const UnixSocket& socket) const;
    void release_unix(Index socket, bool embryo);
    [[nodiscard]] Index find_unix_name(FileKind kind, std::uint32_t name) const;
    SysResult bind_unix(Index socket, std::uint32_t name);
    SysResult listen_unix(Index socket, int backlog);
    SysResult connect_unix(Index socket, std::uint32_t name);
    SysResult accept_unix(Pid pid, int number, Index socket, int flags);

    // tcp_socket.cpp, tcp_connect.cpp
    void join_tcp(Index a, Index b);
    [[nodiscard]] bool tcp_writable(const TcpSocket& socket) const;
    [[nodiscard]] std::uint32_t tcp_room(const TcpSocket& socket) const;
    [[nodiscard]] std::uint32_t tcp_mask(Index socket) const;
    SysResult send_tcp(Index file, const void* bytes, std::size_t size, int flags);
    void deliver_tcp(Index from, const void* bytes, std::size_t size, bool urgent);
    void note_urgent(Index socket, unsigned char byte, std::uint64_t behind);
    void tcp_data_ready(Index socket);
    void tcp_check_space(Index socket);
    SysResult recv_tcp(Index socket, void* buffer, std::size_t size, int flags);
    SysResult recv_urgent(Index socket, void* buffer, std::size_t size, int flags);
    SysResult recv_nothing(Index socket);
    SysResult peek_tcp(Index socket, void* buffer, std::size_t size, int flags);
    void reset_tcp(Index socket);
    void finish_tcp(Index socket, int error);
    void send_fin(Index socket);
    void receive_fin(Index socket);
    void disconnect_tcp(Index socket);
    void tcp_state_change(Index socket);
    SysResult shutdown_tcp(Index socket, std::uint8_t how);
    void release_tcp(Index socket);
    void free_tcp(Index socket);
    [[nodiscard]] Index find_port(std::uint16_t port, TcpState state) const;
    void take_port(Index socket, std::uint16_t port);
    void drop_port(Index socket);
    std::uint16_t ephemeral_port();
    SysResult bind_tcp(Index socket, std::uint16_t port);
    SysResult listen_tcp(Index socket, int backlog);
    void stop_listening(Index socket);
    SysResult connect_tcp(Index file, std::uint16_t port);
    void send_syn(Index socket);
    SysResult accept_tcp(Pid pid, int number, Index socket, int flags);
    void add_retry(Index socket);
    void remove_retry(Index socket);
    void retry_syn(Index socket);
    [[nodiscard]] Index next_retry() const;

    // udp_socket.cpp
    [[nodiscard]] Index find_udp_port(std::uint16_t port) const;
    SysResult bind_udp(Index socket, std::uint16_t port);
    SysResult connect_udp(Index socket, std::uint16_t port);
    SysResult send_udp(Index file, const void* bytes, std::size_t size, int flags, std::uint16_t port);
    void deliver_udp(Index from, const void* bytes, std::size_t size, std::uint16_t port);
    void refuse_udp(Index socket);
    SysResult recv_udp(Index socket, void* buffer, std::size_t size, int flags, std::uint16_t* from);
    void drop_datagram(Index receiver);
    SysResult shutdown_udp(Index socket, std::uint8_t how);
    void release_udp(Index socket);

    // timerfd.cpp
    [[nodiscard]] SysResult find_timerfd(Pid pid, int fd) const;
    [[nodiscard]] TimerSpec timerfd_state(const Timerfd& timer) const;
    void count_missed_periods(Index timer);
    void expire_timerfd(Index timer);
    SysResult read_timerfd(Index timer, void* buffer, std::size_t size);
    void release_timerfd(Index timer);

    // signals.cpp, signalfd.cpp
    [[nodiscard]] static bool ignores(const Signals& signals, int signal);
    void send_signal(Pid to, SignalRecord record);
    bool dequeue_signal(Pid pid, SignalSet wanted, SignalRecord& record);
    void handle_signals(Pid pid);
    void expire_interval_timer(Pid pid);
    void restart_interval_timer(Pid pid);
    [[nodiscard]] std::uint32_t signalfd_mask(Index signalfd, Pid pid) const;
    SysResult read_signalfd(Pid pid, Index signalfd, void* buffer, std::size_t size);
    void wake_signalfds(Pid pid);
    void release_signalfd(Index file, Index signalfd);

    // transfer.cpp, regular_file.cpp, aio.cpp
    SysResult read_file(Pid pid, Index file, void* buffer, std::size_t size);
    SysResult read_regular_at(Index file, void* buffer, std::size_t size, std::uint64_t offset) const;
    SysResult read_regular(Index file, void* buffer, std::size_t size);
    [[nodiscard]] Index find_aio_context(Pid pid, AioContextId id) const;
    int submit_aio(Pid pid, Index context, const AioControlBlock& block);
    std::int64_t read_for_aio(Pid pid, Index request, std::uint64_t most_bytes);
    void finish_aio(Index context, Index request, std::int64_t result);
    void append(AioRequestList& list, Index request);
    void unlink(AioRequestList& list, Index request, Index before);
    void forget_eventfd(Index file);
    void destroy_aio_of(Pid pid);
    [[nodiscard]] unsigned count_aio(Pid pid, AioRequestList AioContext::*list) const;

    // consistency.cpp
    void check_references() const;
    void check_aio(std::vector<std::uint32_t>& holds) const;
    void check_watches() const;
    void check_level(Index watch) const;
    void check_bytes() const;
    void check_timers_and_signals() const;
    [[nodiscard]] bool is_live(Index file) const;

    ModelOptions options_;
    static constexpr std::uint64_t k_pressure_ns = 1'000'000;

    std::uint64_t now_ns_ = 0;
    std::vector<Index> held_; // descriptions under memory pressure, which ends for all at
    std::uint64_t pressure_ends_ns_ = 0;
    std::uint64_t last_serial_ = 0;
    Pool<File> files_;
    Pool<Watch> watches_;
    Pool<Epoll> epolls_;
    Pool<Eventfd> eventfds_;
    Pool<Pipe> pipes_;
    Pool<UnixSocket> unix_;
    Pool<TcpSocket> tcp_;
    Pool<UdpSocket> udp_;
    Pool<Timerfd> timerfds_;
    Pool<Signalfd> signalfds_;
    HrtimerQueue hrtimers_;
    std::vector<Index> signalfd_files_; // in the order of their making
    Pool<RegularFile> regular_;
    Pool<AioContext> aio_contexts_;
    Pool<AioRequest> aio_requests_;
    Pool<Message> messages_;
    ByteStore bytes_;
    std::vector<Process> processes_; // the first used_processes_ exist; the others keep their memory
    std::uint32_t used_processes_ = 0;
    std::vector<Harvested> harvested_;
    std::vector<unsigned char> gathered_; // the bytes of one sendmsg
    std::vector<Index> scratch_;          // of order_ready and wake_signalfds, and the files of a path check
    std::vector<Index> exiting_;          // descriptions that a process which ends was the last to refer to
    std::uint32_t nesting_generation_ = 0;
    std::uint32_t path_counts_[k_ep_max_nests + 1] = {};
    Index first_unix_bound_ = k_none;
    Index first_port_ = k_none;
    Index first_udp_port_ = k_none;
    Index first_retry_ = k_none;
    Index first_aio_context_ = k_none;
    AioContextId last_aio_context_ = 0;
    std::uint64_t last_aio_request_ = 0;
    std::uint32_t aio_reserved_ = 0; // of fs.aio-max-nr
    Index standard_file_ = k_none;   // behind 0 to 2 of every process
    std::uint16_t next_ephemeral_port_ = 0;
    std::uint16_t next_udp_port_ = 0;
};

} // namespace edgecase::fake
