// Random programs of system calls, run on both kernels and compared call by call. A program is a list of
// small numbers; what they name is decided while it runs, so that any part of one is a program too, and a
// difference shrinks by leaving operations out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgecase::fake::conformance {

// What an operation is about. A deed makes one call, or a few that belong together.
enum class Deed : std::uint8_t {
    make,    // descriptors of some kind come into being
    control, // epoll_ctl
    wait,    // epoll_wait that does not sleep
    put,
    take,
    timer,  // timerfd
    signal, // signals sent, blocked, handled; signalfd
    sleep,  // epoll_wait that sleeps: until a signal, a timer, or its end
    end,    // shutdown, close
    look,   // poll, SO_ERROR, getsockname
    copy,   // dup and its like
    network,
    file, // regular files, at once and through AIO
    fork,
    limit,  // a call at the limit of open files
    option, // fcntl, FIONBIO, socket options
    wrong,  // arguments that make no sense
};
inline constexpr unsigned k_deeds = static_cast<unsigned>(Deed::wrong) + 1;

struct Operation {
    Deed deed = Deed::make;
    std::uint8_t a = 0;
    std::uint8_t b = 0;
    std::uint8_t c = 0;
    std::uint8_t d = 0;
};
using Program = std::vector<Operation>;

// Which kinds of descriptors a program may use: local ones, or TCP and UDP among them.
enum class Family : std::uint8_t { local, inet };

[[nodiscard]] Program random_program(std::uint64_t seed, unsigned length);

// What a program may come upon that is left out, on both kernels: k_exclusions says why, FIDELITY.md lists them.
enum class Exclusion : std::uint8_t {
    urgent_on_unix,
    unix_datagram_name,
    wall_clock_timer,
    packet_pipe,
    full_tcp_buffer,
    connect_to_itself,
};
struct ExclusionText {
    Exclusion exclusion;
    std::string_view name;
    std::string_view reason;
};
inline constexpr std::array<ExclusionText, 6> k_exclusions = {{
    {Exclusion::urgent_on_unix, "urgent-on-unix",
     "MSG_OOB on a unix socket: the model has no urgent bytes there"},
    {Exclusion::unix_datagram_name, "unix-datagram-name",
     "bind or connect of a unix datagram socket: they have no names in the model"},
    {Exclusion::wall_clock_timer, "wall-clock-timer",
     "timerfd_create on the wall clock or an alarm clock: the model has no wall clock"},
    {Exclusion::packet_pipe, "packet-pipe", "pipe2 with O_DIRECT: the model has no packet mode"},
    {Exclusion::full_tcp_buffer, "full-tcp-buffer",
     "a send that could fill a TCP connection: Linux's buffers grow as they like"},
    {Exclusion::connect_to_itself, "connect-to-itself",
     "a TCP socket that connects to its own port: the model has no simultaneous open"},
}};
using ExclusionSet = std::uint32_t; // a bit for each Exclusion

// What came of a program on one kernel.
struct Answers {
    std::vector<std::string> lines; // an operation's calls and what each answered
    ExclusionSet excluded = 0;
    unsigned calls = 0;
    bool moved = false; // masks did not settle in time
};

} // namespace edgecase::fake::conformance
