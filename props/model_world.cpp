#include "props/model_world.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>

#include "props/byte_pattern.hpp"
#include "props/taken.hpp"

namespace edgecase {

namespace {

constexpr std::size_t k_buffer_bytes = 65'536;
constexpr std::size_t k_most_children = 8;
constexpr int k_backlog = 128;

constexpr int as_shutdown(Shut how) {
    return how == Shut::read ? SHUT_RD : how == Shut::write ? SHUT_WR : SHUT_RDWR;
}

} // namespace

void ModelWorld::reset(const Config& config) {
    fake::ModelOptions options;
    options.unix_send_buffer = config.unix_buffer;
    options.tcp_buffer = config.tcp_buffer;
    model_.reset(options);
    file_bytes_ = config.file_bytes;
    model_.spawn();
    const fake::SignalSet signals = fake::signal_bit(k_signal);
    model_.sigprocmask(k_subject, fake::k_sig_block, &signals, nullptr);
    for (const Name name : used_) {
        peers_[name] = Peer{};
    }
    used_.clear();
    children_.clear();
    server_fd_ = -1;
    full_fd_ = -1;
    backlog_ = static_cast<int>(config.backlog);
    buffer_.resize(k_buffer_bytes);
}

ModelWorld::Peer& ModelWorld::peer(Name name) {
    Peer& peer = peers_[name];
    if (!peer.used) {
        peer.used = true;
        used_.push_back(name);
    }
    return peer;
}

World::Opened ModelWorld::open(Name name, ObjectKind kind) {
    Peer& own = peer(name);
    own.kind = kind;
    int fds[2] = {-1, -1};
    SysResult result;
    switch (kind) {
    case ObjectKind::unix_stream:
        result = model_.socketpair_between(k_subject, k_outside, SOCK_STREAM, SOCK_NONBLOCK, fds);
        own.fd = fds[1];
        break;
    case ObjectKind::tcp:
        result = model_.tcp_pair_between(k_subject, k_outside, SOCK_NONBLOCK, fds);
        own.fd = fds[1];
        break;
    case ObjectKind::pipe_read:
        result = model_.pipe_between(k_subject, k_outside, O_NONBLOCK, fds);
        own.fd = fds[1];
        break;
    case ObjectKind::pipe_write:
        result = model_.pipe_between(k_outside, k_subject, O_NONBLOCK, fds);
        own.fd = fds[0];
        std::swap(fds[0], fds[1]);
        break;
    case ObjectKind::eventfd:
        result = model_.eventfd(k_subject, 0, k_efd_nonblock);
        fds[0] = static_cast<int>(result.value);
        // Another thread of the subject's process holds the same number.
        own.fd = fds[0];
        own.process = k_subject;
        break;
    case ObjectKind::listener: return make_listener(name);
    case ObjectKind::fresh:
        result = model_.socket(k_subject, fake::FileKind::tcp, SOCK_NONBLOCK);
        fds[0] = static_cast<int>(result.value);
        break;
    case ObjectKind::udp:
        result = model_.udp_pair_between(k_subject, k_outside, SOCK_NONBLOCK, fds);
        own.fd = fds[1];
        break;
    case ObjectKind::timerfd:
        result = model_.timerfd_create(k_subject, fake::k_clock_monotonic, O_NONBLOCK);
        fds[0] = static_cast<int>(result.value);
        break;
    case ObjectKind::signalfd: {
        const fake::SignalSet signals = fake::signal_bit(k_signal);
        result = model_.signalfd(k_subject, -1, &signals, O_NONBLOCK);
        fds[0] = static_cast<int>(result.value);
        break;
    }
    case ObjectKind::file:
    case ObjectKind::disk:
        result = model_.open_regular(
            k_subject, file_bytes_,
            kind == ObjectKind::disk ? fake::FileStore::device : fake::FileStore::page_cache, 0);
        fds[0] = static_cast<int>(result.value);
        break;
    }
    if (result.failed()) {
        own.fd = -1;
        return {};
    }
    return {fds[0], model_.file_of(k_subject, fds[0])};
}

int ModelWorld::listen_outside(std::uint16_t port, int backlog) {
    const int fd = static_cast<int>(model_.socket(k_outside, fake::FileKind::tcp, SOCK_NONBLOCK).value);
    model_.bind(k_outside, fd, port);
    model_.listen(k_outside, fd, backlog);
    return fd;
}

World::Opened ModelWorld::make_listener(Name name) {
    const int outside = listen_outside(static_cast<std::uint16_t>(k_first_port + name), backlog_);
    const int fd = model_.give(k_outside, outside, k_subject);
    return fd < 0 ? Opened{} : Opened{fd, model_.file_of(k_subject, fd)};
}

void ModelWorld::closed(Name name) {
    if (peers_[name].process == k_subject) {
        peers_[name].fd = -1;
    }
}

void ModelWorld::take_back(int fd) {
    model_.close(k_subject, fd);
}

SysResult ModelWorld::client(Name name, Name listener) {
    if (peers_[listener].kind != ObjectKind::listener) {
        return SysResult::fail(EINVAL);
    }
    const SysResult socket = model_.socket(k_outside, fake::FileKind::tcp, SOCK_NONBLOCK);
    if (socket.failed()) {
        return socket;
    }
    Peer& own = peer(name);
    own.kind = ObjectKind::tcp;
    own.fd = static_cast<int>(socket.value);
    model_.connect(k_outside, own.fd, static_cast<std::uint16_t>(k_first_port + listener));
    own.port = static_cast<std::uint16_t>(model_.getsockname_port(k_outside, own.fd).value);
    if (const SysResult error = model_.getsockopt_error(k_outside, own.fd); error.value != 0) {
        close_outside(own.fd);
        return SysResult::fail(static_cast<int>(error.value));
    }
    return SysResult::ok(0);
}

int ModelWorld::accepted(Name, int fd, std::uint32_t process) {
    const std::uint16_t port = model_.remote_port(model_.file_of(process, fd));
    const auto found =
        std::find_if(used_.begin(), used_.end(), [&](Name name) { return peers_[name].port == port; });
    return found == used_.end() ? -1 : *found;
}

SysResult ModelWorld::connect(Name name, int fd, ConnectOutcome outcome) {
    const SysResult result = model_.connect(k_subject, fd, port_for(outcome));
    dialled(name, outcome);
    return result;
}

std::uint16_t ModelWorld::port_for(ConnectOutcome outcome) {
    switch (outcome) {
    case ConnectOutcome::refused: return k_closed_port;
    case ConnectOutcome::dropped:
        if (full_fd_ < 0) {
            full_fd_ = listen_outside(k_full_port, 0);
            const SysResult client = model_.socket(k_outside, fake::FileKind::tcp, SOCK_NONBLOCK);
            model_.connect(k_outside, static_cast<int>(client.value), k_full_port);
        }
        return k_full_port;
    case ConnectOutcome::accepted: break;
    }
    if (server_fd_ < 0) {
        server_fd_ = listen_outside(k_server_port, k_backlog);
    }
    return k_server_port;
}

void ModelWorld::dialled(Name name, ConnectOutcome outcome) {
    Peer& own = peer(name);
    own.kind = ObjectKind::tcp;
    if (outcome != ConnectOutcome::accepted) {
        return;
    }
    const SysResult accepted = model_.accept4(k_outside, server_fd_, SOCK_NONBLOCK);
    if (!accepted.failed()) {
        close_outside(own.fd);
        own.fd = static_cast<int>(accepted.value);
    }
}

SysResult ModelWorld::peer_send(Name name, std::uint64_t bytes, std::uint64_t position) {
    const Peer& own = peers_[name];
    if (own.fd < 0) {
        return SysResult::fail(EBADF);
    }
    if (own.kind == ObjectKind::eventfd) {
        return model_.write(own.process, own.fd, &bytes, sizeof bytes);
    }
    if (own.kind == ObjectKind::udp) {
        return model_.write(k_outside, own.fd, buffer_.data(), std::min<std::size_t>(bytes, buffer_.size()));
    }
    SysResult total = SysResult::ok(0);
    while (bytes > 0) {
        const std::size_t size = std::min<std::size_t>(bytes, buffer_.size());
        const std::byte* from =
            byte_pattern(name, Direction::to_subject, position + static_cast<std::uint64_t>(total.value));
        const SysResult result = model_.write(k_outside, own.fd, from, size);
        if (result.failed()) {
            return total.value > 0 ? total : result;
        }
        total.value += result.value;
        bytes -= static_cast<std::uint64_t>(result.value);
    }
    return total;
}

// bytes 0: all there is.
World::Taken ModelWorld::peer_recv(Name name, std::uint64_t bytes, Direction pattern,
                                   std::uint64_t position) {
    const Peer& own = peers_[name];
    if (own.fd < 0) {
        return {SysResult::fail(EBADF)};
    }
    if (own.kind == ObjectKind::udp) {
        return {recv_datagrams(own.fd, bytes)};
    }
    return take_bytes(
        [&](std::byte* to, std::size_t size) { return model_.read(own.process, own.fd, to, size); }, buffer_,
        {own.kind, bytes, name, pattern, position});
}

// As much of one datagram, which is then gone; or all of them.
SysResult ModelWorld::recv_datagrams(int fd, std::uint64_t bytes) {
    if (bytes != 0) {
        return model_.read(k_outside, fd, buffer_.data(), std::min<std::size_t>(bytes, buffer_.size()));
    }
    SysResult total = model_.read(k_outside, fd, buffer_.data(), buffer_.size());
    SysResult next = total;
    while (!next.failed()) {
        next = model_.read(k_outside, fd, buffer_.data(), buffer_.size());
        total.value += next.failed() ? 0 : next.value;
    }
    return total;
}

SysResult ModelWorld::peer_shutdown(Name name, Shut how) {
    const Peer& own = peers_[name];
    return own.fd < 0 ? SysResult::fail(EBADF) : model_.shutdown(own.process, own.fd, as_shutdown(how));
}

SysResult ModelWorld::shutdown(int fd, Shut how) {
    return model_.shutdown(k_subject, fd, as_shutdown(how));
}

void ModelWorld::close_outside(int& fd) {
    if (fd >= 0) {
        model_.close(k_outside, fd);
        fd = -1;
    }
}

SysResult ModelWorld::peer_close(Name name) {
    Peer& own = peers_[name];
    if (own.fd < 0 || own.process == k_subject) {
        return SysResult::fail(EBADF);
    }
    close_outside(own.fd);
    return SysResult::ok(0);
}

SysResult ModelWorld::peer_reset(Name name) {
    Peer& own = peers_[name];
    if (own.fd < 0 || own.process == k_subject) {
        return SysResult::fail(EBADF);
    }
    model_.set_linger(k_outside, own.fd, true, 0);
    close_outside(own.fd);
    return SysResult::ok(0);
}

// The client lives until the world ends.
SysResult ModelWorld::peer_connect(Name name) {
    if (peers_[name].kind != ObjectKind::listener) {
        return SysResult::fail(EINVAL);
    }
    const SysResult client = model_.socket(k_outside, fake::FileKind::tcp, SOCK_NONBLOCK);
    if (client.failed()) {
        return client;
    }
    return model_.connect(k_outside, static_cast<int>(client.value),
                          static_cast<std::uint16_t>(k_first_port + name));
}

SysResult ModelWorld::arm(int fd, Arming how, std::uint64_t ms) {
    const fake::Timespec time{static_cast<std::int64_t>(ms / 1000),
                              static_cast<std::int64_t>(ms % 1000) * 1'000'000};
    const fake::TimerSpec spec{how == Arming::every ? time : fake::Timespec{}, time};
    return model_.timerfd_settime(k_subject, fd, 0, &spec, nullptr);
}

SysResult ModelWorld::raise() {
    return model_.kill(k_outside, k_subject, k_signal);
}

SysResult ModelWorld::icmp(Name name, int fd) {
    if (peers_[name].kind != ObjectKind::udp) {
        return SysResult::fail(EINVAL);
    }
    model_.icmp_port_unreachable(model_.file_of(k_subject, fd));
    return SysResult::ok(0);
}

SysResult ModelWorld::complete(std::uint64_t request, int error, std::uint64_t most_bytes) {
    return model_.complete_aio(request, error, most_bytes) ? SysResult::ok(0) : SysResult::fail(EINVAL);
}

SysResult ModelWorld::dup(Name name, int fd) {
    Peer& own = peer(name);
    if (own.duplicate >= 0) {
        return SysResult::fail(EEXIST);
    }
    const SysResult result = model_.dup(k_subject, fd);
    own.duplicate = result.failed() ? -1 : static_cast<int>(result.value);
    return result;
}

SysResult ModelWorld::undup(Name name) {
    Peer& own = peers_[name];
    if (own.duplicate < 0) {
        return SysResult::fail(EBADF);
    }
    const SysResult result = model_.close(k_subject, own.duplicate);
    own.duplicate = -1;
    return result;
}

SysResult ModelWorld::fork() {
    if (children_.size() >= k_most_children) {
        return SysResult::fail(EAGAIN);
    }
    children_.push_back(model_.fork(k_subject));
    return SysResult::ok(static_cast<std::int64_t>(children_.size()));
}

SysResult ModelWorld::child_exit() {
    if (children_.empty()) {
        return SysResult::fail(ECHILD);
    }
    model_.exit(children_.back());
    children_.pop_back();
    return SysResult::ok(0);
}

bool ModelWorld::is_shared(int fd) const {
    const int file = model_.file_of(k_subject, fd);
    return file >= 0 && model_.references(file) > 1;
}

void ModelWorld::pass_time(std::uint64_t ms) {
    model_.advance(ms * 1'000'000);
}

void ModelWorld::wake(int fd) {
    const int file = model_.file_of(k_subject, fd);
    if (file >= 0) {
        model_.wake(file);
    }
}

void ModelWorld::end() {
    for (const Name name : used_) {
        if (peers_[name].duplicate >= 0) {
            model_.close(k_subject, peers_[name].duplicate);
            peers_[name].duplicate = -1;
        }
    }
}

unsigned ModelWorld::descriptors_open() const {
    constexpr unsigned k_standard = 3;
    return model_.open_count(k_subject) - k_standard;
}

} // namespace edgecase
