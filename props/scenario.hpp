// A scenario: the whole input of one run, configuration and steps, as plain values. The text form
// (scenario_text.hpp), the byte form (scenario_bytes.hpp) and the generators all make and read this; the
// simulation runs it. What each step means is said in corpus/FORMAT.md; how each is written, in one table
// (scenario_language.cpp), from which parser, printer and byte form all work.
//
// Steps are flat and of fixed size. A step that holds others (a reaction, a step at a place, the entries of a
// scripted wait) is followed by them: `nested` says by how many. Nothing nests deeper than one level, except
// that a wait may be scripted nowhere but at the top.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fakekernel/call.hpp"

namespace edgecase {

// Connections are named by a letter, with a number behind it from the second round on: a ... z, a1 ... z1, a2
// ... One name is one connection from open to close, and never another.
using Name = std::uint8_t;
inline constexpr unsigned k_max_names = 256;
inline constexpr unsigned k_max_tasks = 10;   // what notify can name: 1 to 9
inline constexpr unsigned k_max_actions = 64; // of one reaction
inline constexpr unsigned k_max_workers = 3;  // processes that accept besides the subject: 1 to 3
inline constexpr unsigned k_max_posters = 4;  // threads of the subject that notify: 1 to 4
inline constexpr unsigned k_max_steps = 100'000;
inline constexpr std::uint64_t k_infinite = ~std::uint64_t{0};

// What a connection is made of. The subject holds one end; the peer, outside, the other.
enum class ObjectKind : std::uint8_t {
    unix_stream, // a unix stream pair
    tcp,         // an established TCP connection
    pipe_read,   // the subject reads, the peer writes
    pipe_write,  // the subject writes, the peer reads
    eventfd,     // one eventfd; the peer's sends add to it and its receives read it
    listener,    // a listening TCP socket; peers connect to it
    fresh,       // a TCP socket that was never connected
    udp,         // a UDP socket, connected to the peer's, which is connected to it
    timerfd,     // of the monotonic clock; nobody holds another end
    signalfd,    // for SIGUSR2, which the subject blocks
    file,        // a regular file whose bytes are in memory: a read through AIO completes inside io_submit
    disk,        // the same on a device: it completes when the scenario says so
};
[[nodiscard]] constexpr bool is_file(ObjectKind kind) {
    return kind == ObjectKind::file || kind == ObjectKind::disk;
}
enum class Side : std::uint8_t { read, write, connection }; // of a module call
enum class Half : std::uint8_t { read, write };             // of a connection: nginx's read and write event
enum class Handler : std::uint8_t { read, write, aio };     // whose reaction: of a half, or of a file's reads
enum class Shut : std::uint8_t { read, write, both };       // shutdown(2)
enum class ConnectOutcome : std::uint8_t { accepted, refused, dropped };
enum class Arming : std::uint8_t { once, every };
enum class WaitEntry : std::uint8_t { name, notify, data }; // what an entry of a scripted wait speaks of
enum class ReadyOrder : std::uint8_t { reverse, shuffle };
enum class Queue : std::uint8_t { accepted, posted, timers };
enum class WorkerDeed : std::uint8_t { start, run, step, exit };
enum class MutexTurn : std::uint8_t { taken, free }; // what another worker does with the accept mutex

enum class StepKind : std::uint8_t {
    // World: what happens outside the subject.
    open,          // name, choice ObjectKind: a new connection; the subject is given its end
    connect,       // name, choice ConnectOutcome: the fresh socket's connect()
    client,        // name, value the listener's name: a client connects; the accepted connection is `name`
    peer_send,     // name, value bytes (eventfd: the number added)
    peer_recv,     // name, value bytes, 0 for all there is
    peer_shutdown, // name, choice Shut
    peer_close,    // name
    peer_reset,    // name: a TCP reset (others: a close)
    peer_connect,  // name: one more client connects to the listener
    dup,           // name: another descriptor of the subject refers to the same description
    undup,         // name: that descriptor is closed
    shutdown,      // name, choice Shut: the subject shuts a direction of its own end
    fork,          // a child process with copies of every descriptor of the subject
    child_exit,    // the latest child is gone
    time,          // value milliseconds pass
    signal,        // a signal whose handler does nothing: ends a sleep with EINTR
    alarm,         // the interval timer's signal
    arm,           // name, choice Arming, value milliseconds: the subject sets its timerfd
    raise,         // the signal that signalfds take is sent to the subject's process
    icmp,          // name: port unreachable comes back for the subject's UDP socket
    complete, // name, value bytes or k_infinite: the read in flight of that file completes, with no more than these
    complete_fails, // name, error: it completes with that error
    spurious,       // name: a wakeup of its waiters without a reason
    // World: what other threads of the subject's process do, each stopped at its system calls.
    poster_notify, // count poster, value task: calls notify(), up to its first system call
    poster_step,   // count poster: goes on to where it stops next
    poster_finish, // count poster: goes on to its end
    worker,        // count worker, choice WorkerDeed: another process that accepts begins, goes on, or dies
    mutex,         // choice MutexTurn: another worker takes the accept mutex, or gives it back
    // Script: departures from what the kernel would answer.
    fail,         // call, count (its n-th from here), error, value times (0: always)
    worker_fail,  // back worker: the same of its calls
    shorten,      // call, count, value: that call moves or answers this many bytes only
    wait_gives,   // the next wait's result, from the nested entries (none: an empty result)
    wait_entry,   // nested in wait_gives: choice WaitEntry, name, back (generations back), mask, value data
    wait_order,   // choice ReadyOrder, value seed of the shuffle: of the next wait's ready list
    wait_at_most, // value: the next wait reports no more than this
    before,       // call, count, one nested world step: happens right before that call, counted from here
    during,       // call, count, one nested world step: happens while that call sleeps
    heal,         // what the script has still to come is dropped: from here on nothing is answered otherwise
    // Module: calls of the subject, and what the application on it does.
    add,          // name, choice Side, flags k_flag_et
    del,          // name, choice Side, flags k_flag_*
    handle,       // name, choice Half: handle_read_event or handle_write_event
    close,        // name
    close_shared, // name: deleted from epoll first
    notify,       // value task 1 to 9
    process,      // value milliseconds or k_infinite, flags k_flag_update, k_flag_post
    run,          // choice Queue: run the accept queue, the normal queue, the timers due
    timer,        // name, choice Half, value milliseconds
    untimer,      // name, choice Half
    post,         // name, choice Half
    unpost,       // name, choice Half
    reusable,     // name: it may be closed when connections run out
    keep,         // name: it may not
    read_file,    // name, mask the offset, value bytes: a read through AIO, or what came of the one before
    read,         // name, value bytes, 0 until EAGAIN
    write,        // name, value bytes
    writev,       // name, value bytes, count pieces
    dial,         // name, choice ConnectOutcome: connect_peer, the reactor's own socket
    outcome,      // name: what came of its connect
    // Server: what the application on the whole reactor does.
    listen, // name, flags k_flag_reuseport, k_flag_deferred: a listening socket that the reactor accepts from
    turn,   // one process_events_and_timers
    run_idle, // turns, until the wait of one would let time pass
    // Life.
    init,
    init_with, // value epoll_events, in place of the configuration's
    done,
    // Reactions.
    on,        // name, choice Handler: what its handler does when it is next called: the nested steps
    on_notify, // value task: the same for a notify handler
    on_accept, // name of a listener: the same for the next connection that is accepted from it
};
inline constexpr unsigned k_step_kinds = static_cast<unsigned>(StepKind::on_accept) + 1;

[[nodiscard]] constexpr bool is_world_step(StepKind kind) {
    return kind <= StepKind::mutex;
}
[[nodiscard]] constexpr bool is_poster_step(StepKind kind) {
    return kind >= StepKind::poster_notify && kind <= StepKind::poster_finish;
}
[[nodiscard]] constexpr bool is_script_step(StepKind kind) {
    return kind >= StepKind::fail && kind <= StepKind::heal;
}
[[nodiscard]] constexpr bool is_module_step(StepKind kind) {
    return kind >= StepKind::add && kind <= StepKind::outcome;
}

[[nodiscard]] constexpr bool is_server_step(StepKind kind) {
    return kind >= StepKind::listen && kind <= StepKind::run_idle;
}

// Whether the step's name is one that begins with it.
[[nodiscard]] constexpr bool begins_name(StepKind kind) {
    return kind == StepKind::open || kind == StepKind::client || kind == StepKind::dial ||
           kind == StepKind::listen;
}

inline constexpr std::uint8_t k_flag_et = 1;
inline constexpr std::uint8_t k_flag_close = 2;
inline constexpr std::uint8_t k_flag_disable = 4;
inline constexpr std::uint8_t k_flag_flush = 8;
inline constexpr std::uint8_t k_flag_update = 1;
inline constexpr std::uint8_t k_flag_post = 2;
inline constexpr std::uint8_t k_flag_reuseport = 1;
inline constexpr std::uint8_t k_flag_deferred = 2;

// Fields that a kind does not use are 0.
struct Step {
    StepKind kind = StepKind::time;
    Name name = 0;
    std::uint8_t choice = 0;
    std::uint8_t flags = 0;
    fake::Call call = fake::Call::epoll_create1;
    std::uint8_t count =
        0; // which call of its kind, 1 for the next; of writev: pieces; which poster or worker
    std::uint8_t back = 0;    // generations back; of worker_fail: which worker
    std::uint8_t error = 0;   // an errno of Linux
    std::uint32_t mask = 0;   // epoll bits; of read_file: the offset
    std::uint32_t nested = 0; // how many of the steps that follow belong to this one
    std::uint64_t value = 0;

    friend bool operator==(const Step&, const Step&) = default;
};

// What stands before the first step. Small numbers by default, since a short run on a small table is a fast
// one.
struct Config {
    std::uint32_t epoll_events = 32;
    std::uint32_t worker_connections = 16;
    std::uint32_t first_generation = 0; // of every slot: near the wrap where a scenario wants it
    std::uint32_t notify_rewind_after = 0xffffffff;
    std::uint32_t unix_buffer = 212'992;    // SO_SNDBUF of unix sockets, bytes as the kernel accounts them
    std::uint32_t tcp_buffer = 65'536;      // of each direction of a TCP connection, bytes
    std::uint32_t worker_aio_requests = 0;  // 0: the reactor is built without file AIO
    std::uint32_t file_bytes = 10'000;      // the size of every file
    std::uint32_t budget = 10'000;          // system calls of the subject
    std::uint32_t backlog = 128;            // of listeners, as listen(2) is given it
    std::uint32_t multi_accept = 0;         // 1: on
    std::uint32_t accept_mutex = 0;         // 1: on, and there is such a mutex
    std::uint32_t exclusive_accept = 0;     // 1: on
    std::uint32_t accept_mutex_delay = 500; // milliseconds
    std::uint32_t timer_resolution = 0;     // milliseconds; 0: none
    std::uint32_t echo_buffer = 0;          // bytes for each connection of the echo server; 0: there is none
    std::uint32_t echo_idle = 60'000;       // milliseconds until it closes an idle connection
    bool eventfd = true;                    // the capabilities: nginx's build switches
    bool file_aio = true;
    bool epollrdhup = true;
    bool clear_event = true;

    friend bool operator==(const Config&, const Config&) = default;
};

struct Scenario {
    Config config;
    std::vector<Step> steps;

    friend bool operator==(const Scenario&, const Scenario&) = default;
};

// Comments of a text, kept for printing and no part of the scenario's value: `text` stands on a line of its
// own before step `step` (the number of steps: at the end), or behind it on its line.
struct Comment {
    std::uint32_t step = 0;
    bool behind = false;
    std::string text;

    friend bool operator==(const Comment&, const Comment&) = default;
};

// A text as it was read: the scenario, its comments, and the line on which each step stands (for messages).
struct ScenarioText {
    Scenario scenario;
    std::vector<Comment> comments;
    std::vector<std::uint32_t> lines; // one a step, 1 for the first line of the file
};

} // namespace edgecase
