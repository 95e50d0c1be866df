// The invariants of the model, checked from the outside in. Slow; for tests and fuzzers.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "fakekernel/model.hpp"

namespace edgecase::fake {
namespace {

void expect_equal(std::uint64_t actual, std::uint64_t expected, const char* what, Index which) {
    if (actual == expected) return;
    std::fprintf(stderr, "fakekernel: %s of %" PRIu32 ": %" PRIu64 ", expected %" PRIu64 "\n", what, which,
                 actual, expected);
    std::abort();
}

} // namespace

void Model::check_consistency() const {
    check_references();
    check_watches();
    check_bytes();
    check_timers_and_signals();
}

// references-balanced, and the pools of what a file owns.
void Model::check_references() const {
    std::vector<std::uint32_t> references(files_.limit(), 0);
    std::vector<std::uint32_t> holds(files_.limit(), 0);
    check_aio(holds);
    for (Pid pid = 0; pid < used_processes_; ++pid) {
        std::uint32_t open = 0;
        for (std::uint32_t fd = 0; fd < table(pid).end(); ++fd) {
            const Index file = find_file(pid, static_cast<int>(fd));
            if (file == k_none) continue;
            ++open;
            ++references[file];
        }
        expect_equal(table(pid).open_count(), open, "open descriptors of process", pid);
    }
    std::size_t files = 0;
    std::size_t epolls = 0;
    std::size_t eventfds = 0;
    std::size_t watches = 0;
    std::size_t regular = 0;
    for (Index file = 0; file < references.size(); ++file) {
        if (references[file] == 0 && holds[file] == 0) continue;
        expect_equal(files_[file].holds, holds[file], "holds of file", file);
        if (files_[file].kind == FileKind::regular) ++regular;
        expect_equal(files_[file].references, references[file], "references of file", file);
        ++files;
        if (files_[file].kind == FileKind::eventfd) ++eventfds;
        if (files_[file].kind != FileKind::epoll) continue;
        ++epolls;
        watches += epolls_[files_[file].object].watches;
        expect_equal(epolls_[files_[file].object].file, file, "file of epoll", files_[file].object);
    }
    expect_equal(files_.live(), files, "live files", 0);
    expect_equal(epolls_.live(), epolls, "live epolls", 0);
    expect_equal(eventfds_.live(), eventfds, "live eventfds", 0);
    expect_equal(watches_.live(), watches, "live watches", 0);
    expect_equal(regular_.live(), regular, "live regular files", 0);
}

// The requests of each context, and which files those in flight hold.
void Model::check_aio(std::vector<std::uint32_t>& holds) const {
    std::size_t contexts = 0;
    std::size_t requests = 0;
    std::uint64_t reserved = 0;
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next) {
        const AioContext& context = aio_contexts_[at];
        std::uint32_t used = 0;
        for (Index request = context.in_flight.first; request != k_none;
             request = aio_requests_[request].next) {
            ++holds[aio_requests_[request].file];
            ++used;
        }
        for (Index request = context.completed.first; request != k_none;
             request = aio_requests_[request].next)
            ++used;
        expect_equal(context.used, used, "requests of AIO context", at);
        requests += used;
        reserved += context.capacity;
        ++contexts;
    }
    expect_equal(aio_contexts_.live(), contexts, "live AIO contexts", 0);
    expect_equal(aio_requests_.live(), requests, "live AIO requests", 0);
    expect_equal(aio_reserved_, reserved, "reserved AIO requests", 0);
}

// watches-listed.
void Model::check_watches() const {
    for (Pid pid = 0; pid < used_processes_; ++pid) {
        for (std::uint32_t fd = 0; fd < table(pid).end(); ++fd) {
            const Index file = find_file(pid, static_cast<int>(fd));
            if (file == k_none || files_[file].kind != FileKind::epoll) continue;
            const Epoll& epoll = epolls_[files_[file].object];
            std::uint32_t count = 0;
            std::uint32_t queued = 0;
            Index previous = k_none;
            for (Index watch = epoll.first_interest; watch != k_none; watch = watches_[watch].next_interest) {
                expect_equal(watches_[watch].previous_interest, previous, "previous interest of watch",
                             watch);
                expect_equal(watches_[watch].epoll, files_[file].object, "epoll of watch", watch);
                expect_equal(find_watch(watches_[watch].epoll, watches_[watch].file, watches_[watch].fd),
                             watch, "wait queue entry of watch", watch);
                if (watches_[watch].queued) ++queued;
                check_level(watch);
                ++count;
                previous = watch;
            }
            expect_equal(epoll.last_interest, previous, "last interest of epoll", files_[file].object);
            expect_equal(epoll.watches, count, "watches of epoll", files_[file].object);
            previous = k_none;
            for (Index watch = epoll.first_ready; watch != k_none; watch = watches_[watch].next_ready) {
                expect_equal(watches_[watch].queued ? 1 : 0, 1, "queued flag of watch", watch);
                expect_equal(watches_[watch].previous_ready, previous, "previous ready of watch", watch);
                --queued;
                previous = watch;
            }
            expect_equal(epoll.last_ready, previous, "last ready of epoll", files_[file].object);
            expect_equal(queued, 0, "queued watches that are not listed, of epoll", files_[file].object);
        }
    }
}

// levels-queued. What EPOLLONESHOT has disabled has no events left to report. The kernel's own signal that overflows an
// eventfd wakes with IN alone (eventfd_signal_mask()): who is watching for errors only does not hear of it.
void Model::check_level(Index watch) const {
    const Watch& item = watches_[watch];
    const std::uint32_t events = item.events & ~k_ep_private_bits;
    if ((item.events & (k_epollet | k_epollexclusive)) != 0 || item.queued) return;
    const std::uint32_t unheard = files_[item.file].kind == FileKind::eventfd ? k_epollerr : 0;
    expect_equal(peek_mask(item.file, item.process) & events & ~unheard, 0,
                 "events to report of unqueued watch", watch);
}

// bytes-accounted, and the pools behind pipes and sockets. Each object is met through its first descriptor.
void Model::check_bytes() const {
    std::vector<bool> met(files_.limit(), false);
    std::size_t blocks = 0;
    std::size_t messages = 0;
    std::size_t pipes = 0;
    std::size_t unix_sockets = 0;
    std::size_t tcp_sockets = 0;
    std::size_t udp_sockets = 0;
    const auto count_unix = [&](Index index) {
        const UnixSocket& socket = unix_[index];
        ++unix_sockets;
        std::uint64_t left = 0;
        std::uint64_t account = 0;
        for (Index message = socket.first_message; message != k_none; message = messages_[message].next) {
            ++messages;
            left += messages_[message].left_bytes;
            account += messages_[message].account_bytes;
        }
        blocks += bytes_.blocks_of(socket.bytes);
        expect_equal(socket.bytes.size_bytes, left, "bytes queued at unix socket", index);
        if (socket.peer != k_none) {
            expect_equal(unix_[socket.peer].peer, index, "peer's peer of unix socket", index);
            expect_equal(unix_[socket.peer].sent_account_bytes, account, "account of the peer of unix socket",
                         index);
        }
    };
    const auto count_tcp = [&](Index index) {
        const TcpSocket& socket = tcp_[index];
        ++tcp_sockets;
        blocks += bytes_.blocks_of(socket.bytes);
        if (socket.peer != k_none)
            expect_equal(tcp_[socket.peer].peer, index, "peer's peer of TCP socket", index);
    };
    const auto count_udp = [&](Index index) {
        const UdpSocket& socket = udp_[index];
        ++udp_sockets;
        std::uint64_t left = 0;
        std::uint64_t account = socket.owed_bytes;
        std::uint32_t count = 0;
        for (Index message = socket.first_message; message != k_none; message = messages_[message].next) {
            ++count;
            left += messages_[message].left_bytes;
            account += messages_[message].account_bytes;
        }
        messages += count;
        blocks += bytes_.blocks_of(socket.bytes);
        expect_equal(socket.messages, count, "datagrams of UDP socket", index);
        expect_equal(socket.bytes.size_bytes, left, "bytes queued at UDP socket", index);
        expect_equal(socket.held_bytes, account, "account of UDP socket", index);
    };
    for (Pid pid = 0; pid < used_processes_; ++pid) {
        for (std::uint32_t fd = 0; fd < table(pid).end(); ++fd) {
            const Index file = find_file(pid, static_cast<int>(fd));
            if (file == k_none || met[file]) continue;
            met[file] = true;
            const Index object = files_[file].object;
            switch (files_[file].kind) {
            case FileKind::pipe_read:
            case FileKind::pipe_write: {
                const Pipe& pipe = pipes_[object];
                const bool read_end = files_[file].kind == FileKind::pipe_read;
                expect_equal(read_end ? pipe.reader : pipe.writer, file, "file of pipe", object);
                if (!read_end && pipe.reader != k_none) break; // counted at the read end
                ++pipes;
                blocks += bytes_.blocks_of(pipe.bytes);
                std::uint64_t bytes = 0;
                for (std::uint32_t at = pipe.tail; at != pipe.head; ++at) {
                    bytes += pipe.buffers[at % k_pipe_buffers].size_bytes;
                }
                expect_equal(pipe.bytes.size_bytes, bytes, "bytes of pipe", object);
                break;
            }
            case FileKind::unix_stream:
            case FileKind::unix_dgram:
            case FileKind::unix_seqpacket:
                expect_equal(unix_[object].file, file, "file of unix socket", object);
                count_unix(object);
                for (Index at = unix_[object].first_pending; at != k_none; at = unix_[at].next_pending)
                    count_unix(at);
                break;
            case FileKind::tcp:
                expect_equal(tcp_[object].file, file, "file of TCP socket", object);
                count_tcp(object);
                for (Index at = tcp_[object].first_pending; at != k_none; at = tcp_[at].next_pending)
                    count_tcp(at);
                break;
            case FileKind::udp:
                expect_equal(udp_[object].file, file, "file of UDP socket", object);
                count_udp(object);
                break;
            case FileKind::standard:
            case FileKind::epoll:
            case FileKind::eventfd:
            case FileKind::timerfd:
            case FileKind::signalfd:
            case FileKind::regular: break;
            }
        }
    }
    expect_equal(bytes_.live_blocks(), blocks, "live blocks", 0);
    expect_equal(messages_.live(), messages, "live messages", 0);
    expect_equal(pipes_.live(), pipes, "live pipes", 0);
    expect_equal(unix_.live(), unix_sockets, "live unix sockets", 0);
    expect_equal(tcp_.live(), tcp_sockets, "live TCP sockets", 0);
    expect_equal(udp_.live(), udp_sockets, "live UDP sockets", 0);
}

// timers-armed and signals-queued.
void Model::check_timers_and_signals() const {
    std::size_t armed = 0;
    std::size_t timerfds = 0;
    std::size_t signalfds = 0;
    for (Index file = 0; file < files_.limit(); ++file) {
        if (!is_live(file)) continue;
        const Index object = files_[file].object;
        if (files_[file].kind == FileKind::signalfd) ++signalfds;
        if (files_[file].kind != FileKind::timerfd) continue;
        ++timerfds;
        expect_equal(timerfds_[object].file, file, "file of timerfd", object);
        const std::size_t own = hrtimers_.count(HrtimerOwner::timerfd, object);
        if (own > 0) expect_equal(timerfds_[object].expired ? 1 : 0, 0, "armed and expired, timerfd", object);
        armed += own;
    }
    for (Pid pid = 0; pid < used_processes_; ++pid) {
        const std::size_t own = hrtimers_.count(HrtimerOwner::process, pid);
        if (!processes_[pid].alive) expect_equal(own, 0, "timers of dead process", pid);
        armed += own;
        const Signals& signals = processes_[pid].signals;
        SignalSet queued = 0;
        for (const SignalRecord& record : signals.queue) {
            const SignalSet bit = signal_bit(record.signal);
            if (record.signal < k_first_realtime)
                expect_equal(queued & bit, 0, "second entry of a standard signal, process", pid);
            queued |= bit;
        }
        expect_equal(signals.pending, queued, "pending signals of process", pid);
        const SignalSet unhandled = signals.pending & ~signals.blocked;
        expect_equal(unhandled, 0, "signals that nobody blocks and nobody handled, process", pid);
    }
    expect_equal(hrtimers_.size(), armed, "armed timers", 0);
    expect_equal(timerfds_.live(), timerfds, "live timerfds", 0);
    expect_equal(signalfds_.live(), signalfds, "live signalfds", 0);
    expect_equal(signalfd_files_.size(), signalfds, "signalfds listed", 0);
}

// Whether some process refers to it.
bool Model::is_live(Index file) const {
    for (Pid pid = 0; pid < used_processes_; ++pid) {
        for (std::uint32_t fd = 0; fd < table(pid).end(); ++fd) {
            if (find_file(pid, static_cast<int>(fd)) == file) return true;
        }
    }
    return false;
}

} // namespace edgecase::fake
