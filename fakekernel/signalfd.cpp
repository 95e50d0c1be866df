// signalfd(2), after fs/signalfd.c.
#include <algorithm>
#include <cstring>

#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {

// do_signalfd4(): -1 makes one, any other number changes the mask of the one behind it and wakes whoever watches
// signalfds in this process.
SysResult Model::signalfd(Pid pid, int fd, const SignalSet* mask, int flags) {
    if (mask == nullptr) return SysResult::fail(k_efault);
    if ((flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    const SignalSet wanted = *mask & ~(signal_bit(9) | signal_bit(19)); // never SIGKILL, SIGSTOP
    if (fd == -1) {
        const SysResult number = reserve(pid);
        if (number.failed()) return number;
        const Index object = signalfds_.acquire();
        signalfds_[object].mask = wanted;
        const SysResult result = open_file(pid, FileKind::signalfd, object, k_o_rdwr | (flags & k_o_nonblock),
                                           (flags & k_o_cloexec) != 0);
        signalfd_files_.push_back(find_file(pid, static_cast<int>(result.value)));
        return result;
    }
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (files_[file].kind != FileKind::signalfd) return SysResult::fail(k_einval);
    signalfds_[files_[file].object].mask = wanted;
    wake_signalfds(pid);
    return SysResult::ok(fd);
}

// signalfd_poll(): the signals of the process that polls, not of the one that made the descriptor (S-138).
std::uint32_t Model::signalfd_mask(Index object, Pid pid) const {
    return (processes_[pid].signals.pending & signalfds_[object].mask) != 0 ? k_epollin : 0;
}

// signalfd_read_iter(): as many records as fit, taken from the queue before they are copied (S-138). Of a record
// the model fills in ssi_signo, ssi_code and ssi_pid.
SysResult Model::read_signalfd(Pid pid, Index object, void* buffer, std::size_t size) {
    if (size < k_siginfo_bytes) return SysResult::fail(k_einval);
    auto* to = static_cast<unsigned char*>(buffer);
    SignalRecord record;
    std::size_t moved = 0;
    while (size - moved >= k_siginfo_bytes && dequeue_signal(pid, signalfds_[object].mask, record)) {
        if (to == nullptr) return SysResult::fail(k_efault);
        unsigned char* at = to + moved;
        std::memset(at, 0, k_siginfo_bytes);
        std::memcpy(at, &record.signal, sizeof record.signal);
        std::memcpy(at + 8, &record.code, sizeof record.code);
        std::memcpy(at + 12, &record.sender, sizeof record.sender);
        moved += k_siginfo_bytes;
    }
    return moved > 0 ? SysResult::ok(static_cast<std::int64_t>(moved)) : SysResult::fail(k_eagain);
}

// signalfd_notify(): a keyless wakeup of one wait queue, which all signalfds share that were added by this process,
// whatever their masks. Later watches stand in front of earlier ones, exclusive ones behind all others; the
// first of those that takes the wakeup is the last to be asked.
void Model::wake_signalfds(Pid pid) {
    if (signalfd_files_.empty()) return;
    scratch_.clear();
    for (const Index file : signalfd_files_) {
        for (Index watch = files_[file].first_waiter; watch != k_none; watch = watches_[watch].next_waiter) {
            if (watches_[watch].process == pid) scratch_.push_back(watch);
        }
    }
    const auto is_exclusive = [this](Index watch) {
        return (watches_[watch].events & k_epollexclusive) != 0;
    };
    std::sort(scratch_.begin(), scratch_.end(), [&](Index a, Index b) {
        if (is_exclusive(a) != is_exclusive(b)) return is_exclusive(b);
        return is_exclusive(a) ? watches_[a].serial < watches_[b].serial
                               : watches_[a].serial > watches_[b].serial;
    });
    for (const Index watch : scratch_) {
        if (notice(watch, k_no_key) && is_exclusive(watch)) break;
    }
}

void Model::release_signalfd(Index file, Index object) {
    std::erase(signalfd_files_, file);
    signalfds_.release(object);
}

} // namespace edgecase::fake
