// Everything outside the subject: the peers of its connections, and what becomes of its descriptors without
// its doing (dup, fork). On the model, and on the real kernel; the simulation does not know which.
#pragma once

#include <cstdint>

#include "core/kernel.hpp"
#include "props/byte_pattern.hpp"
#include "props/scenario.hpp"

namespace edgecase {

class World {
public:
    virtual ~World() = default;

    // Everything before is gone; what is left of descriptors is closed.
    virtual void reset(const Config& config) = 0;

    struct Opened {
        int fd = -1;   // the subject's descriptor; -1: could not be made
        int file = -1; // of the model; -1 where there is none
    };
    virtual Opened open(Name name, ObjectKind kind) = 0;

    // The subject has closed its descriptor.
    virtual void closed(Name name) = 0;

    // Closes what open() gave, when the reactor had no slot for it.
    virtual void take_back(int fd) = 0;

    // A client connects to the listener. It is the peer of what the subject will accept for it.
    virtual SysResult client(Name name, Name listener) = 0;

    // Whose connection it is that has just been accepted as fd; -1 for nobody's. process: 0 the subject's, else of
    // another worker (on the model only).
    virtual int accepted(Name listener, int fd, std::uint32_t process) = 0;

    // The subject's socket connects (it was opened as ObjectKind::fresh).
    virtual SysResult connect(Name name, int fd, ConnectOutcome outcome) = 0;

    // A port of the loopback for a connect of the subject's own, with this outcome. And the same, once it was asked for:
    // the peer of the connection takes its end, if it has one.
    virtual std::uint16_t port_for(ConnectOutcome outcome) = 0;
    virtual void dialled(Name name, ConnectOutcome outcome) = 0;

    // What the peer of a connection does; the answer of its last system call. Nothing to do it on: EBADF.
    // What it sends is byte_pattern from that position on; what it takes is compared with that of a direction.
    struct Taken {
        SysResult result;
        bool as_sent = true;
        SysResult last{}; // of its last read, where there were several
    };
    virtual SysResult peer_send(Name name, std::uint64_t bytes, std::uint64_t position) = 0;
    virtual Taken peer_recv(Name name, std::uint64_t bytes, Direction pattern, std::uint64_t position) = 0;
    virtual SysResult peer_shutdown(Name name, Shut how) = 0;
    virtual SysResult peer_close(Name name) = 0;
    virtual SysResult peer_reset(Name name) = 0;
    virtual SysResult peer_connect(Name name) = 0;

    // The subject's own end of a connection.
    virtual SysResult shutdown(int fd, Shut how) = 0;

    // The subject's timerfd; 0 stops it.
    virtual SysResult arm(int fd, Arming how, std::uint64_t ms) = 0;
    // SIGUSR2, which the subject's process blocks.
    virtual SysResult raise() = 0;
    // Port unreachable, for the subject's UDP socket; EINVAL for anything else.
    virtual SysResult icmp(Name name, int fd) = 0;
    // A read through AIO that is in flight completes: with that error, or 0 and as much as there is, but no more
    // than most_bytes. Not in flight: EINVAL.
    virtual SysResult complete(std::uint64_t request, int error, std::uint64_t most_bytes) = 0;

    // Another descriptor of the subject's process for the same description; and its end.
    virtual SysResult dup(Name name, int fd) = 0;
    virtual SysResult undup(Name name) = 0;
    virtual SysResult fork() = 0;
    virtual SysResult child_exit() = 0;

    // Whether the description behind fd has descriptors besides it.
    [[nodiscard]] virtual bool is_shared(int fd) const = 0;

    virtual void pass_time(std::uint64_t ms) = 0;
    virtual void wake(int fd) = 0;

    // The world ends: every descriptor of its own, and the copies it made of the subject's, are closed.
    virtual void end() = 0;

    // Descriptors that the subject's process has open, beyond those it was started with.
    [[nodiscard]] virtual unsigned descriptors_open() const = 0;
};

} // namespace edgecase
