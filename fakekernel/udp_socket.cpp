// UDP: ports, datagrams, and the ICMP messages that come back (net/ipv4/udp.c, datagram.c). One loopback address.
#include "fakekernel/udp_socket.hpp"

#include <algorithm>

#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {
namespace {

constexpr std::size_t k_max_datagram_bytes = 65'507; // 65,535 less the headers of IP and UDP
constexpr std::uint16_t k_first_ephemeral_port = 32'768;
constexpr std::uint16_t k_last_ephemeral_port = 60'999;

// truesize of a datagram on the loopback: headers of 59 bytes and an skb_shared_info of 320 beside it, in a buffer of
// 576 if they fit and else of a power of two, and the sk_buff of 256. Measured by filling a queue of 212,992 bytes.
std::uint32_t truesize(std::size_t size) {
    constexpr std::uint32_t k_small_head_bytes = 576;
    const auto bytes = static_cast<std::uint32_t>((size + 59 + 63) & ~std::size_t{63}) + 320;
    std::uint32_t bucket_bytes = k_small_head_bytes;
    if (bytes > k_small_head_bytes) {
        for (bucket_bytes = 1024; bucket_bytes < bytes;)
            bucket_bytes *= 2;
    }
    return bucket_bytes + 256;
}

} // namespace

SysResult Model::udp_pair_between(Pid a, Pid b, int flags, int* fds) {
    if ((flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    int numbers[2] = {-1, -1};
    const SysResult reserved = reserve_two(a, b, numbers);
    if (reserved.failed()) return reserved;
    if (fds == nullptr) return SysResult::fail(k_efault);
    const Index ends[2] = {udp_.acquire(), udp_.acquire()};
    for (int i = 0; i < 2; ++i) {
        udp_[ends[i]].file = new_file(FileKind::udp, ends[i], k_o_rdwr | (flags & k_o_nonblock));
        install_at(i == 0 ? a : b, numbers[i], udp_[ends[i]].file, (flags & k_o_cloexec) != 0);
        bind_udp(ends[i], 0);
        fds[i] = numbers[i];
    }
    connect_udp(ends[0], udp_[ends[1]].port);
    connect_udp(ends[1], udp_[ends[0]].port);
    return SysResult::ok(0);
}

Index Model::find_udp_port(std::uint16_t port) const {
    Index socket = first_udp_port_;
    while (socket != k_none && udp_[socket].port != port)
        socket = udp_[socket].next_port;
    return socket;
}

// udp_lib_get_port(): 0 is for whichever is free.
SysResult Model::bind_udp(Index index, std::uint16_t port) {
    if (udp_[index].port != 0) return SysResult::fail(k_einval);
    if (port != 0 && find_udp_port(port) != k_none) return SysResult::fail(k_eaddrinuse);
    while (port == 0) {
        if (find_udp_port(next_udp_port_) == k_none) port = next_udp_port_;
        next_udp_port_ = next_udp_port_ == k_last_ephemeral_port
                             ? k_first_ephemeral_port
                             : static_cast<std::uint16_t>(next_udp_port_ + 1);
    }
    udp_[index].port = port;
    udp_[index].next_port = first_udp_port_;
    first_udp_port_ = index;
    return SysResult::ok(0);
}

// inet_dgram_connect(): may be done again; what has come already stays.
SysResult Model::connect_udp(Index index, std::uint16_t port) {
    if (udp_[index].port == 0) bind_udp(index, 0);
    udp_[index].connected = true;
    udp_[index].remote_port = port;
    return SysResult::ok(0);
}

// inet_send_prepare() gives a port, whatever comes of the send. udp_sendmsg(): the size, the address, then what sock_alloc_send_pskb() looks at: a pending error, which is
// thereby taken, and one's own shutdown. The loopback lets go of the datagram before it is delivered
// (loopback_xmit(), skb_orphan()), so every send is an OUT edge of its own.
SysResult Model::send_udp(Index file, const void* bytes, std::size_t size, int flags, std::uint16_t port) {
    const Index index = files_[file].object;
    UdpSocket& socket = udp_[index];
    if (socket.port == 0) bind_udp(index, 0);
    if (size > 0xffff) return SysResult::fail(k_emsgsize);
    if ((flags & k_msg_oob) != 0) return SysResult::fail(k_eopnotsupp);
    if (port == 0 && !socket.connected) return SysResult::fail(k_edestaddrreq);
    if (size > k_max_datagram_bytes) return SysResult::fail(k_emsgsize);
    if (socket.error != 0) {
        const int error = socket.error;
        socket.error = 0;
        return SysResult::fail(error);
    }
    if ((socket.shutdown & k_send_shutdown) != 0) return SysResult::fail(k_epipe);
    if (files_[file].held_back) return SysResult::fail(k_eagain);
    wake_up(file, k_write_space_key);
    if (bytes == nullptr && size > 0) return SysResult::fail(k_efault); // its buffer was let go of, too
    deliver_udp(index, bytes, size, port != 0 ? port : socket.remote_port);
    return SysResult::ok(static_cast<std::int64_t>(size));
}

// __udp4_lib_rcv(): to whoever has the port, unless it is connected to somebody else; to nobody, and an ICMP message
// comes back, which a sender hears of that is connected to that port (__udp4_lib_err()). A full queue loses
// the datagram without a word (__udp_enqueue_schedule_skb()), but one datagram fits always.
void Model::deliver_udp(Index from, const void* bytes, std::size_t size, std::uint16_t port) {
    const Index to = find_udp_port(port);
    if (to == k_none || (udp_[to].connected && udp_[to].remote_port != udp_[from].port)) {
        if (udp_[from].connected && udp_[from].remote_port == port) refuse_udp(from);
        return;
    }
    UdpSocket& socket = udp_[to];
    const std::uint32_t account_bytes = truesize(size);
    if (socket.held_bytes != 0 && socket.held_bytes + account_bytes > options_.udp_receive_buffer) return;
    const Index message = messages_.acquire();
    messages_[message].left_bytes = static_cast<std::uint32_t>(size);
    messages_[message].account_bytes = account_bytes;
    messages_[message].port = udp_[from].port;
    if (socket.last_message == k_none) {
        socket.first_message = message;
    } else {
        messages_[socket.last_message].next = message;
    }
    socket.last_message = message;
    ++socket.messages;
    socket.held_bytes += account_bytes;
    bytes_.append(socket.bytes, bytes, size);
    wake_up(socket.file, k_data_ready_key); // every arrival, drained or not
}

// ICMP_PORT_UNREACH (S-132).
void Model::refuse_udp(Index socket) {
    udp_[socket].error = k_econnrefused;
    wake_up(udp_[socket].file, k_error_key);
}

void Model::icmp_port_unreachable(int file) {
    refuse_udp(files_[index(file)].object);
}

// __skb_recv_udp() and udp_recvmsg(): a pending error comes before what is in the queue; a datagram is taken
// whole, and what does not fit is lost (S-132). A copy that fails loses it too. After shutdown there is no
// end of file: a socket without data answers EAGAIN all the same.
SysResult Model::recv_udp(Index index, void* buffer, std::size_t size, int flags, std::uint16_t* from) {
    UdpSocket& socket = udp_[index];
    if (socket.error != 0) {
        const int error = socket.error;
        socket.error = 0;
        return SysResult::fail(error);
    }
    if (socket.first_message == k_none) return SysResult::fail(k_eagain);
    const Message& message = messages_[socket.first_message];
    const std::uint32_t whole = message.left_bytes;
    const std::size_t taken = std::min<std::size_t>(size, whole);
    const bool copies = buffer != nullptr || taken == 0;
    const std::size_t answer = (flags & k_msg_trunc) != 0 ? whole : taken;
    if (from != nullptr) *from = message.port;
    if (copies && taken > 0) bytes_.peek(socket.bytes, 0, buffer, taken);
    if ((flags & k_msg_peek) == 0) drop_datagram(index);
    return copies ? SysResult::ok(static_cast<std::int64_t>(answer)) : SysResult::fail(k_efault);
}

// udp_rmem_release(): the memory of what was read is given back once it is a quarter of the buffer, or when the
// reader has nothing left.
void Model::drop_datagram(Index index) {
    UdpSocket& socket = udp_[index];
    if (socket.reader_messages == 0) socket.reader_messages = socket.messages;
    const Index gone = socket.first_message;
    bytes_.take(socket.bytes, nullptr, messages_[gone].left_bytes);
    socket.owed_bytes += messages_[gone].account_bytes;
    socket.first_message = messages_[gone].next;
    if (socket.first_message == k_none) socket.last_message = k_none;
    messages_.release(gone);
    --socket.messages;
    --socket.reader_messages;
    if (socket.owed_bytes >= options_.udp_receive_buffer / 4 || socket.reader_messages == 0) {
        socket.held_bytes -= socket.owed_bytes;
        socket.owed_bytes = 0;
    }
}

// inet_shutdown(): one's own waiters hear of it, also where the answer is ENOTCONN; the other end never does.
SysResult Model::shutdown_udp(Index index, std::uint8_t how) {
    UdpSocket& socket = udp_[index];
    socket.shutdown = static_cast<std::uint8_t>(socket.shutdown | how);
    wake_up(socket.file, k_no_key, WakeLimit::all);
    return socket.connected ? SysResult::ok(0) : SysResult::fail(k_enotconn);
}

void Model::release_udp(Index index) {
    Index* link = &first_udp_port_;
    while (*link != k_none && *link != index)
        link = &udp_[*link].next_port;
    if (*link == index) *link = udp_[index].next_port;
    while (udp_[index].first_message != k_none)
        drop_datagram(index);
    bytes_.clear(udp_[index].bytes);
    udp_.release(index);
}

} // namespace edgecase::fake
