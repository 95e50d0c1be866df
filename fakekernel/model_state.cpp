// The state of the model as numbers: what its calls will answer from here on depends on these alone, but for the numbers
// of ports that are yet to be given out, and for how far a stream has come. The bytes in a queue are left out: whoever
// describes a run says how many were sent and taken of each stream, and what it carries follows from that.
#include <algorithm>

#include "fakekernel/model.hpp"
#include "fakekernel/state_digest.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace edgecase::fake {

StateHash StateDigest::hash() const {
    const XXH128_hash_t hash = XXH3_128bits(words_.data(), words_.size() * sizeof(std::uint64_t));
    return {hash.low64, hash.high64};
}

namespace {

// Things of one kind, numbered in the order in which they are met.
class Numbering {
public:
    explicit Numbering(Index none) : none_(none) {}

    // `none` stays what it is.
    Index of(Index thing) {
        if (thing == none_) return none_;
        const auto found = std::find(met_.begin(), met_.end(), thing);
        const auto number = static_cast<Index>(found - met_.begin());
        if (found == met_.end()) met_.push_back(thing);
        return number;
    }
    [[nodiscard]] std::size_t size() const { return met_.size(); }
    [[nodiscard]] Index at(std::size_t number) const { return met_[number]; }

private:
    Index none_;
    std::vector<Index> met_;
};

} // namespace

// One walk over the model: from the processes to their files, and from each file to what is behind it.
struct Model::Description {
    const Model& model;
    StateDigest& state;
    Numbering files{k_none};
    Numbering unix_sockets{k_none};
    Numbering tcp_sockets{k_none};
    Numbering ports{0};

    void processes() {
        for (Pid pid = 0; pid < model.used_processes_; ++pid) {
            const Process& process = model.processes_[pid];
            state.add(process.alive, process.open_files, process.parent, process.timer.interval_ns,
                      model.timer_left_ns(pid));
            for (std::uint32_t fd = 0; fd < process.table.end(); ++fd) {
                if (const Index file = process.table.find(static_cast<int>(fd)); file != k_none) {
                    state.add(fd, files.of(file), process.table.close_on_exec(static_cast<int>(fd)));
                }
            }
            const Signals& signals = process.signals;
            state.add(signals.blocked, signals.pending, signals.ignored, signals.with_handler,
                      signals.interrupted, signals.queue.size());
            for (const SignalRecord& record : signals.queue) {
                state.add(record.signal, record.code, record.sender);
            }
        }
    }

    void aio() {
        for (Index at = model.first_aio_context_; at != k_none; at = model.aio_contexts_[at].next) {
            const AioContext& context = model.aio_contexts_[at];
            state.add(context.id, context.owner, context.capacity, context.used);
            for (const AioRequestList& list : {context.in_flight, context.completed}) {
                for (Index request = list.first; request != k_none;
                     request = model.aio_requests_[request].next) {
                    aio_request(model.aio_requests_[request]);
                }
                state.add(k_none);
            }
        }
    }

    // Neither where its block and its buffer lie, nor which number it has among all there were.
    void aio_request(const AioRequest& request) {
        const AioControlBlock& block = request.block;
        state.add(model.last_aio_request_ - request.number, block.data, block.opcode, block.fd, block.size,
                  block.offset, block.flags, block.resfd, files.of(request.file), files.of(request.eventfd),
                  request.result);
    }

    // Files that are met on the way are described in their turn.
    void everything_met() {
        for (std::size_t number = 0; number < files.size(); ++number) {
            file(files.at(number));
        }
    }

    void file(Index index) {
        const File& file = model.files_[index];
        state.add(file.kind, file.held_back, file.references, file.holds, file.status_flags);
        for (Index watch = file.first_waiter; watch != k_none; watch = model.watches_[watch].next_waiter) {
            state.add(files.of(model.epolls_[model.watches_[watch].epoll].file), model.watches_[watch].fd);
        }
        state.add(k_none);
        switch (file.kind) {
        case FileKind::standard: break;
        case FileKind::epoll: epoll(model.epolls_[file.object]); break;
        case FileKind::eventfd:
            state.add(model.eventfds_[file.object].count, model.eventfds_[file.object].semaphore);
            break;
        case FileKind::pipe_read:
        case FileKind::pipe_write: pipe(model.pipes_[file.object]); break;
        case FileKind::unix_stream:
        case FileKind::unix_dgram:
        case FileKind::unix_seqpacket: unix_socket(file.object); break;
        case FileKind::tcp: tcp_socket(file.object); break;
        case FileKind::udp: udp_socket(model.udp_[file.object]); break;
        case FileKind::timerfd: timerfd(model.timerfds_[file.object]); break;
        case FileKind::signalfd: state.add(model.signalfds_[file.object].mask); break;
        case FileKind::regular: {
            const RegularFile& regular = model.regular_[file.object];
            state.add(regular.size_bytes, regular.position, regular.store);
            break;
        }
        }
    }

    void epoll(const Epoll& epoll) {
        state.add(epoll.waiters, epoll.woken);
        for (Index at = epoll.first_interest; at != k_none; at = model.watches_[at].next_interest) {
            const Watch& watch = model.watches_[at];
            state.add(watch.fd, files.of(watch.file), watch.events, watch.data, watch.process, watch.queued);
        }
        state.add(k_none);
        for (Index at = epoll.first_ready; at != k_none; at = model.watches_[at].next_ready) {
            state.add(model.watches_[at].fd, files.of(model.watches_[at].file));
        }
        state.add(k_none);
    }

    void pipe(const Pipe& pipe) {
        state.add(files.of(pipe.reader), files.of(pipe.writer), pipe.poll_usage, pipe.head - pipe.tail);
        for (std::uint32_t at = pipe.tail; at != pipe.head; ++at) {
            const Pipe::Buffer& buffer = pipe.buffers[at % k_pipe_buffers];
            state.add(buffer.offset, buffer.size_bytes);
        }
    }

    void messages(Index first) {
        for (Index at = first; at != k_none; at = model.messages_[at].next) {
            const Message& message = model.messages_[at];
            state.add(message.left_bytes, message.account_bytes, ports.of(message.port));
        }
        state.add(k_none);
    }

    // With the sockets that wait at it to be accepted.
    void unix_socket(Index index) {
        const UnixSocket& socket = model.unix_[index];
        state.add(unix_sockets.of(index), socket.kind, socket.state, socket.shutdown, socket.peer_dead,
                  socket.error, socket.receive_low_bytes, unix_sockets.of(socket.peer),
                  socket.sent_account_bytes, socket.name, socket.inherited_name, socket.pending,
                  socket.backlog);
        messages(socket.first_message);
        for (Index at = socket.first_pending; at != k_none; at = model.unix_[at].next_pending) {
            unix_socket(at);
        }
    }

    void tcp_socket(Index index) {
        const TcpSocket& socket = model.tcp_[index];
        state.add(tcp_sockets.of(index), socket.state, socket.connect_state, socket.urgent,
                  socket.urgent_byte, socket.shutdown, socket.done, socket.no_space, socket.linger_reset,
                  socket.bound, socket.port_asked, socket.wait_to_retry, socket.error,
                  socket.receive_low_bytes, tcp_sockets.of(socket.peer), ports.of(socket.port),
                  ports.of(socket.remote_port), socket.bytes.size_bytes, socket.pending, socket.backlog);
        if (socket.urgent != Urgent::none) state.add(socket.urgent_position - socket.copied);
        if (socket.wait_to_retry)
            state.add(socket.retry_at_ns - model.now_ns_, socket.retry_after_ns, socket.retries);
        for (Index at = socket.first_pending; at != k_none; at = model.tcp_[at].next_pending) {
            tcp_socket(at);
        }
    }

    void udp_socket(const UdpSocket& socket) {
        state.add(socket.connected, socket.shutdown, socket.error, ports.of(socket.port),
                  ports.of(socket.remote_port), socket.messages, socket.reader_messages, socket.held_bytes,
                  socket.owed_bytes);
        messages(socket.first_message);
    }

    void timerfd(const Timerfd& timer) {
        state.add(timer.interval_ns, timer.ticks, timer.expired);
        if (timer.expires_ns != 0) state.add(timer.expires_ns - model.now_ns_);
    }

    // What is to come by itself, in the order in which it comes; lists that some rule goes through in order.
    void lists() {
        for (const Hrtimer& timer : model.hrtimers_.armed()) {
            state.add(timer.owner,
                      timer.owner == HrtimerOwner::timerfd ? files.of(model.timerfds_[timer.object].file)
                                                           : timer.object,
                      timer.at_ns - model.now_ns_);
        }
        state.add(k_none);
        for (const Index file : model.held_) {
            state.add(files.of(file));
        }
        if (!model.held_.empty()) state.add(model.pressure_ends_ns_ - model.now_ns_);
        for (const Index file : model.signalfd_files_) {
            state.add(files.of(file));
        }
        state.add(model.now_ns_ % 1'000'000);
    }
};

void Model::describe(StateDigest& state) const {
    Description description{*this, state};
    description.processes();
    description.aio();
    description.everything_met();
    description.lists();
}

} // namespace edgecase::fake
