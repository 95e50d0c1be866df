// Unix sockets by name: bind, listen, connect, accept (net/unix/af_unix.c). Names are numbers here, as good
// as the abstract namespace.
#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {

// unix_abstract_hash(): each type of socket has names of its own.
Index Model::find_unix_name(FileKind kind, std::uint32_t name) const {
    Index socket = first_unix_bound_;
    while (socket != k_none && (unix_[socket].name != name || unix_[socket].kind != kind)) {
        socket = unix_[socket].next_bound;
    }
    return socket;
}

// unix_bind(); name 0 gives the name back.
SysResult Model::bind_unix(Index socket, std::uint32_t name) {
    if (name == 0) {
        Index* link = &first_unix_bound_;
        while (*link != socket)
            link = &unix_[*link].next_bound;
        *link = unix_[socket].next_bound;
        unix_[socket].name = 0;
        return SysResult::ok(0);
    }
    if (unix_[socket].name != 0 || unix_[socket].inherited_name != 0) return SysResult::fail(k_einval);
    if (find_unix_name(unix_[socket].kind, name) != k_none) return SysResult::fail(k_eaddrinuse);
    unix_[socket].name = name;
    unix_[socket].next_bound = first_unix_bound_;
    first_unix_bound_ = socket;
    return SysResult::ok(0);
}

// unix_listen().
SysResult Model::listen_unix(Index index, int backlog) {
    UnixSocket& socket = unix_[index];
    if (socket.kind == FileKind::unix_dgram) return SysResult::fail(k_eopnotsupp);
    if (socket.name == 0) return SysResult::fail(k_einval);
    if (socket.state == UnixState::established) return SysResult::fail(k_einval);
    constexpr std::uint32_t k_somaxconn = 4096;
    const auto wanted = static_cast<std::uint32_t>(backlog);
    socket.backlog = wanted > k_somaxconn ? k_somaxconn : wanted;
    socket.state = UnixState::listening;
    return SysResult::ok(0);
}

// unix_stream_connect(): done at once, before the accept (S-108). The end that accept will hand out exists
// from here on; the caller's own watches hear nothing.
SysResult Model::connect_unix(Index socket, std::uint32_t name) {
    const Index listener = find_unix_name(unix_[socket].kind, name);
    if (listener == k_none) return SysResult::fail(k_econnrefused);
    if (unix_[socket].kind == FileKind::unix_dgram) return SysResult::fail(k_eopnotsupp); // not modelled
    if (unix_[listener].state != UnixState::listening || (unix_[listener].shutdown & k_rcv_shutdown) != 0) {
        return SysResult::fail(k_econnrefused);
    }
    if (unix_[listener].pending > unix_[listener].backlog) return SysResult::fail(k_eagain);
    if (unix_[socket].state != UnixState::closed || unix_[socket].peer_dead) {
        return SysResult::fail(unix_[socket].state == UnixState::listening ? k_einval : k_eisconn);
    }
    const Index accepted = new_unix(unix_[socket].kind, UnixState::established);
    unix_[accepted].inherited_name = unix_[listener].name;
    unix_[socket].state = UnixState::established;
    join_unix(socket, accepted);
    UnixSocket& queue = unix_[listener];
    if (queue.first_pending == k_none) {
        queue.first_pending = accepted;
    } else {
        unix_[queue.last_pending].next_pending = accepted;
    }
    queue.last_pending = accepted;
    ++queue.pending;
    wake_up(queue.file, k_data_ready_key);
    return SysResult::ok(0);
}

// unix_accept().
SysResult Model::accept_unix(Pid pid, int number, Index listener, int flags) {
    UnixSocket& queue = unix_[listener];
    if (queue.kind == FileKind::unix_dgram) return SysResult::fail(k_eopnotsupp);
    if (queue.state != UnixState::listening) return SysResult::fail(k_einval);
    if (queue.first_pending == k_none) return SysResult::fail(k_eagain);
    const Index accepted = queue.first_pending;
    queue.first_pending = unix_[accepted].next_pending;
    if (queue.first_pending == k_none) queue.last_pending = k_none;
    --queue.pending;
    unix_[accepted].next_pending = k_none;
    const Index file = new_file(unix_[accepted].kind, accepted, k_o_rdwr | (flags & k_o_nonblock));
    unix_[accepted].file = file;
    install_at(pid, number, file, (flags & k_o_cloexec) != 0);
    return SysResult::ok(number);
}

} // namespace edgecase::fake
