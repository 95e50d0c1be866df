// The connections of a scenario by name, as the simulation and the oracle know them: which descriptor and
// slot each has, and whether it is open. A name is one connection from open to close and never another.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "props/scenario.hpp"

namespace edgecase::fake {
class StateDigest;
}

namespace edgecase {

// One direction of a connection, counted in bytes.
struct Stream {
    std::uint64_t sent_bytes = 0;  // by who writes to it
    std::uint64_t taken_bytes = 0; // by who reads from it
    bool is_cut = false;           // a reset or an error may have taken the rest away
};

struct Party {
    // beginning: the subject is making it, and handlers may run meanwhile. waiting: its client has connected, and the
    // subject has not accepted it yet.
    enum class Life : std::uint8_t { unborn, beginning, waiting, open, closed };

    Life life = Life::unborn;
    ObjectKind kind = ObjectKind::unix_stream;
    bool closing = false; // deleted with the close flag: its close is to follow
    bool listens = false; // of a listener: the reactor accepts from it, and its events are the reactor's own
    bool reuseport = false; // of such a one: the accept mutex is not about it
    bool deferred = false;  // of such a one: a client is there with its first bytes only
    bool is_served = false; // by the application: its events are the application's own
    int fd = -1;            // the subject's descriptor; kept after close, for messages
    int file = -1;          // of the model, while open
    int slot = -1;
    std::uint32_t generation = 0;
    std::uint64_t data = 0;        // what the subject last gave to epoll_ctl for it
    std::uint32_t mode = 0;        // the ET bit of the last module call that succeeded
    std::uint64_t aio_request = 0; // of the kernel's: its latest read that was accepted
    std::uint64_t owed_bytes = 0;  // accepted by the application and not written yet
    Stream to_subject;             // what its peer sends
    Stream from_subject;

    // What a sound subject gives to epoll for it.
    [[nodiscard]] std::uint64_t epoll_data() const {
        return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(slot);
    }
    [[nodiscard]] bool is_open() const { return life == Life::open; }
    [[nodiscard]] bool has_peer() const { return life >= Life::waiting; } // or had one
    [[nodiscard]] bool can_read() const {
        return kind != ObjectKind::pipe_write && kind != ObjectKind::listener;
    }
    [[nodiscard]] bool can_write() const {
        return kind != ObjectKind::pipe_read && kind != ObjectKind::listener && kind != ObjectKind::timerfd &&
               kind != ObjectKind::signalfd && !is_file(kind);
    }
    [[nodiscard]] bool is_stream() const {
        return kind == ObjectKind::unix_stream || kind == ObjectKind::tcp || kind == ObjectKind::fresh ||
               kind == ObjectKind::pipe_read || kind == ObjectKind::pipe_write;
    }
    void cut() { to_subject.is_cut = from_subject.is_cut = true; }
    [[nodiscard]] bool is_socket() const {
        return kind == ObjectKind::unix_stream || kind == ObjectKind::tcp || kind == ObjectKind::fresh ||
               kind == ObjectKind::udp;
    }
    // What is read is a whole message, which may be empty; nothing is ever the end.
    [[nodiscard]] bool is_datagram() const { return kind == ObjectKind::udp; }
};

// Each name once, in the order of names.
[[nodiscard]] std::vector<Name> in_order(std::vector<Name> names);

class Parties {
public:
    void reset();

    [[nodiscard]] Party& operator[](Name name) { return parties_[name]; }
    [[nodiscard]] const Party& operator[](Name name) const { return parties_[name]; }

    void begins(Name name);
    void waits(Name name);
    void opened(Name name, const Party& party);
    void closed(Name name);

    // The names that are open, in order of opening.
    [[nodiscard]] const std::vector<Name>& open() const { return open_; }

    // Says what each that ever was is, and how much is under way in its streams.
    void describe(fake::StateDigest& state) const;

    // The open name that has this slot, or this descriptor; -1 if none has.
    [[nodiscard]] int with_slot(unsigned slot) const;
    [[nodiscard]] int with_fd(int fd) const;

private:
    std::array<Party, k_max_names> parties_;
    std::vector<Name> open_;
    std::vector<Name> used_; // to be forgotten at reset
};

} // namespace edgecase
