// The reactor under test, as the simulation sees it. The mandatory half is what any reactor has; the optional
// half (module calls, flags, generations, queues) lets the oracle judge more. A verdict lists what could not
// be judged.
//
// A connection is known here by its slot in the subject's own table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/file_aio.hpp"
#include "core/kernel.hpp"
#include "core/log.hpp"
#include "core/options.hpp"
#include "props/scenario.hpp"

namespace edgecase::fake {
class StateDigest;
}

namespace edgecase {

// What the subject tells its host.
class SubjectHost {
public:
    // The subject calls the handler of this connection's half. Everything the application does happens in
    // here.
    virtual void on_handler(unsigned slot, Half half) = 0;

    // The subject runs the handler of this notify task.
    virtual void on_notify(unsigned task) = 0;

    // The subject calls the handler of this file: a read of it is complete.
    virtual void on_file(unsigned file) = 0;

    // The read handler of a listener, which is the subject's own, begins and ends; in between, the connections
    // that it accepted, each as its owner is told of it.
    virtual void on_listener(unsigned slot) = 0;
    virtual void on_accept(unsigned listener_slot,
                           unsigned slot) = 0; // k_no_slot: of a listener that is closed
    virtual void on_listener_ended() = 0;

    // The accept mutex, which stands outside: whether the subject gets it; it gives it back.
    virtual bool try_accept_mutex() = 0;
    virtual void unlock_accept_mutex() = 0;

    virtual void on_log(LogLevel level, int error, std::string_view line) = 0;

protected:
    ~SubjectHost() = default;
};

// Flags of one half.
inline constexpr std::uint8_t k_half_active = 1;
inline constexpr std::uint8_t k_half_ready = 2;
inline constexpr std::uint8_t k_half_posted = 4;
inline constexpr std::uint8_t k_half_timer_set = 8;
inline constexpr std::uint8_t k_half_timedout = 16;
inline constexpr std::uint8_t k_half_end_is_near =
    32; // a report said that the peer will send no more (RDHUP)

struct SlotView {
    int fd = -1;
    std::uint32_t generation = 0;
    std::array<std::uint8_t, 2> flags{}; // by Half
    std::array<Msec, 2> timer_key{};     // by Half; meaningful while its timer is set
    bool reusable = false;               // its owner can do without it
    bool asked_to_close = false;         // its read handler is, or was, called for it to be closed

    [[nodiscard]] bool has(Half half, std::uint8_t flag) const {
        return (flags[static_cast<unsigned>(half)] & flag) != 0;
    }
};

// What a descriptor is, as far as it matters to who reads and writes it.
enum class Transport : std::uint8_t {
    stream,   // a socket: recv and send
    datagram, // a socket whose messages may be empty: recv of 0 bytes is no end
    listener, // a socket whose read event belongs to the accept queue
    file,     // anything else: read and write
};

// The state of a file that is read through AIO.
struct FileView {
    bool active = false;
    bool ready = false;
    bool posted = false;
};

enum class Outcome : std::uint8_t { ok, error };

class Subject {
public:
    virtual ~Subject() = default;

    // Mandatory.

    // Becomes a new reactor with this configuration, not yet initialised; what was before is gone without a
    // trace.
    virtual void reset(const Config& config) = 0;
    // From the next reset on these are its options, in place of what scenarios configure; its connections are no
    // more than a scenario's all the same.
    virtual void use_options(const Options& options) = 0;
    // epoll_events 0: as configured.
    virtual Outcome init(std::uint32_t epoll_events) = 0;
    virtual void done() = 0;
    // Frees everything, as its owner would at exit: done if it runs, then its tables. Connections are closed
    // before.
    virtual void tear_down() = 0;

    // Accepts from this listening descriptor from now on; its slot, or -1 if it refuses, and then the descriptor is
    // the caller's. flags: k_flag_reuseport: the accept mutex is not about it; k_flag_deferred: TCP_DEFER_ACCEPT.
    virtual int listen(int fd, std::uint8_t flags) = 0;
    // One turn of its loop.
    virtual Outcome turn() = 0;

    // Optional: an application on the reactor, which serves what is accepted.

    // Makes it, as the configuration says. Error: there is no memory for it.
    virtual Outcome start_application() = 0;
    // Gives it a connection, as on_accept told of it; has it handle an event of one that it was given.
    virtual void serve(unsigned slot) = 0;
    virtual void run_handler(unsigned slot, Half half) = 0;
    // It closes what it serves, and is gone.
    virtual void end_application() = 0;

    // Optional: the module.

    // Takes over an open descriptor; its slot, or -1 when there is no free connection.
    virtual int take(int fd, Transport transport) = 0;
    virtual void close(unsigned slot, bool shared) = 0;
    virtual Outcome add(unsigned slot, Side side, std::uint8_t flags) = 0;
    virtual Outcome del(unsigned slot, Side side, std::uint8_t flags) = 0;
    virtual Outcome handle(unsigned slot, Half half) = 0;
    virtual Outcome notify(unsigned task) = 0;
    virtual Outcome process(Msec timer, std::uint8_t flags) = 0;
    virtual void run(Queue queue) = 0;
    virtual void add_timer(unsigned slot, Half half, Msec after) = 0;
    virtual void del_timer(unsigned slot, Half half) = 0;
    virtual void post(unsigned slot, Half half) = 0;
    virtual void unpost(unsigned slot, Half half) = 0;
    // It may be closed to make room, or it may not any longer.
    virtual void make_reusable(unsigned slot) = 0;
    virtual void keep(unsigned slot) = 0;
    virtual SysResult read(unsigned slot, void* buffer, std::size_t size) = 0;
    virtual SysResult write(unsigned slot, const void* bytes, std::size_t size) = 0;
    // Of a socket; pieces: at most 64.
    virtual SysResult writev(unsigned slot, std::span<const BytePiece> pieces) = 0;

    // Optional: files. file: a number below k_max_names that the host gives to a file of its own, open or not.
    virtual FileRead read_file(unsigned file, int fd, void* buffer, std::size_t size,
                               std::int64_t offset) = 0;
    [[nodiscard]] virtual FileView file_view(unsigned file) const = 0;
    // Whether the event of the AIO channel is posted and not run yet.
    [[nodiscard]] virtual bool aio_posted() const = 0;

    // Opens a connection to the address; its slot, or -1 if it was given up.
    virtual int dial(const InetAddress& address) = 0;
    // What came of that connection: an errno, or 0.
    virtual int connect_error(unsigned slot) = 0;
    // Acknowledges an expired timer: timedout becomes 0.
    virtual void clear_timedout(unsigned slot, Half half) = 0;

    // Whether the notify action exists.
    [[nodiscard]] virtual bool can_notify() const = 0;

    // What epoll carries for the notify channel.
    [[nodiscard]] virtual std::uint64_t notify_data() const = 0;

    // Whether the notify channel's event is posted and not run yet.
    [[nodiscard]] virtual bool notify_posted() const = 0;

    [[nodiscard]] virtual SlotView view(unsigned slot) const = 0;

    // Says what state its connections are in, whoever uses them. What only the notify and AIO channels and the acceptor
    // know is not in it.
    virtual void describe(fake::StateDigest& state) const = 0;

    // The cached time.
    [[nodiscard]] virtual Msec now() const = 0;
};

} // namespace edgecase
