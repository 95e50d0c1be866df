#include "fakekernel/legal_results.hpp"

#include <cerrno>

namespace edgecase::fake {

namespace {

// The descriptor table is full, the system's is, or memory is short: S-4.
bool no_new_descriptor(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

// Of a datagram or a record there is no part.
bool is_stream_socket(FileKind kind) {
    return kind == FileKind::unix_stream || kind == FileKind::tcp;
}

bool is_pipe(FileKind kind) {
    return kind == FileKind::pipe_read || kind == FileKind::pipe_write;
}

bool wait_is_reachable(const Injection& injection) {
    return injection.error == EINTR && injection.would_sleep;
}

bool ctl_is_reachable(const Injection& injection) {
    if (injection.size != static_cast<std::size_t>(k_epoll_ctl_add)) {
        return false; // MOD and DEL find what is there: ENOENT and EBADF come by themselves
    }
    return injection.error == ENOMEM || injection.error == ENOSPC;
}

bool read_is_reachable(const Injection& injection) {
    if (injection.error == 0) {
        return injection.bytes >= 1 && (is_stream_socket(injection.kind) || is_pipe(injection.kind));
    }
    switch (injection.error) {
    case EINTR: return !injection.nonblocking && (injection.ready & k_epollin) == 0;
    case EAGAIN: return (injection.ready & k_epollin) == 0;
    case ECONNRESET:
    case ETIMEDOUT: return injection.kind == FileKind::tcp;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ECONNREFUSED: return injection.kind == FileKind::tcp || injection.kind == FileKind::udp;
    case ENOMEM: return is_socket(injection.kind);
    default: return false; // ECANCELED is for timers on the wall clock, of which there are none
    }
}

bool write_is_reachable(const Injection& injection) {
    constexpr std::size_t k_pipe_buf = 4096; // pipe(7): writes up to PIPE_BUF are atomic (S-100)
    if (injection.error == 0) {
        return injection.bytes >= 1 &&
               (is_stream_socket(injection.kind) || (is_pipe(injection.kind) && injection.size > k_pipe_buf));
    }
    const bool udp = injection.kind == FileKind::udp;
    if (injection.kind == FileKind::timerfd || injection.kind == FileKind::signalfd) {
        return false; // EINVAL is the only answer
    }
    switch (injection.error) {
    case EINTR: return !injection.nonblocking && (injection.ready & k_epollout) == 0;
    case EAGAIN: return is_socket(injection.kind) || (injection.ready & k_epollout) == 0;
    case ECONNRESET:
    case ETIMEDOUT: return injection.kind == FileKind::tcp;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM: return udp; // udp(7), sendto(2): the network's, and a firewall's
    case EPIPE: return is_socket(injection.kind) && !udp;
    case ENOBUFS:
    case ENOMEM: return is_socket(injection.kind);
    default: return false;
    }
}

// A read at a place: the medium may fail, and may give less than it was asked for.
bool pread_is_reachable(const Injection& injection) {
    if (injection.kind != FileKind::regular) {
        return false;
    }
    return injection.error == 0 ? injection.bytes >= 1 : injection.error == EIO || injection.error == ENOMEM;
}

// accept4(2) and section Q. What comes from the peer or the network is documented for TCP alone; a reset before
// the accept does not give it (S-122).
bool accept_is_reachable(const Injection& injection) {
    switch (injection.error) {
    case EAGAIN: return (injection.ready & k_epollin) == 0;
    case EINTR: return !injection.nonblocking && (injection.ready & k_epollin) == 0;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EPERM: return is_socket(injection.kind) && injection.kind != FileKind::udp;
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return injection.kind == FileKind::tcp;
    default: return false;
    }
}

// socket(2). ENFILE and EMFILE as for every descriptor; EACCES by a security module.
bool socket_is_reachable(int error) {
    return no_new_descriptor(error) || error == ENOBUFS || error == EACCES;
}

// connect(2) and section Q, of a non-blocking TCP socket.
bool connect_is_reachable(const Injection& injection) {
    switch (injection.error) {
    case EINPROGRESS:
    case EALREADY:
    case EISCONN:
    case ECONNREFUSED:
    case ETIMEDOUT:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EPERM:
    case EACCES:
    case ECONNABORTED: return injection.kind == FileKind::tcp;
    case EINTR: return !injection.nonblocking;
    default: return false;
    }
}

} // namespace

bool is_reachable(const Injection& injection) {
    if (!injection.descriptor_open) {
        return false; // EBADF is the only answer
    }
    switch (injection.call) {
    case Call::epoll_create1: return no_new_descriptor(injection.error);
    case Call::eventfd:
        // ENODEV: eventfd(2), the anonymous inode device could not be mounted; ENOSYS: built without it.
        return no_new_descriptor(injection.error) || injection.error == ENODEV || injection.error == ENOSYS;
    case Call::epoll_wait: return wait_is_reachable(injection);
    case Call::epoll_ctl: return ctl_is_reachable(injection);
    case Call::read:
    case Call::recv: return read_is_reachable(injection);
    case Call::write:
    case Call::send:
    case Call::sendmsg: return write_is_reachable(injection);
    case Call::accept4:
    case Call::accept: return accept_is_reachable(injection);
    case Call::pread: return pread_is_reachable(injection);
    case Call::io_setup:
        // ENOSYS: built without AIO, or a filter forbids it.
        return injection.error == EAGAIN || injection.error == ENOMEM || injection.error == ENOSYS ||
               injection.error == EINVAL;
    case Call::io_submit: return injection.error == EAGAIN; // no request is free, or memory is short
    case Call::io_getevents: return false;                  // EINTR only where it sleeps, and it polls
    case Call::io_destroy: return false;
    case Call::socket: return socket_is_reachable(injection.error);
    case Call::connect: return connect_is_reachable(injection);
    // Of an open descriptor of their kind, with arguments that make sense, none fails.
    case Call::fcntl:
    case Call::getsockopt:
    case Call::setitimer: return false;
    case Call::close: return false; // of these kinds of descriptor none fails (section Q)
    case Call::allocate: return injection.error == ENOMEM;
    }
    return false;
}

} // namespace edgecase::fake
