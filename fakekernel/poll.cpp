// The state of a file as its poll operation gives it: one switch on the kind. A poll by the kernel leaves
// traces (a pipe that was polled wakes more often, a TCP socket without room owes a wakeup, an epoll drops
// idle items); a peek by a caller of the model leaves none.
#include "fakekernel/model.hpp"

namespace edgecase::fake {
namespace {

constexpr std::uint32_t k_write_bits = k_epollout | k_epollwrnorm | k_epollwrband;
// DEFAULT_POLLMASK: of a file that has no poll operation.
constexpr std::uint32_t k_always = k_epollin | k_epollout | k_epollrdnorm | k_epollwrnorm;

} // namespace

std::uint32_t Model::poll_mask(Index file, Pid pid) {
    const File& description = files_[file];
    switch (description.kind) {
    case FileKind::unix_stream:
    case FileKind::unix_dgram:
    case FileKind::unix_seqpacket:
    case FileKind::udp:
    case FileKind::eventfd:
    case FileKind::timerfd:
    case FileKind::signalfd:
    case FileKind::standard:
    case FileKind::regular: break;
    case FileKind::epoll: return poll_epoll(description.object, pid);
    case FileKind::pipe_read:
    case FileKind::pipe_write: pipes_[description.object].poll_usage = true; break;
    case FileKind::tcp: {
        // tcp_poll() sets SOCK_NOSPACE when it finds no room (S-53).
        TcpSocket& socket = tcp_[description.object];
        const bool polls_room = socket.state != TcpState::listening && socket.state != TcpState::syn_sent &&
                                (socket.shutdown & k_send_shutdown) == 0;
        if (polls_room && (description.held_back || !tcp_writable(socket))) socket.no_space = true;
        break;
    }
    }
    return peek_mask(file, pid);
}

std::uint32_t Model::peek_mask(Index file, Pid pid) const {
    const File& description = files_[file];
    std::uint32_t mask = 0;
    switch (description.kind) {
    case FileKind::standard:
    case FileKind::regular: return k_always;
    case FileKind::epoll: return peek_ready(description.object, pid) ? k_epollin | k_epollrdnorm : 0;
    case FileKind::eventfd: mask = eventfds_[description.object].poll_mask(); break;
    case FileKind::pipe_read: mask = pipes_[description.object].read_mask(); break;
    case FileKind::pipe_write: mask = pipes_[description.object].write_mask(); break;
    case FileKind::unix_stream:
    case FileKind::unix_dgram:
    case FileKind::unix_seqpacket:
        mask = unix_[description.object].poll_mask(options_.unix_send_buffer);
        break;
    case FileKind::tcp: mask = tcp_mask(description.object); break;
    case FileKind::udp: mask = udp_[description.object].poll_mask(); break;
    case FileKind::timerfd: mask = timerfds_[description.object].poll_mask(); break;
    case FileKind::signalfd: mask = signalfd_mask(description.object, pid); break;
    }
    return description.held_back ? mask & ~k_write_bits : mask;
}

// Whether an epoll has an item that is really ready (S-7): ep_item_poll() over the ready list, dropping
// nothing. Nesting is bounded by k_ep_max_nests.
bool Model::peek_ready(Index epoll, Pid pid) const {
    for (Index watch = epolls_[epoll].first_ready; watch != k_none; watch = watches_[watch].next_ready) {
        if ((peek_mask(watches_[watch].file, pid) & watches_[watch].events) != 0) return true;
    }
    return false;
}

// do_poll(): a negative number is passed over, one that is not open is POLLNVAL.
SysResult Model::poll(Pid pid, int fd, std::uint32_t events) {
    if (fd < 0) return SysResult::ok(0);
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::ok(k_pollnval);
    return SysResult::ok(poll_mask(file, pid) & (events | k_epollerr | k_epollhup));
}

} // namespace edgecase::fake
