// An established TCP connection: transfer, urgent bytes, FIN, RST, shutdown and close (net/ipv4/tcp.c,
// tcp_input.c). Segments arrive, and are acknowledged, inside the call that sends them.
#include <algorithm>

#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {
void Model::join_tcp(Index a, Index b) {
    tcp_[a].peer = b;
    tcp_[b].peer = a;
    for (const Index end : {a, b}) {
        tcp_[end].state = TcpState::established;
        tcp_[end].connect_state = ConnectState::connected;
    }
}

SysResult Model::tcp_pair_between(Pid a, Pid b, int flags, int* fds) {
    if ((flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    int numbers[2] = {-1, -1};
    const SysResult reserved = reserve_two(a, b, numbers);
    if (reserved.failed()) return reserved;
    if (fds == nullptr) return SysResult::fail(k_efault);
    const Index first = tcp_.acquire();
    const Index second = tcp_.acquire();
    join_tcp(first, second);
    const int status_flags = k_o_rdwr | (flags & k_o_nonblock);
    const bool close_on_exec = (flags & k_o_cloexec) != 0;
    tcp_[first].file = new_file(FileKind::tcp, first, status_flags);
    tcp_[second].file = new_file(FileKind::tcp, second, status_flags);
    install_at(a, numbers[0], tcp_[first].file, close_on_exec);
    install_at(b, numbers[1], tcp_[second].file, close_on_exec);
    fds[0] = numbers[0];
    fds[1] = numbers[1];
    return SysResult::ok(0);
}

// sk_stream_memory_free(): what may still be sent before the peer reads.
std::uint32_t Model::tcp_room(const TcpSocket& socket) const {
    if (socket.peer == k_none) return options_.tcp_buffer;
    const std::uint32_t used = tcp_[socket.peer].bytes.size_bytes;
    return used < options_.tcp_buffer ? options_.tcp_buffer - used : 0;
}

// sk_stream_is_writable(): the room is at least half of what is in use, a third of the whole (S-171); and
// there is some, which goes without saying for the sizes that Linux allows.
bool Model::tcp_writable(const TcpSocket& socket) const {
    const std::uint32_t room = tcp_room(socket);
    return room > 0 && room >= (options_.tcp_buffer - room) / 2;
}

// tcp_poll(); S-109 to S-126.
std::uint32_t Model::tcp_mask(Index index) const {
    const TcpSocket& socket = tcp_[index];
    if (socket.state == TcpState::listening) return socket.pending > 0 ? k_epollin | k_epollrdnorm : 0;
    std::uint32_t mask = 0;
    if (socket.shutdown == k_both_shutdown || socket.state == TcpState::closed) mask |= k_epollhup;
    if ((socket.shutdown & k_rcv_shutdown) != 0) mask |= k_epollin | k_epollrdnorm | k_epollrdhup;
    if (socket.state != TcpState::syn_sent) {
        // An urgent byte at the head does not count as readable (S-125).
        const bool at_urgent = socket.urgent != Urgent::none && socket.urgent_position == socket.copied;
        const std::uint64_t target = std::uint64_t{socket.receive_low_bytes} + (at_urgent ? 1 : 0);
        if (socket.readable(target, options_.tcp_buffer)) mask |= k_epollin | k_epollrdnorm;
        if ((socket.shutdown & k_send_shutdown) != 0 || tcp_writable(socket)) {
            mask |= k_epollout | k_epollwrnorm;
        }
        if (socket.urgent == Urgent::valid) mask |= k_epollpri;
    }
    if (socket.error != 0) mask |= k_epollerr;
    return mask;
}

// tcp_sendmsg_locked(): a part of the bytes if there is room for a part; hitting the limit makes a wakeup
// owed (S-53). A pending error is taken first, then EPIPE (S-116).
SysResult Model::send_tcp(Index file, const void* bytes, std::size_t size, int flags) {
    const Index index = files_[file].object;
    TcpSocket& socket = tcp_[index];
    const int error = socket.error;
    switch (socket.state) {
    case TcpState::established:
    case TcpState::close_wait: break;
    case TcpState::syn_sent: return SysResult::fail(k_eagain); // S-112
    case TcpState::closed:
    case TcpState::listening:
    case TcpState::fin_wait: // sk_stream_wait_connect() (S-109)
        socket.error = 0;
        return SysResult::fail(error != 0 ? error : k_epipe);
    }
    if (error != 0 || (socket.shutdown & k_send_shutdown) != 0) {
        socket.error = 0;
        return SysResult::fail(error != 0 ? error : k_epipe);
    }
    if (size == 0) return SysResult::ok(0);
    const std::size_t room = files_[file].held_back ? 0 : tcp_room(socket);
    if (room == 0) {
        socket.no_space = true;
        return SysResult::fail(k_eagain);
    }
    if (bytes == nullptr) return SysResult::fail(k_efault);
    const std::size_t moved = std::min(room, size);
    if (moved < size) socket.no_space = true;
    deliver_tcp(index, bytes, moved, (flags & k_msg_oob) != 0 && moved == size);
    return SysResult::ok(static_cast<std::int64_t>(moved));
}

// The segment at the receiver: tcp_rcv_state_process() and tcp_data_queue(). Nobody there, or somebody who
// shut down both directions: RST (S-115).
void Model::deliver_tcp(Index from, const void* bytes, std::size_t size, bool urgent) {
    const Index to = tcp_[from].peer;
    if (to == k_none) {
        reset_tcp(from);
        return;
    }
    // tcp_urg() comes before the look at the text, so an urgent byte arrives even where the text is refused.
    if (urgent) {
        const std::uint64_t behind = std::uint64_t{tcp_[to].bytes.size_bytes} + size - 1;
        note_urgent(to, static_cast<const unsigned char*>(bytes)[size - 1], behind);
    }
    if (tcp_[to].state == TcpState::fin_wait && (tcp_[to].shutdown & k_rcv_shutdown) != 0) {
        reset_tcp(to);
        reset_tcp(from);
        return;
    }
    bytes_.append(tcp_[to].bytes, bytes, size);
    tcp_data_ready(to); // S-52: every arrival, drained or not
}

// tcp_check_urg() and tcp_urg(): the byte so far behind what is read next is the urgent one. An earlier one that still
// waits at the head is dropped; elsewhere it becomes ordinary data.
void Model::note_urgent(Index index, unsigned char byte, std::uint64_t behind) {
    TcpSocket& socket = tcp_[index];
    const std::uint64_t position = socket.copied + behind;
    if (socket.urgent != Urgent::none && socket.urgent_position == socket.copied &&
        socket.bytes.size_bytes > 0) {
        bytes_.take(socket.bytes, nullptr, 1);
        ++socket.copied;
    }
    socket.urgent = Urgent::valid;
    socket.urgent_byte = byte;
    socket.urgent_position = position;
    wake_up(socket.file, k_data_ready_key);
}

// tcp_data_ready(): below SO_RCVLOWAT nobody is woken (S-126).
void Model::tcp_data_ready(Index index) {
    const TcpSocket& socket = tcp_[index];
    if (socket.readable(socket.receive_low_bytes, options_.tcp_buffer) || socket.done) {
        wake_up(socket.file, k_data_ready_key);
    }
}

// tcp_check_space() and sk_stream_write_space(): only if a wakeup is owed, and there is room enough (S-53).
void Model::tcp_check_space(Index index) {
    TcpSocket& socket = tcp_[index];
    if (socket.file != k_none && files_[socket.file].held_back) {
        socket.no_space = !tcp_writable(socket);
        release_writes(as_int(socket.file));
        return;
    }
    if (!socket.no_space || !tcp_writable(socket)) return;
    socket.no_space = false;
    wake_up(socket.file, k_write_space_key);
}

// tcp_recvmsg_locked(): stops before an urgent byte once something was read, and steps over it otherwise
// (S-125).
SysResult Model::recv_tcp(Index index, void* buffer, std::size_t size, int flags) {
    if (tcp_[index].state == TcpState::listening) return SysResult::fail(k_enotconn);
    if ((flags & k_msg_oob) != 0) return recv_urgent(index, buffer, size, flags);
    TcpSocket& socket = tcp_[index];
    if ((flags & k_msg_peek) != 0 && socket.bytes.size_bytes > 0) return peek_tcp(index, buffer, size, flags);
    const std::uint32_t before = socket.bytes.size_bytes;
    std::size_t limit = before;
    if (socket.urgent != Urgent::none && before > 0 && size > 0) {
        if (socket.urgent_position == socket.copied) {
            bytes_.take(socket.bytes, nullptr, 1);
            ++socket.copied;
            socket.urgent = Urgent::none;
            limit = socket.bytes.size_bytes;
        } else if (socket.urgent_position > socket.copied) {
            limit = std::min<std::size_t>(limit, socket.urgent_position - socket.copied);
        }
    }
    if (limit == 0) {
        const bool stepped = before > 0;
        const SysResult nothing = recv_nothing(index);
        if (stepped && tcp_[index].peer != k_none) tcp_check_space(tcp_[index].peer);
        return nothing;
    }
    if (size == 0) return SysResult::ok(0);
    const bool copies = (flags & k_msg_trunc) == 0; // else what is taken is thrown away (tcp(7))
    if (copies && buffer == nullptr) return SysResult::fail(k_efault); // S-127: the data stay
    const std::size_t taken = std::min(size, limit);
    bytes_.take(socket.bytes, copies ? buffer : nullptr, taken);
    socket.copied += taken;
    if (socket.urgent != Urgent::none && socket.copied > socket.urgent_position) socket.urgent = Urgent::none;
    if (socket.peer != k_none) tcp_check_space(socket.peer);
    return SysResult::ok(static_cast<std::int64_t>(taken));
}

// With nothing to copy: after a FIN the end, before an error; then the error, once (S-115, S-116).
SysResult Model::recv_nothing(Index index) {
    TcpSocket& socket = tcp_[index];
    if (socket.done) return SysResult::ok(0);
    if (socket.error != 0) {
        const int error = socket.error;
        socket.error = 0;
        return SysResult::fail(error);
    }
    if ((socket.shutdown & k_rcv_shutdown) != 0) return SysResult::ok(0);
    if (socket.state == TcpState::closed) return SysResult::fail(k_enotconn); // S-109
    return SysResult::fail(k_eagain);
}

SysResult Model::peek_tcp(Index index, void* buffer, std::size_t size, int flags) {
    const TcpSocket& socket = tcp_[index];
    std::size_t offset = 0;
    std::size_t limit = socket.bytes.size_bytes;
    if (socket.urgent != Urgent::none && socket.urgent_position >= socket.copied) {
        const std::size_t urgent_at = socket.urgent_position - socket.copied;
        if (urgent_at == 0) {
            offset = 1;
            --limit;
        } else {
            limit = std::min(limit, urgent_at);
        }
    }
    const std::size_t taken = std::min(size, limit);
    if (size == 0) return SysResult::ok(0);
    if (taken == 0) return recv_nothing(index);
    if ((flags & k_msg_trunc) != 0) return SysResult::ok(static_cast<std::int64_t>(taken));
    if (buffer == nullptr) return SysResult::fail(k_efault);
    bytes_.peek(socket.bytes, offset, buffer, taken);
    return SysResult::ok(static_cast<std::int64_t>(taken));
}

// tcp_recv_urg().
SysResult Model::recv_urgent(Index index, void* buffer, std::size_t size, int flags) {
    TcpSocket& socket = tcp_[index];
    if (socket.urgent != Urgent::valid) return SysResult::fail(k_einval);
    if (socket.state == TcpState::closed && !socket.done) return SysResult::fail(k_enotconn);
    if ((flags & k_msg_peek) == 0) socket.urgent = Urgent::read;
    if (size == 0) return SysResult::ok(0);
    if ((flags & k_msg_trunc) != 0) return SysResult::ok(1);
    if (buffer == nullptr) return SysResult::fail(k_efault);
    *static_cast<unsigned char*>(buffer) = socket.urgent_byte;
    return SysResult::ok(1);
}

void Model::tcp_state_change(Index index) {
    wake_up(tcp_[index].file, k_no_key, WakeLimit::all);
}

// tcp_reset(): a RST has come. What it means depends on whether the FIN was seen first (S-113, S-115, S-116).
void Model::reset_tcp(Index index) {
    switch (tcp_[index].state) {
    case TcpState::syn_sent: finish_tcp(index, k_econnrefused); break;
    case TcpState::close_wait: finish_tcp(index, k_epipe); break;
    case TcpState::established:
    case TcpState::fin_wait: finish_tcp(index, k_econnreset); break;
    case TcpState::closed:
    case TcpState::listening: break;
    }
}

// tcp_done_with_error() and tcp_done(): what was received stays readable (S-117).
void Model::finish_tcp(Index index, int error) {
    TcpSocket& socket = tcp_[index];
    remove_retry(index);
    const Index peer = socket.peer;
    socket.peer = k_none;
    if (peer != k_none) tcp_[peer].peer = k_none;
    if (error != 0) socket.error = error;
    socket.state = TcpState::closed;
    socket.shutdown = k_both_shutdown;
    socket.no_space = false;
    if (socket.file != k_none) files_[socket.file].held_back = false;
    if (!socket.port_asked) drop_port(index);
    tcp_state_change(index);
    if (error != 0) wake_up(socket.file, k_error_key);
}

// tcp_close_state() and tcp_send_fin(): the FIN is acknowledged at once, so the states in which Linux waits
// for that do not last (S-119).
void Model::send_fin(Index index) {
    const Index peer = tcp_[index].peer;
    switch (tcp_[index].state) {
    case TcpState::established:
        tcp_[index].state = TcpState::fin_wait;
        tcp_[index].shutdown = static_cast<std::uint8_t>(tcp_[index].shutdown | k_send_shutdown);
        if (peer != k_none) receive_fin(peer);
        tcp_state_change(index);
        break;
    case TcpState::close_wait: // LAST_ACK, and done
        if (peer != k_none) receive_fin(peer);
        finish_tcp(index, 0);
        break;
    case TcpState::syn_sent: finish_tcp(index, 0); break;
    case TcpState::closed:
    case TcpState::listening:
    case TcpState::fin_wait: break;
    }
}

// tcp_fin(): in FIN_WAIT it is the second one, and the connection is over (TIME_WAIT holds no socket).
void Model::receive_fin(Index index) {
    TcpSocket& socket = tcp_[index];
    socket.shutdown = static_cast<std::uint8_t>(socket.shutdown | k_rcv_shutdown);
    socket.done = true;
    if (socket.state == TcpState::fin_wait) {
        finish_tcp(index, 0);
        return;
    }
    socket.state = TcpState::close_wait;
    tcp_state_change(index);
}

// tcp_disconnect(): back to a socket that was never connected, but for the error (S-112, S-124).
void Model::disconnect_tcp(Index index) {
    TcpSocket& socket = tcp_[index];
    const TcpState old_state = socket.state;
    const Index peer = socket.peer;
    socket.peer = k_none;
    switch (old_state) {
    case TcpState::listening: stop_listening(index); break;
    case TcpState::established:
    case TcpState::close_wait:
    case TcpState::fin_wait:
        socket.error = k_econnreset;
        if (peer != k_none) {
            tcp_[peer].peer = k_none;
            reset_tcp(peer);
        }
        break;
    case TcpState::syn_sent:
        remove_retry(index);
        socket.error = k_econnreset;
        break;
    case TcpState::closed: break;
    }
    bytes_.clear(tcp_[index].bytes);
    TcpSocket& fresh = tcp_[index];
    fresh.state = TcpState::closed;
    fresh.shutdown = 0;
    fresh.done = false;
    fresh.urgent = Urgent::none;
    fresh.no_space = false;
    fresh.copied = 0;
    if (!fresh.port_asked) drop_port(index);
    wake_up(fresh.file, k_error_key); // sk_error_report(), error or not
}

// inet_shutdown(); one's own waiters hear of it too (S-56).
SysResult Model::shutdown_tcp(Index index, std::uint8_t how) {
    SysResult result = SysResult::ok(0);
    TcpSocket& socket = tcp_[index];
    if (socket.connect_state == ConnectState::connecting) {
        const bool undecided = socket.state == TcpState::syn_sent || socket.state == TcpState::closed;
        socket.connect_state = undecided ? ConnectState::disconnecting : ConnectState::connected;
    }
    switch (socket.state) {
    case TcpState::listening:
        if ((how & k_rcv_shutdown) == 0) break;
        [[fallthrough]];
    case TcpState::syn_sent:
        disconnect_tcp(index);
        tcp_[index].connect_state = ConnectState::unconnected;
        break;
    case TcpState::closed:
        result = SysResult::fail(k_enotconn);
        socket.shutdown = static_cast<std::uint8_t>(socket.shutdown | how);
        break;
    case TcpState::established:
    case TcpState::close_wait:
    case TcpState::fin_wait:
        socket.shutdown = static_cast<std::uint8_t>(socket.shutdown | how);
        if ((how & k_send_shutdown) != 0) send_fin(index);
        break;
    }
    tcp_state_change(index);
    return result;
}

// tcp_close(): a RST if something was left unread or SO_LINGER says so, else a FIN (S-118). The peer goes on
// with nobody at the other end; Linux keeps an orphan there that answers data with a RST just the same.
void Model::release_tcp(Index index) {
    TcpSocket& socket = tcp_[index];
    const bool unread = socket.bytes.size_bytes > 0;
    socket.file = k_none;
    socket.shutdown = k_both_shutdown;
    switch (socket.state) {
    case TcpState::listening: stop_listening(index); break;
    case TcpState::syn_sent: break;
    case TcpState::closed: break;
    case TcpState::established:
    case TcpState::close_wait:
    case TcpState::fin_wait: {
        const Index peer = socket.peer;
        if (peer != k_none && tcp_[peer].file != k_none) release_writes(as_int(tcp_[peer].file));
        if (unread || socket.linger_reset) {
            socket.peer = k_none;
            if (peer != k_none) {
                tcp_[peer].peer = k_none;
                reset_tcp(peer);
            }
        } else {
            send_fin(index);
        }
        break;
    }
    }
    free_tcp(index);
}

void Model::free_tcp(Index index) {
    const Index peer = tcp_[index].peer;
    if (peer != k_none) tcp_[peer].peer = k_none;
    remove_retry(index);
    drop_port(index);
    bytes_.clear(tcp_[index].bytes);
    tcp_.release(index);
}

} // namespace edgecase::fake
