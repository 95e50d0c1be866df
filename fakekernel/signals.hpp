// The signals of a process: what it blocks, ignores and has handlers for, and what is pending (kernel/signal.c). The
// model runs no code, so a handler is a note that it ran. One thread a process: what is sent to the process is sent
// to the thread.
//
// Invariant: a bit of `pending` is set exactly if `queue` has an entry of that signal; a signal below
// k_first_realtime has one entry at the most (S-138).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace edgecase::fake {

// A process: 0 is the first one (the subject's), then 1, 2, ... in the order they came; never used again.
using Pid = std::uint32_t;

// sigset_t: bit n - 1 stands for signal n.
using SignalSet = std::uint64_t;

inline constexpr int k_last_signal = 64;        // _NSIG
inline constexpr int k_first_realtime = 32;     // the kernel's SIGRTMIN
inline constexpr unsigned k_most_queued = 1024; // RLIMIT_SIGPENDING, of each process

[[nodiscard]] constexpr SignalSet signal_bit(int signal) {
    return SignalSet{1} << (signal - 1);
}

enum class SignalAction : std::uint8_t { by_default, ignore, handler };

struct SignalRecord {
    std::int32_t signal = 0;
    std::int32_t code = 0; // si_code
    Pid sender = 0;        // si_pid; 0 also for the kernel
};

struct Signals {
    SignalSet blocked = 0;
    SignalSet pending = 0;
    SignalSet ignored = 0;                                     // SIG_IGN
    SignalSet with_handler = 0;                                // neither SIG_IGN nor SIG_DFL
    std::vector<SignalRecord> queue;                           // in the order of sending
    std::array<std::uint32_t, k_last_signal + 1> handled = {}; // how often each handler ran
    bool interrupted = false;                                  // a handler ran since take_interruption()

    void reset() {
        blocked = pending = ignored = with_handler = 0;
        queue.clear();
        handled.fill(0);
        interrupted = false;
    }
};

// setitimer(2), ITIMER_REAL: the deadline is in the queue of hrtimers.
struct IntervalTimer {
    std::uint64_t interval_ns = 0;
    std::uint64_t expires_ns = 0;
};

} // namespace edgecase::fake
