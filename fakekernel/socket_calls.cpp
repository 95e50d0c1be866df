// The socket calls that begin with a descriptor: is it open, is it a socket, and of which family.
#include "fakekernel/model.hpp"

namespace edgecase::fake {

SysResult Model::socket(Pid pid, FileKind kind, int flags) {
    if (!is_socket(kind) || (flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    const SysResult number = reserve(pid);
    if (number.failed()) return number;
    const bool udp = kind == FileKind::udp;
    const Index object = kind == FileKind::tcp ? tcp_.acquire()
                         : udp                 ? udp_.acquire()
                                               : new_unix(kind, UnixState::closed);
    const SysResult result =
        open_file(pid, kind, object, k_o_rdwr | (flags & k_o_nonblock), (flags & k_o_cloexec) != 0);
    const Index file = find_file(pid, static_cast<int>(result.value));
    (kind == FileKind::tcp ? tcp_[object].file : udp ? udp_[object].file : unix_[object].file) = file;
    return result;
}

SysResult Model::bind(Pid pid, int fd, std::uint16_t port) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (is_unix(files_[file].kind)) {
        return port == 0 ? SysResult::fail(k_einval) : bind_unix(files_[file].object, port);
    }
    if (files_[file].kind == FileKind::tcp) return bind_tcp(files_[file].object, port);
    if (files_[file].kind == FileKind::udp) return bind_udp(files_[file].object, port);
    return SysResult::fail(k_enotsock);
}

SysResult Model::listen(Pid pid, int fd, int backlog) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (is_unix(files_[file].kind)) return listen_unix(files_[file].object, backlog);
    if (files_[file].kind == FileKind::tcp) return listen_tcp(files_[file].object, backlog);
    if (files_[file].kind == FileKind::udp) return SysResult::fail(k_eopnotsupp);
    return SysResult::fail(k_enotsock);
}

SysResult Model::connect(Pid pid, int fd, std::uint16_t port) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (is_unix(files_[file].kind)) return connect_unix(files_[file].object, port);
    if (files_[file].kind == FileKind::tcp) return connect_tcp(file, port);
    if (files_[file].kind == FileKind::udp) return connect_udp(files_[file].object, port);
    return SysResult::fail(k_enotsock);
}

// __sys_accept4(): the number is reserved before the queue is looked at, so EMFILE comes before EAGAIN and
// leaves the connection where it is (S-120, S-121).
SysResult Model::accept4(Pid pid, int fd, int flags) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if ((flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    const SysResult reserved = reserve(pid);
    if (reserved.failed()) return reserved;
    const int number = static_cast<int>(reserved.value);
    if (is_unix(files_[file].kind)) return accept_unix(pid, number, files_[file].object, flags);
    if (files_[file].kind == FileKind::tcp) return accept_tcp(pid, number, files_[file].object, flags);
    if (files_[file].kind == FileKind::udp) return SysResult::fail(k_eopnotsupp); // S-120
    return SysResult::fail(k_enotsock);
}

SysResult Model::shutdown(Pid pid, int fd, int how) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!is_socket(files_[file].kind)) return SysResult::fail(k_enotsock);
    if (how < k_shut_rd || how > k_shut_rdwr) return SysResult::fail(k_einval);
    const auto mask = static_cast<std::uint8_t>(how + 1);
    if (is_unix(files_[file].kind)) return shutdown_unix(files_[file].object, mask);
    if (files_[file].kind == FileKind::udp) return shutdown_udp(files_[file].object, mask);
    return shutdown_tcp(files_[file].object, mask);
}

// sock_getsockopt(), SO_ERROR: each error is delivered once (S-116).
SysResult Model::getsockopt_error(Pid pid, int fd) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!is_socket(files_[file].kind)) return SysResult::fail(k_enotsock);
    const Index object = files_[file].object;
    const FileKind kind = files_[file].kind;
    std::int32_t& slot = is_unix(kind)           ? unix_[object].error
                         : kind == FileKind::udp ? udp_[object].error
                                                 : tcp_[object].error;
    const int error = slot;
    slot = 0;
    return SysResult::ok(error);
}

// tcp_set_rcvlowat(): 0 means 1; wakes if what is there is now enough. A unix stream only remembers it for its reads;
// other sockets have no use for it without sleeping.
SysResult Model::set_rcvlowat(Pid pid, int fd, int bytes) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!is_socket(files_[file].kind)) return SysResult::fail(k_enotsock);
    const std::uint32_t low_bytes =
        bytes < 0 ? 0x7fffffff : (bytes == 0 ? 1 : static_cast<std::uint32_t>(bytes));
    if (is_unix(files_[file].kind)) unix_[files_[file].object].receive_low_bytes = low_bytes;
    if (files_[file].kind != FileKind::tcp) return SysResult::ok(0);
    TcpSocket& socket = tcp_[files_[file].object];
    socket.receive_low_bytes = low_bytes;
    tcp_data_ready(files_[file].object);
    return SysResult::ok(0);
}

// SO_LINGER: only the time 0 makes a difference when nothing sleeps.
SysResult Model::set_linger(Pid pid, int fd, bool on, int seconds) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!is_socket(files_[file].kind)) return SysResult::fail(k_enotsock);
    if (files_[file].kind == FileKind::tcp) tcp_[files_[file].object].linger_reset = on && seconds == 0;
    return SysResult::ok(0);
}

SysResult Model::getsockname_port(Pid pid, int fd) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!is_socket(files_[file].kind)) return SysResult::fail(k_enotsock);
    const Index object = files_[file].object;
    if (files_[file].kind == FileKind::udp) return SysResult::ok(udp_[object].port);
    if (files_[file].kind == FileKind::tcp) return SysResult::ok(tcp_[object].port);
    return SysResult::ok(unix_[object].name != 0 ? unix_[object].name : unix_[object].inherited_name);
}

} // namespace edgecase::fake
