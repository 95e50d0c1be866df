// Signals: sent, blocked, handled (kernel/signal.c); the interval timer (kernel/time/itimer.c). A process that is not
// inside a call is running, so a signal that it does not block is handled as soon as it was sent; while the
// clock moves nobody runs, and what came meanwhile is handled when it stands still again.
#include <algorithm>
#include <bit>
#include <initializer_list>

#include "fakekernel/model.hpp"

namespace edgecase::fake {
namespace {

constexpr int k_sigkill = 9;
constexpr int k_sigstop = 19;

constexpr SignalSet set_of(std::initializer_list<int> signals) {
    SignalSet set = 0;
    for (const int signal : signals)
        set |= signal_bit(signal);
    return set;
}

constexpr SignalSet k_unblockable = set_of({k_sigkill, k_sigstop});
// SIG_KERNEL_IGNORE_MASK: SIGCONT, SIGCHLD, SIGWINCH, SIGURG.
constexpr SignalSet k_ignored_by_default = set_of({18, k_sigchld, 28, 23});
// SIG_KERNEL_STOP_MASK: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU. Nobody is stopped here.
constexpr SignalSet k_stopping = set_of({k_sigstop, 20, 21, 22});
// SYNCHRONOUS_MASK: SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS come before the others.
constexpr SignalSet k_synchronous = set_of({11, 7, 4, 5, 8, 31});

bool is_signal(int signal) {
    return signal >= 1 && signal <= k_last_signal;
}

} // namespace

// kill(2) of one process; 0 only asks whether it is there.
SysResult Model::kill(Pid from, Pid to, int signal) {
    if (signal < 0 || signal > k_last_signal) return SysResult::fail(k_einval);
    if (to >= used_processes_ || !processes_[to].alive) return SysResult::fail(k_esrch);
    if (signal == 0) return SysResult::ok(0);
    send_signal(to, SignalRecord{signal, k_si_user, from});
    handle_signals(to);
    return SysResult::ok(0);
}

// do_sigaction(): what is ignored from now on is no longer pending either.
SysResult Model::sigaction(Pid pid, int signal, SignalAction action) {
    if (!is_signal(signal) || (signal_bit(signal) & k_unblockable) != 0) return SysResult::fail(k_einval);
    Signals& signals = processes_[pid].signals;
    const SignalSet bit = signal_bit(signal);
    signals.ignored &= ~bit;
    signals.with_handler &= ~bit;
    if (action == SignalAction::ignore) signals.ignored |= bit;
    if (action == SignalAction::handler) signals.with_handler |= bit;
    if (ignores(signals, signal)) {
        std::erase_if(signals.queue,
                      [signal](const SignalRecord& record) { return record.signal == signal; });
        signals.pending &= ~bit;
    }
    return SysResult::ok(0);
}

// sigprocmask(2): SIGKILL and SIGSTOP cannot be blocked; what is unblocked is handled before the call returns.
SysResult Model::sigprocmask(Pid pid, int how, const SignalSet* set, SignalSet* old) {
    Signals& signals = processes_[pid].signals;
    const SignalSet before = signals.blocked;
    if (set != nullptr) {
        const SignalSet asked = *set & ~k_unblockable;
        switch (how) {
        case k_sig_block: signals.blocked |= asked; break;
        case k_sig_unblock: signals.blocked &= ~asked; break;
        case k_sig_setmask: signals.blocked = asked; break;
        default: return SysResult::fail(k_einval);
        }
    }
    if (old != nullptr) *old = before;
    handle_signals(pid);
    return SysResult::ok(0);
}

// sig_handler_ignored().
bool Model::ignores(const Signals& signals, int signal) {
    const SignalSet bit = signal_bit(signal);
    const bool by_default = (signals.with_handler & bit) == 0;
    return (signals.ignored & bit) != 0 || (by_default && (k_ignored_by_default & bit) != 0);
}

// __send_signal_locked(): a signal that is ignored and not blocked vanishes (sig_ignored()), a standard one that is
// pending already as well (legacy_queue()): neither wakes a signalfd. Beyond the limit a signal of kill(2) is
// pending without an entry of its own.
void Model::send_signal(Pid to, SignalRecord record) {
    Signals& signals = processes_[to].signals;
    const SignalSet bit = signal_bit(record.signal);
    const bool blocked = (signals.blocked & bit) != 0;
    if (!blocked && ignores(signals, record.signal)) return;
    const bool pending = (signals.pending & bit) != 0;
    if (pending && record.signal < k_first_realtime) return;
    if (!pending || signals.queue.size() < k_most_queued) signals.queue.push_back(record);
    signals.pending |= bit;
    wake_signalfds(to);
}

// next_signal() and collect_signal(): synchronous ones first, then the lowest number; of one number the oldest.
// dequeue_signal(): the interval timer stands still until its signal was taken, as a timerfd does until it is read.
bool Model::dequeue_signal(Pid pid, SignalSet wanted, SignalRecord& record) {
    Signals& signals = processes_[pid].signals;
    SignalSet candidates = signals.pending & wanted;
    if (candidates == 0) return false;
    if ((candidates & k_synchronous) != 0) candidates &= k_synchronous;
    const int signal = std::countr_zero(candidates) + 1;
    const auto is_it = [signal](const SignalRecord& other) { return other.signal == signal; };
    const auto oldest = std::find_if(signals.queue.begin(), signals.queue.end(), is_it);
    record = *oldest;
    signals.queue.erase(oldest);
    if (std::none_of(signals.queue.begin(), signals.queue.end(), is_it))
        signals.pending &= ~signal_bit(signal);
    if (signal == k_sigalrm) restart_interval_timer(pid);
    return true;
}

// get_signal(), on the way back to user space: a handler runs, or the default action is taken.
void Model::handle_signals(Pid pid) {
    SignalRecord record;
    while (processes_[pid].alive && dequeue_signal(pid, ~processes_[pid].signals.blocked, record)) {
        Signals& signals = processes_[pid].signals;
        const SignalSet bit = signal_bit(record.signal);
        if ((signals.with_handler & bit) != 0) {
            ++signals.handled[static_cast<unsigned>(record.signal)];
            signals.interrupted = true;
        } else if (!ignores(signals, record.signal) && (k_stopping & bit) == 0) {
            exit(pid);
        }
    }
}

bool Model::take_interruption(Pid pid) {
    const bool interrupted = processes_[pid].signals.interrupted;
    processes_[pid].signals.interrupted = false;
    return interrupted;
}

// setitimer(2), ITIMER_REAL alone; a value of 0 stops the timer, whatever the interval.
SysResult Model::setitimer(Pid pid, int which, std::int64_t value_us, std::int64_t interval_us) {
    if (which != k_itimer_real || value_us < 0 || interval_us < 0) return SysResult::fail(k_einval);
    IntervalTimer& timer = processes_[pid].timer;
    hrtimers_.cancel(HrtimerOwner::process, pid);
    timer.interval_ns = value_us == 0 ? 0 : static_cast<std::uint64_t>(interval_us) * 1000;
    timer.expires_ns = now_ns_ + static_cast<std::uint64_t>(value_us) * 1000;
    if (value_us != 0) hrtimers_.arm(HrtimerOwner::process, pid, timer.expires_ns);
    return SysResult::ok(0);
}

// it_real_fn().
void Model::expire_interval_timer(Pid pid) {
    send_signal(pid, SignalRecord{k_sigalrm, k_si_kernel, 0});
}

// posixtimer_rearm_itimer(): on by whole periods to behind this moment, so that periods in which nobody took the
// signal are not made up for.
void Model::restart_interval_timer(Pid pid) {
    IntervalTimer& timer = processes_[pid].timer;
    if (timer.interval_ns == 0 || hrtimers_.count(HrtimerOwner::process, pid) != 0) return;
    if (now_ns_ >= timer.expires_ns) {
        timer.expires_ns += ((now_ns_ - timer.expires_ns) / timer.interval_ns + 1) * timer.interval_ns;
    }
    hrtimers_.arm(HrtimerOwner::process, pid, timer.expires_ns);
}

} // namespace edgecase::fake
