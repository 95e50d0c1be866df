// Unix sockets: pairs, transfer, shutdown and close (net/unix/af_unix.c).
#include <algorithm>

#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {
namespace {

// SKB_MAX_HEAD(0) and SKB_MAX_ALLOC: what fits into a linear buffer of one and of four pages beside its
// skb_shared_info of 320 bytes; UNIX_SKB_FRAGS_SZ.
constexpr std::uint32_t k_shared_info_bytes = 320;
constexpr std::uint32_t k_head_bytes = k_page_bytes - k_shared_info_bytes;
constexpr std::uint32_t k_max_alloc_bytes = 4 * k_page_bytes - k_shared_info_bytes;
constexpr std::uint32_t k_fragments_bytes = 32'768;
constexpr std::uint32_t k_max_fragments_bytes = 17 * k_page_bytes; // MAX_SKB_FRAGS

constexpr std::uint32_t page_align(std::uint32_t bytes) {
    return (bytes + k_page_bytes - 1) & ~(k_page_bytes - 1);
}

// truesize: the linear part's kmalloc bucket (512 at the least), the sk_buff of 256 bytes, whole pages for
// the rest. Measured with SIOCOUTQ for every size up to 80,000 (S-107).
constexpr std::uint32_t truesize(std::uint32_t size_bytes, std::uint32_t paged_bytes) {
    const std::uint32_t linear_bytes = ((size_bytes - paged_bytes + 63) & ~63U) + k_shared_info_bytes;
    std::uint32_t bucket_bytes = 512;
    while (bucket_bytes < linear_bytes)
        bucket_bytes *= 2;
    return bucket_bytes + 256 + page_align(paged_bytes);
}

// unix_stream_sendmsg() and unix_dgram_sendmsg(): how much of a message goes into pages.
constexpr std::uint32_t stream_account_bytes(std::uint32_t size) {
    if (size <= k_head_bytes) return truesize(size, 0);
    return truesize(size, std::min(size, page_align(size - k_head_bytes)));
}
constexpr std::uint32_t message_account_bytes(std::uint32_t size) {
    if (size <= k_max_alloc_bytes) return truesize(size, 0);
    return truesize(size, page_align(std::min(size - k_max_alloc_bytes, k_max_fragments_bytes)));
}

} // namespace

// __sock_create() and unix_create(): 0, or the errno. SOCK_RAW is SOCK_DGRAM here.
int Model::unix_kind_of(int type, FileKind& kind) {
    constexpr int k_sock_raw = 3;
    constexpr int k_sock_max = 11;
    switch (type) {
    case k_sock_stream: kind = FileKind::unix_stream; return 0;
    case k_sock_raw:
    case k_sock_dgram: kind = FileKind::unix_dgram; return 0;
    case k_sock_seqpacket: kind = FileKind::unix_seqpacket; return 0;
    default: return type >= 0 && type < k_sock_max ? k_esocktnosupport : k_einval;
    }
}

Index Model::new_unix(FileKind kind, UnixState state) {
    const Index socket = unix_.acquire();
    unix_[socket].kind = kind;
    unix_[socket].state = state;
    return socket;
}

void Model::join_unix(Index a, Index b) {
    unix_[a].peer = b;
    unix_[b].peer = a;
}

SysResult Model::socketpair(Pid pid, int type, int flags, int* fds) {
    return socketpair_between(pid, pid, type, flags, fds);
}

SysResult Model::socketpair_between(Pid a, Pid b, int type, int flags, int* fds) {
    if ((flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    int numbers[2] = {-1, -1};
    const SysResult reserved = reserve_two(a, b, numbers);
    if (reserved.failed()) return reserved;
    if (fds == nullptr) return SysResult::fail(k_efault);
    FileKind kind{};
    if (const int error = unix_kind_of(type, kind); error != 0) return SysResult::fail(error);
    const Index first = new_unix(kind, UnixState::established);
    const Index second = new_unix(kind, UnixState::established);
    join_unix(first, second);
    const int status_flags = k_o_rdwr | (flags & k_o_nonblock);
    const bool close_on_exec = (flags & k_o_cloexec) != 0;
    unix_[first].file = new_file(kind, first, status_flags);
    unix_[second].file = new_file(kind, second, status_flags);
    install_at(a, numbers[0], unix_[first].file, close_on_exec);
    install_at(b, numbers[1], unix_[second].file, close_on_exec);
    fds[0] = numbers[0];
    fds[1] = numbers[1];
    return SysResult::ok(0);
}

SysResult Model::send_unix(Index file, const void* bytes, std::size_t size, int flags) {
    const Index index = files_[file].object;
    UnixSocket& socket = unix_[index];
    if ((flags & k_msg_oob) != 0) return SysResult::fail(k_eopnotsupp); // urgent bytes of unix: not modelled
    if (socket.kind == FileKind::unix_stream) {
        if (socket.peer == k_none && !socket.peer_dead) return SysResult::fail(k_enotconn); // S-105
        return send_unix_stream(index, bytes, size);
    }
    if (socket.kind == FileKind::unix_seqpacket) { // unix_seqpacket_sendmsg()
        const int error = socket.error;
        socket.error = 0;
        if (error != 0) return SysResult::fail(error);
        if (socket.state != UnixState::established) return SysResult::fail(k_enotconn);
    }
    return send_unix_message(index, bytes, size);
}

// sock_alloc_send_pskb(): a pending error, then one's own shutdown, then the room for a further message.
SysResult Model::charge_unix(Index index) {
    UnixSocket& socket = unix_[index];
    if (socket.error != 0) {
        const int error = socket.error;
        socket.error = 0;
        return SysResult::fail(error);
    }
    if ((socket.shutdown & k_send_shutdown) != 0) return SysResult::fail(k_epipe);
    if (socket.sent_account_bytes >= options_.unix_send_buffer) return SysResult::fail(k_eagain);
    if (files_[socket.file].held_back) return SysResult::fail(k_eagain);
    return SysResult::ok(0);
}

// unix_stream_sendmsg(): cut into messages of at most half the buffer; what was moved counts more than what
// then went wrong.
SysResult Model::send_unix_stream(Index index, const void* bytes, std::size_t size) {
    if ((unix_[index].shutdown & k_send_shutdown) != 0) return SysResult::fail(k_epipe);
    const auto* from = static_cast<const unsigned char*>(bytes);
    const std::uint32_t most = std::min(options_.unix_send_buffer / 2 - 64, k_head_bytes + k_fragments_bytes);
    std::size_t sent = 0;
    while (sent < size) {
        SysResult room = charge_unix(index);
        const auto chunk = static_cast<std::uint32_t>(std::min<std::size_t>(size - sent, most));
        const std::uint32_t account_bytes = stream_account_bytes(chunk);
        if (!room.failed()) {
            const Index peer = unix_[index].peer;
            const bool deaf = peer == k_none || (unix_[peer].shutdown & k_rcv_shutdown) != 0;
            if (bytes == nullptr) {
                room = SysResult::fail(k_efault);
            } else if (deaf) {
                room = SysResult::fail(k_epipe);
            }
            // The buffer was charged for before this was found out: giving it back makes an edge, as
            // sock_wfree().
            if (room.failed()) unix_write_space(index, unix_[index].sent_account_bytes + 2);
        }
        if (room.failed()) return sent > 0 ? SysResult::ok(static_cast<std::int64_t>(sent)) : room;
        queue_unix(index, from + sent, chunk, account_bytes);
        sent += chunk;
    }
    return SysResult::ok(static_cast<std::int64_t>(sent));
}

// unix_dgram_sendmsg() to the connected peer: all or nothing.
SysResult Model::send_unix_message(Index index, const void* bytes, std::size_t size) {
    if (size > options_.unix_send_buffer - 32) return SysResult::fail(k_emsgsize);
    SysResult room = charge_unix(index);
    if (room.failed()) return room;
    UnixSocket& socket = unix_[index];
    if (bytes == nullptr && size > 0) {
        room = SysResult::fail(k_efault);
    } else if (socket.peer_dead) {
        if (socket.kind == FileKind::unix_seqpacket) {
            room = SysResult::fail(k_epipe);
        } else { // S-106: refused once, unconnected from then on; unix_dgram_disconnected() drops what had
                 // come
            socket.peer_dead = false;
            socket.state = UnixState::closed;
            bytes_.clear(socket.bytes);
            while (unix_[index].first_message != k_none)
                drop_message(index);
            room = SysResult::fail(k_econnrefused);
        }
    } else if (socket.peer == k_none) {
        room = SysResult::fail(k_enotconn);
    } else if ((unix_[socket.peer].shutdown & k_rcv_shutdown) != 0) {
        room = SysResult::fail(k_epipe);
    }
    if (room.failed()) {
        unix_write_space(index, unix_[index].sent_account_bytes + 2);
        return room;
    }
    queue_unix(index, bytes, size, message_account_bytes(static_cast<std::uint32_t>(size)));
    return SysResult::ok(static_cast<std::int64_t>(size));
}

// Behind what the peer has not read yet; each message is an IN edge there (S-51).
void Model::queue_unix(Index from, const void* bytes, std::size_t size, std::uint32_t account_bytes) {
    const Index message = messages_.acquire();
    messages_[message].left_bytes = static_cast<std::uint32_t>(size);
    messages_[message].account_bytes = account_bytes;
    unix_[from].sent_account_bytes += account_bytes;
    UnixSocket& peer = unix_[unix_[from].peer];
    if (peer.last_message == k_none) {
        peer.first_message = message;
    } else {
        messages_[peer.last_message].next = message;
    }
    peer.last_message = message;
    bytes_.append(peer.bytes, bytes, size);
    wake_up(peer.file, k_data_ready_key);
}

SysResult Model::recv_unix(Index file, void* buffer, std::size_t size, int flags) {
    const Index socket = files_[file].object;
    if ((flags & k_msg_oob) != 0) return SysResult::fail(k_eopnotsupp);
    if (unix_[socket].kind == FileKind::unix_stream) return recv_unix_stream(socket, buffer, size, flags);
    return recv_unix_message(socket, buffer, size, flags);
}

// unix_stream_read_generic(): message by message; one that is only partly read is charged for until it is
// gone (S-51). With nothing there: the error once, then the end, then EAGAIN.
SysResult Model::recv_unix_stream(Index index, void* buffer, std::size_t size, int flags) {
    if (unix_[index].state != UnixState::established && !unix_[index].peer_dead) {
        return SysResult::fail(k_einval); // S-105
    }
    if (unix_[index].first_message == k_none) {
        UnixSocket& socket = unix_[index];
        const int error = socket.error;
        socket.error = 0;
        if (error != 0) return SysResult::fail(error);
        if ((socket.shutdown & k_rcv_shutdown) != 0) return SysResult::ok(0);
        return SysResult::fail(k_eagain);
    }
    if (size == 0) return SysResult::ok(0);
    if (buffer == nullptr) return SysResult::fail(k_efault);
    const std::size_t taken = std::min<std::size_t>(size, unix_[index].bytes.size_bytes);
    // unix_stream_read_generic(): who wants more than there is (sock_rcvlowat()) meets the error behind it, and has bytes
    // to return; a peek ends before.
    const std::size_t wanted =
        (flags & k_msg_waitall) != 0 ? size : std::min<std::size_t>(size, unix_[index].receive_low_bytes);
    if ((flags & k_msg_peek) == 0 && taken < wanted) unix_[index].error = 0;
    if ((flags & k_msg_peek) != 0) return peek_unix_stream(index, buffer, size);
    bytes_.take(unix_[index].bytes, buffer, taken);
    std::size_t left = taken;
    while (left > 0) {
        Message& message = messages_[unix_[index].first_message];
        if (message.left_bytes > left) {
            message.left_bytes -= static_cast<std::uint32_t>(left);
            break;
        }
        left -= message.left_bytes;
        drop_message(index);
    }
    release_unix_sender(index);
    return SysResult::ok(static_cast<std::int64_t>(taken));
}

SysResult Model::peek_unix_stream(Index index, void* buffer, std::size_t size) const {
    const std::size_t taken = std::min<std::size_t>(size, unix_[index].bytes.size_bytes);
    bytes_.peek(unix_[index].bytes, 0, buffer, taken);
    return SysResult::ok(static_cast<std::int64_t>(taken));
}

// unix_dgram_recvmsg(): one message, what does not fit is lost.
SysResult Model::recv_unix_message(Index index, void* buffer, std::size_t size, int flags) {
    UnixSocket& socket = unix_[index];
    const bool sequenced = socket.kind == FileKind::unix_seqpacket;
    if (sequenced && socket.state != UnixState::established && !socket.peer_dead) {
        return SysResult::fail(k_enotconn);
    }
    if (socket.error != 0) {
        const int error = socket.error;
        socket.error = 0;
        return SysResult::fail(error);
    }
    if (socket.first_message == k_none) {
        const bool end = sequenced && (socket.shutdown & k_rcv_shutdown) != 0;
        return end ? SysResult::ok(0) : SysResult::fail(k_eagain);
    }
    const std::uint32_t whole = messages_[socket.first_message].left_bytes;
    const std::size_t taken = std::min<std::size_t>(size, whole);
    const bool copies = buffer != nullptr || taken == 0;
    const std::size_t answer = (flags & k_msg_trunc) != 0 ? whole : taken;
    if ((flags & k_msg_peek) != 0) {
        if (!copies) return SysResult::fail(k_efault);
        bytes_.peek(socket.bytes, 0, buffer, taken);
        return SysResult::ok(static_cast<std::int64_t>(answer));
    }
    bytes_.take(socket.bytes, copies ? buffer : nullptr, taken);
    bytes_.take(socket.bytes, nullptr, whole - taken);
    drop_message(index);
    release_unix_sender(index);
    return copies ? SysResult::ok(static_cast<std::int64_t>(answer)) : SysResult::fail(k_efault);
}

// Something was read: whoever was held back at the other end may write again.
void Model::release_unix_sender(Index receiver) {
    const Index sender = unix_[receiver].peer;
    if (sender == k_none || unix_[sender].file == k_none) return;
    if (files_[unix_[sender].file].held_back) release_writes(as_int(unix_[sender].file));
}

// The first message is gone, with its bytes: its sender is charged no longer, and hears of it if that leaves
// it writable (sock_wfree(); while that runs, the message still counts for one).
void Model::drop_message(Index receiver) {
    UnixSocket& socket = unix_[receiver];
    const Index gone = socket.first_message;
    const std::uint32_t account_bytes = messages_[gone].account_bytes;
    socket.first_message = messages_[gone].next;
    if (socket.first_message == k_none) socket.last_message = k_none;
    messages_.release(gone);
    const Index sender = socket.peer;
    if (sender == k_none) return;
    unix_[sender].sent_account_bytes -= account_bytes;
    unix_write_space(sender, unix_[sender].sent_account_bytes + 2);
}

// unix_write_space(): a wakeup whenever at most a quarter is in use, whether or not it was more before (S-51,
// S-107).
void Model::unix_write_space(Index index, std::uint64_t held_bytes) {
    const UnixSocket& socket = unix_[index];
    if (socket.writable(held_bytes, options_.unix_send_buffer)) wake_up(socket.file, k_write_space_key);
}

// unix_shutdown(): both ends hear of it, without a key (S-104). A datagram peer does not.
SysResult Model::shutdown_unix(Index index, std::uint8_t how) {
    UnixSocket& socket = unix_[index];
    socket.shutdown = static_cast<std::uint8_t>(socket.shutdown | how);
    wake_up(socket.file, k_no_key, WakeLimit::all);
    if (socket.peer == k_none || socket.kind == FileKind::unix_dgram) return SysResult::ok(0);
    UnixSocket& peer = unix_[socket.peer];
    std::uint8_t mirrored = 0;
    if ((how & k_rcv_shutdown) != 0) mirrored |= k_send_shutdown;
    if ((how & k_send_shutdown) != 0) mirrored |= k_rcv_shutdown;
    peer.shutdown = static_cast<std::uint8_t>(peer.shutdown | mirrored);
    wake_up(peer.file, k_no_key, WakeLimit::all);
    return SysResult::ok(0);
}

// An empty message at the head does not count: it is taken for the rest of an urgent byte.
bool Model::left_unread(const UnixSocket& socket) const {
    Index message = socket.first_message;
    if (message != k_none && messages_[message].left_bytes == 0) message = messages_[message].next;
    return message != k_none;
}

// unix_release_sock(): the peer is shut down in both directions, with ECONNRESET if something was left unread
// here or the connection was never accepted (S-103); then the receive queue goes, each message an edge at its
// sender.
void Model::release_unix(Index index, bool embryo) {
    const Index peer = unix_[index].peer;
    const FileKind kind = unix_[index].kind;
    unix_[index].state = UnixState::closed;
    unix_[index].file = k_none;
    if (peer != k_none) {
        UnixSocket& other = unix_[peer];
        if (other.file != k_none) files_[other.file].held_back = false;
        if (kind != FileKind::unix_dgram) {
            other.shutdown = k_both_shutdown;
            if (left_unread(unix_[index]) || embryo) other.error = k_econnreset;
            wake_up(other.file, k_no_key, WakeLimit::all);
        }
    }
    bytes_.clear(unix_[index].bytes);
    while (unix_[index].first_message != k_none)
        drop_message(index);
    while (unix_[index].first_pending != k_none) {
        const Index pending = unix_[index].first_pending;
        unix_[index].first_pending = unix_[pending].next_pending;
        release_unix(pending, true);
    }
    if (peer != k_none) {
        unix_[peer].peer = k_none;
        unix_[peer].peer_dead = true;
    }
    if (unix_[index].name != 0) bind_unix(index, 0);
    unix_.release(index);
}

} // namespace edgecase::fake
