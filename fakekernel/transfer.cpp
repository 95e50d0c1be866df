// read, write, recv and send: which kind of file takes which.
#include <algorithm>

#include "fakekernel/model.hpp"

namespace edgecase::fake {

// vfs_read(): whether the file can be read at all comes before the look at the buffer's range.
SysResult Model::read(Pid pid, int fd, void* buffer, std::size_t size) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const FileKind kind = files_[file].kind;
    const bool can_read = kind != FileKind::pipe_write && kind != FileKind::epoll;
    if (can_read && !fits_user_space(size)) return SysResult::fail(k_efault);
    return read_file(pid, file, buffer, size);
}

SysResult Model::read_file(Pid pid, Index file, void* buffer, std::size_t size) {
    switch (files_[file].kind) {
    case FileKind::unix_stream:
    case FileKind::unix_dgram:
    case FileKind::unix_seqpacket:
        // sock_read_iter(): nothing asked, nothing done. recv differs (S-127).
        return size == 0 ? SysResult::ok(0) : recv_unix(file, buffer, size, 0);
    case FileKind::tcp: return size == 0 ? SysResult::ok(0) : recv_tcp(files_[file].object, buffer, size, 0);
    case FileKind::udp:
        return size == 0 ? SysResult::ok(0) : recv_udp(files_[file].object, buffer, size, 0, nullptr);
    case FileKind::timerfd: return read_timerfd(files_[file].object, buffer, size);
    case FileKind::signalfd: return read_signalfd(pid, files_[file].object, buffer, size);
    case FileKind::eventfd: return read_eventfd(file, buffer, size);
    case FileKind::pipe_read: return read_pipe(file, buffer, size);
    case FileKind::pipe_write: return SysResult::fail(k_ebadf); // S-101
    case FileKind::epoll: return SysResult::fail(k_einval);     // S-6
    case FileKind::regular: return read_regular(file, buffer, size);
    case FileKind::standard: break;
    }
    return SysResult::ok(0);
}

// vfs_write(), likewise.
SysResult Model::write(Pid pid, int fd, const void* bytes, std::size_t size) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const FileKind kind = files_[file].kind;
    const bool can_write = is_socket(kind) || kind == FileKind::eventfd || kind == FileKind::pipe_write ||
                           kind == FileKind::standard;
    if (can_write && !fits_user_space(size)) return SysResult::fail(k_efault);
    switch (kind) {
    case FileKind::unix_stream:
    case FileKind::unix_dgram:
    case FileKind::unix_seqpacket: return send_unix(file, bytes, size, 0);
    case FileKind::tcp: return send_tcp(file, bytes, size, 0);
    case FileKind::udp: return send_udp(file, bytes, size, 0, 0);
    case FileKind::timerfd: // S-133
    case FileKind::signalfd: return SysResult::fail(k_einval);
    case FileKind::eventfd: return write_eventfd(file, bytes, size);
    case FileKind::pipe_write: return write_pipe(file, bytes, size);
    case FileKind::pipe_read: return SysResult::fail(k_ebadf);
    case FileKind::epoll: return SysResult::fail(k_einval);
    case FileKind::regular: return SysResult::fail(k_ebadf); // open for reading only
    case FileKind::standard: break;
    }
    return SysResult::ok(static_cast<std::int64_t>(size));
}

// import_ubuf() cuts the size to MAX_RW_COUNT before it looks at the buffer's range, so any size will do.
SysResult Model::recv(Pid pid, int fd, void* buffer, std::size_t size, int flags) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const FileKind kind = files_[file].kind;
    if (is_unix(kind)) return recv_unix(file, buffer, size, flags);
    if (kind == FileKind::tcp) return recv_tcp(files_[file].object, buffer, size, flags);
    if (kind == FileKind::udp) return recv_udp(files_[file].object, buffer, size, flags, nullptr);
    return SysResult::fail(k_enotsock);
}

// A size that no memory has is EFAULT; Linux would move what is there before it finds out.
SysResult Model::send(Pid pid, int fd, const void* bytes, std::size_t size, int flags) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const FileKind kind = files_[file].kind;
    if (!is_socket(kind)) return SysResult::fail(k_enotsock);
    if (!fits_user_space(size)) return SysResult::fail(k_efault);
    if (is_unix(kind)) return send_unix(file, bytes, size, flags);
    if (kind == FileKind::tcp) return send_tcp(file, bytes, size, flags);
    return send_udp(file, bytes, size, flags, 0);
}

// ____sys_sendmsg(): to the protocol the pieces are one run of bytes, which is charged, cut and announced as that of
// one send. copy_msghdr_from_user(): more than UIO_MAXIOV pieces are too many. copy_iovec_from_user() looks at all sizes
// before __import_iovec() looks at the ranges.
SysResult Model::sendmsg(Pid pid, int fd, const BytePiece* pieces, std::size_t count, int flags) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!is_socket(files_[file].kind)) return SysResult::fail(k_enotsock);
    if (count > k_uio_maxiov) return SysResult::fail(k_emsgsize);
    const auto is_negative = [](const BytePiece& piece) { return static_cast<std::int64_t>(piece.size) < 0; };
    const auto fits = [](const BytePiece& piece) { return fits_user_space(piece.size); };
    if (std::any_of(pieces, pieces + count, is_negative)) return SysResult::fail(k_einval);
    if (!std::all_of(pieces, pieces + count, fits)) return SysResult::fail(k_efault);
    gathered_.clear();
    std::size_t size = 0;
    bool all_there = true;
    for (std::size_t i = 0; i < count; ++i) {
        const auto* bytes = static_cast<const unsigned char*>(pieces[i].bytes);
        size += pieces[i].size;
        all_there = all_there && (bytes != nullptr || pieces[i].size == 0);
        if (all_there) gathered_.insert(gathered_.end(), bytes, bytes + pieces[i].size);
    }
    return send(pid, fd, all_there ? gathered_.data() : nullptr, size, flags);
}

// sendto(2), recvfrom(2). Of the other sockets nobody here asks for addresses.
SysResult Model::sendto(Pid pid, int fd, const void* bytes, std::size_t size, std::uint16_t port) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (files_[file].kind != FileKind::udp) return send(pid, fd, bytes, size, 0);
    if (!fits_user_space(size)) return SysResult::fail(k_efault);
    return port == 0 ? SysResult::fail(k_einval) : send_udp(file, bytes, size, 0, port);
}

SysResult Model::recvfrom(Pid pid, int fd, void* buffer, std::size_t size, int flags, std::uint16_t* port) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (files_[file].kind != FileKind::udp) return recv(pid, fd, buffer, size, flags);
    return recv_udp(files_[file].object, buffer, size, flags, port);
}

} // namespace edgecase::fake
