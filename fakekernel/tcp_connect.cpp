// How TCP connections begin: ports, listeners, the handshake, SYNs sent again, accept (net/ipv4/af_inet.c,
// inet_connection_sock.c, tcp_timer.c). One loopback address; ports are free again as soon as nobody listens
// on them, as with SO_REUSEADDR.
#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {
namespace {

constexpr std::uint64_t k_second_ns = 1'000'000'000;
// net.ipv4.tcp_syn_linear_timeouts and tcp_syn_retries, as they are by default: after a second each the first
// ones, then with doubled pauses (tcp_retransmit_timer()).
constexpr std::uint32_t k_syn_linear_timeouts = 4;
constexpr std::uint32_t k_syn_retries = 6;
constexpr std::uint16_t k_first_ephemeral_port = 32'768;
constexpr std::uint16_t k_last_ephemeral_port = 60'999;

} // namespace

Index Model::find_port(std::uint16_t port, TcpState state) const {
    Index socket = first_port_;
    while (socket != k_none && (tcp_[socket].port != port || tcp_[socket].state != state)) {
        socket = tcp_[socket].next_port;
    }
    return socket;
}

void Model::take_port(Index index, std::uint16_t port) {
    TcpSocket& socket = tcp_[index];
    socket.port = port;
    socket.chained = true;
    socket.previous_port = k_none;
    socket.next_port = first_port_;
    if (first_port_ != k_none) tcp_[first_port_].previous_port = index;
    first_port_ = index;
}

void Model::drop_port(Index index) {
    TcpSocket& socket = tcp_[index];
    if (!socket.chained) return;
    if (socket.previous_port != k_none) {
        tcp_[socket.previous_port].next_port = socket.next_port;
    } else {
        first_port_ = socket.next_port;
    }
    if (socket.next_port != k_none) tcp_[socket.next_port].previous_port = socket.previous_port;
    socket.bound = false;
    socket.chained = false; // the number stays in `port`: getsockname() goes on giving it, as inet_sport
}

// The next one that nobody has; the range is large beside the number of sockets.
std::uint16_t Model::ephemeral_port() {
    std::uint16_t port = next_ephemeral_port_;
    for (Index socket = first_port_; socket != k_none;) {
        if (tcp_[socket].port == port) {
            port =
                port == k_last_ephemeral_port ? k_first_ephemeral_port : static_cast<std::uint16_t>(port + 1);
            socket = first_port_;
        } else {
            socket = tcp_[socket].next_port;
        }
    }
    next_ephemeral_port_ =
        port == k_last_ephemeral_port ? k_first_ephemeral_port : static_cast<std::uint16_t>(port + 1);
    return port;
}

// inet_bind(); S-131.
SysResult Model::bind_tcp(Index index, std::uint16_t port) {
    if (tcp_[index].state != TcpState::closed || tcp_[index].chained) return SysResult::fail(k_einval);
    for (Index other = first_port_; other != k_none && port != 0; other = tcp_[other].next_port) {
        if (tcp_[other].port == port && tcp_[other].bound) return SysResult::fail(k_eaddrinuse);
    }
    take_port(index, port != 0 ? port : ephemeral_port());
    tcp_[index].bound = true;
    tcp_[index].port_asked = port != 0;
    return SysResult::ok(0);
}

// inet_listen(); listening again changes the backlog only.
SysResult Model::listen_tcp(Index index, int backlog) {
    TcpSocket& socket = tcp_[index];
    if (socket.connect_state != ConnectState::unconnected) return SysResult::fail(k_einval);
    if (socket.state != TcpState::closed && socket.state != TcpState::listening)
        return SysResult::fail(k_einval);
    constexpr std::uint32_t k_somaxconn = 4096;
    const auto wanted = static_cast<std::uint32_t>(backlog);
    socket.backlog = wanted > k_somaxconn ? k_somaxconn : wanted;
    if (!socket.chained) {
        take_port(index, ephemeral_port());
        tcp_[index].bound = true;
    }
    tcp_[index].state = TcpState::listening;
    return SysResult::ok(0);
}

// inet_csk_listen_stop(): connections that nobody accepted are reset (S-123).
void Model::stop_listening(Index index) {
    while (tcp_[index].first_pending != k_none) {
        const Index child = tcp_[index].first_pending;
        tcp_[index].first_pending = tcp_[child].next_pending;
        const Index peer = tcp_[child].peer;
        if (peer != k_none) {
            tcp_[child].peer = k_none;
            tcp_[peer].peer = k_none;
            reset_tcp(peer);
        }
        free_tcp(child);
    }
    tcp_[index].last_pending = k_none;
    tcp_[index].pending = 0;
    tcp_[index].state = TcpState::closed;
}

// inet_csk_accept(): in the order of connection, whatever became of the connection meanwhile (S-120, S-122).
SysResult Model::accept_tcp(Pid pid, int number, Index listener, int flags) {
    TcpSocket& queue = tcp_[listener];
    if (queue.state != TcpState::listening) return SysResult::fail(k_einval);
    if (queue.first_pending == k_none) return SysResult::fail(k_eagain);
    const Index child = queue.first_pending;
    queue.first_pending = tcp_[child].next_pending;
    if (queue.first_pending == k_none) queue.last_pending = k_none;
    --queue.pending;
    tcp_[child].next_pending = k_none;
    const Index file = new_file(FileKind::tcp, child, k_o_rdwr | (flags & k_o_nonblock));
    tcp_[child].file = file;
    install_at(pid, number, file, (flags & k_o_cloexec) != 0);
    return SysResult::ok(number);
}

// __inet_stream_connect(). On a non-blocking socket the handshake runs once the answer is settled, so that
// the answer is EINPROGRESS although the connection stands on return (S-111). A blocking one would sleep only
// where the SYN was dropped.
SysResult Model::connect_tcp(Index file, std::uint16_t port) {
    const Index index = files_[file].object;
    int error = 0;
    switch (tcp_[index].connect_state) {
    case ConnectState::connected: return SysResult::fail(k_eisconn);
    case ConnectState::disconnecting: return SysResult::fail(k_einval);
    case ConnectState::connecting: error = k_ealready; break;
    case ConnectState::unconnected:
        if (tcp_[index].state != TcpState::closed) return SysResult::fail(k_eisconn);
        if (!tcp_[index].chained) {
            const std::uint16_t own = ephemeral_port();
            take_port(index, own);
        }
        tcp_[index].connect_state = ConnectState::connecting;
        tcp_[index].state = TcpState::syn_sent;
        tcp_[index].remote_port = port;
        tcp_[index].error = 0; // tcp_connect_init()
        tcp_[index].done = false;
        tcp_[index].retries = 0;
        tcp_[index].retry_after_ns = k_second_ns;
        send_syn(index);
        if (files_[file].nonblocking()) return SysResult::fail(k_einprogress);
        error = k_eagain;
        break;
    }
    if (tcp_[index].state == TcpState::syn_sent) return SysResult::fail(error); // S-112
    if (tcp_[index].state == TcpState::closed) {                                // S-113
        error = tcp_[index].error != 0 ? tcp_[index].error : k_econnaborted;
        tcp_[index].error = 0;
        tcp_[index].connect_state = ConnectState::unconnected;
        disconnect_tcp(index);
        return SysResult::fail(error);
    }
    tcp_[index].connect_state = ConnectState::connected;
    return SysResult::ok(0);
}

// The SYN and what comes of it: nobody listens: RST; the queue is full: dropped, to be sent again; else the
// connection stands, the client hearing of it before the listener (tcp_finish_connect(),
// tcp_child_process()).
void Model::send_syn(Index client) {
    const Index listener = find_port(tcp_[client].remote_port, TcpState::listening);
    if (listener == k_none) {
        reset_tcp(client);
        return;
    }
    if (tcp_[listener].pending > tcp_[listener].backlog) { // sk_acceptq_is_full(): B + 1 fit (S-123)
        tcp_[client].retry_at_ns = now_ns_ + tcp_[client].retry_after_ns;
        add_retry(client);
        return;
    }
    remove_retry(client);
    const ConnectState asked = tcp_[client].connect_state;
    const Index child = tcp_.acquire();
    join_tcp(client, child);
    tcp_[client].connect_state = asked; // until connect is called again
    tcp_[child].linger_reset =
        tcp_[listener].linger_reset; // options are inherited, O_NONBLOCK is not (S-120)
    tcp_[child].receive_low_bytes = tcp_[listener].receive_low_bytes;
    tcp_[child].port = tcp_[client].remote_port;
    tcp_[child].remote_port = tcp_[client].port;
    TcpSocket& queue = tcp_[listener];
    if (queue.first_pending == k_none) {
        queue.first_pending = child;
    } else {
        tcp_[queue.last_pending].next_pending = child;
    }
    queue.last_pending = child;
    ++queue.pending;
    tcp_state_change(client);
    wake_up(tcp_[listener].file, k_data_ready_key); // S-57
}

void Model::add_retry(Index index) {
    if (tcp_[index].wait_to_retry) return;
    tcp_[index].wait_to_retry = true;
    tcp_[index].next_retry = k_none;
    Index* link = &first_retry_;
    while (*link != k_none)
        link = &tcp_[*link].next_retry;
    *link = index;
}

void Model::remove_retry(Index index) {
    if (!tcp_[index].wait_to_retry) return;
    Index* link = &first_retry_;
    while (*link != index)
        link = &tcp_[*link].next_retry;
    *link = tcp_[index].next_retry;
    tcp_[index].wait_to_retry = false;
}

// The socket whose SYN is due first; of several, the one that began to wait first.
Index Model::next_retry() const {
    Index first = first_retry_;
    for (Index socket = first_retry_; socket != k_none; socket = tcp_[socket].next_retry) {
        if (tcp_[socket].retry_at_ns < tcp_[first].retry_at_ns) first = socket;
    }
    return first;
}

// tcp_retransmit_timer() and tcp_write_timeout() in SYN_SENT.
void Model::retry_syn(Index index) {
    if (tcp_[index].retries >= k_syn_retries + k_syn_linear_timeouts) {
        finish_tcp(index, k_etimedout);
        return;
    }
    ++tcp_[index].retries;
    if (tcp_[index].retries > k_syn_linear_timeouts) tcp_[index].retry_after_ns *= 2;
    send_syn(index);
}

} // namespace edgecase::fake
