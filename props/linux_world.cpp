#include "props/linux_world.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/check.hpp"
#include "fakekernel/regular_file.hpp"
#include "props/byte_pattern.hpp"
#include "props/taken.hpp"

namespace edgecase {

namespace {

constexpr std::size_t k_buffer_bytes = 65'536;
constexpr std::size_t k_most_children = 8;
constexpr int k_backlog = 128;

SysResult result_of(ssize_t value) {
    return value < 0 ? SysResult::fail(errno) : SysResult::ok(value);
}

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

// What cannot fail on the loopback, unless somebody has used it up.

void bind_to(int fd, const sockaddr_in& address) {
    const int result = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    EDGECASE_CHECK(result == 0, "bind fails", errno);
}

void connect_datagrams(int fd, const sockaddr_in& address) {
    const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    EDGECASE_CHECK(result == 0, "connect fails", errno);
}

// The signal of all signalfds: blocked while a world stands, and what is left of it dropped at its end.
sigset_t signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR2);
    return set;
}

void block_signals() {
    const sigset_t set = signals();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

void drop_signals() {
    const sigset_t set = signals();
    ::signal(SIGUSR2, SIG_IGN); // what is pending goes with it
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::signal(SIGUSR2, SIG_DFL);
}

unsigned count_descriptors() {
    unsigned count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

} // namespace

LinuxWorld::~LinuxWorld() {
    end();
}

void LinuxWorld::reset(const Config& config) {
    end();
    now_ns_ = 0;
    unix_buffer_ = config.unix_buffer;
    block_signals();
    file_bytes_ = config.file_bytes;
    backlog_ = static_cast<int>(config.backlog);
    buffer_.assign(k_buffer_bytes, std::byte{0});
    open_before_ = count_descriptors();
}

LinuxWorld::Peer& LinuxWorld::peer(Name name) {
    Peer& own = peers_[name];
    if (!own.used) {
        own.used = true;
        used_.push_back(name);
    }
    return own;
}

void LinuxWorld::close_one(int& fd) {
    if (fd >= 0) {
        ::close(fd);
        fd = -1;
    }
}

// Loopback delivers from a softirq, usually before the call returns; give it the moment it may need.
void LinuxWorld::settle() const {
    if (settling_ == Settling::none) {
        return;
    }
    const timespec moment{0, 300'000};
    ::nanosleep(&moment, nullptr);
}

World::Opened LinuxWorld::open(Name name, ObjectKind kind) {
    Peer& own = peer(name);
    own.kind = kind;
    switch (kind) {
    case ObjectKind::unix_stream: return open_unix(own);
    case ObjectKind::tcp: return open_tcp(own);
    case ObjectKind::pipe_read:
    case ObjectKind::pipe_write: return open_pipe(own, kind);
    case ObjectKind::eventfd:
        own.fd = ::eventfd(0, EFD_NONBLOCK);
        own.owns_fd = false;
        return {own.fd, -1};
    case ObjectKind::listener: return {listen_somewhere(own.port, backlog_), -1};
    case ObjectKind::fresh: return {::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), -1};
    case ObjectKind::udp: return open_udp(own);
    case ObjectKind::timerfd: return {::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), -1};
    case ObjectKind::signalfd: {
        const sigset_t set = signals();
        return {::signalfd(-1, &set, SFD_NONBLOCK), -1};
    }
    case ObjectKind::file: return open_file();
    case ObjectKind::disk: break; // runs_on_linux: the real disk is not told when to answer
    }
    return {};
}

World::Opened LinuxWorld::open_unix(Peer& own) {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) {
        return {};
    }
    // The kernel doubles what it is given (socket(7)).
    const int half = static_cast<int>(unix_buffer_ / 2);
    for (const int fd : fds) {
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
    }
    own.fd = fds[1];
    return {fds[0], -1};
}

World::Opened LinuxWorld::open_tcp(Peer& own) {
    int port = 0;
    int listener = listen_somewhere(port, k_backlog);
    own.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    connect_to(own.fd, port);
    ::fcntl(own.fd, F_SETFL, O_NONBLOCK);
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    close_one(listener);
    settle();
    return {fd, -1};
}

World::Opened LinuxWorld::open_udp(Peer& own) {
    int fds[2] = {-1, -1};
    sockaddr_in addresses[2];
    for (int i = 0; i < 2; ++i) {
        fds[i] = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        addresses[i] = loopback(0);
        socklen_t size = sizeof addresses[i];
        bind_to(fds[i], addresses[i]);
        ::getsockname(fds[i], reinterpret_cast<sockaddr*>(&addresses[i]), &size);
    }
    for (int i = 0; i < 2; ++i) {
        connect_datagrams(fds[i], addresses[1 - i]);
    }
    own.fd = fds[1];
    return {fds[0], -1};
}

World::Opened LinuxWorld::open_pipe(Peer& own, ObjectKind kind) {
    int fds[2] = {-1, -1};
    if (::pipe2(fds, O_NONBLOCK) != 0) {
        return {};
    }
    const bool reads = kind == ObjectKind::pipe_read;
    own.fd = reads ? fds[1] : fds[0];
    return {reads ? fds[0] : fds[1], -1};
}

// A file in memory, on a description of its own that only reads.
World::Opened LinuxWorld::open_file() const {
    int fd = ::memfd_create("edgecase", MFD_CLOEXEC);
    if (fd < 0) {
        return {};
    }
    std::vector<unsigned char> bytes(file_bytes_);
    fake::copy_file_bytes(0, bytes.data(), bytes.size());
    const bool written = ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    const int reader = written ? ::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY) : -1;
    close_one(fd);
    return {reader, -1};
}

int LinuxWorld::listen_somewhere(int& port, int backlog) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    bind_to(fd, address);
    ::listen(fd, backlog);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return fd;
}

SysResult LinuxWorld::connect_to(int fd, int port) {
    const sockaddr_in address = loopback(port);
    const SysResult result =
        result_of(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    settle();
    return result;
}

void LinuxWorld::closed(Name name) {
    Peer& own = peers_[name];
    if (!own.owns_fd) {
        own.fd = -1;
    }
    if (own.kind == ObjectKind::tcp || own.kind == ObjectKind::fresh || own.kind == ObjectKind::listener) {
        settle();
    }
}

void LinuxWorld::take_back(int fd) {
    close_one(fd);
}

SysResult LinuxWorld::client(Name name, Name listener) {
    if (peers_[listener].kind != ObjectKind::listener) {
        return SysResult::fail(EINVAL);
    }
    Peer& own = peer(name);
    own.kind = ObjectKind::tcp;
    own.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect_to(own.fd, peers_[listener].port);
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(own.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        close_one(own.fd);
        return SysResult::fail(error);
    }
    sockaddr_in address{};
    size = sizeof address;
    ::getsockname(own.fd, reinterpret_cast<sockaddr*>(&address), &size);
    own.port = ntohs(address.sin_port);
    own.waits_at = listener;
    return SysResult::ok(0);
}

// By its port; a connection that its client has reset has lost it (getpeername(2)), and is the first that waits.
int LinuxWorld::accepted(Name listener, int fd, std::uint32_t) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    const bool has_port = ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    for (const Name name : used_) {
        Peer& own = peers_[name];
        if (own.waits_at == listener && (!has_port || own.port == ntohs(address.sin_port))) {
            own.waits_at = -1;
            return name;
        }
    }
    return -1;
}

SysResult LinuxWorld::connect(Name name, int fd, ConnectOutcome outcome) {
    const SysResult result = connect_to(fd, port_for(outcome));
    dialled(name, outcome);
    return result;
}

std::uint16_t LinuxWorld::port_for(ConnectOutcome outcome) {
    int port = 0;
    switch (outcome) {
    case ConnectOutcome::refused: {
        int listener = listen_somewhere(port, k_backlog); // a port that nobody has any more
        close_one(listener);
        return static_cast<std::uint16_t>(port);
    }
    case ConnectOutcome::dropped:
        if (full_port_ == 0) {
            others_.push_back(listen_somewhere(full_port_, 0));
            others_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
            connect_to(others_.back(), full_port_);
        }
        return static_cast<std::uint16_t>(full_port_);
    case ConnectOutcome::accepted: break;
    }
    if (server_fd_ < 0) {
        server_fd_ = listen_somewhere(server_port_, k_backlog);
    }
    return static_cast<std::uint16_t>(server_port_);
}

void LinuxWorld::dialled(Name name, ConnectOutcome outcome) {
    settle();
    Peer& own = peer(name);
    own.kind = ObjectKind::tcp;
    if (outcome != ConnectOutcome::accepted) {
        return;
    }
    const int accepted = ::accept4(server_fd_, nullptr, nullptr, SOCK_NONBLOCK);
    if (accepted >= 0) {
        close_one(own.fd);
        own.fd = accepted;
    }
}

SysResult LinuxWorld::peer_send(Name name, std::uint64_t bytes, std::uint64_t position) {
    const Peer& own = peers_[name];
    if (own.kind == ObjectKind::eventfd) {
        return result_of(::write(own.fd, &bytes, sizeof bytes));
    }
    if (own.kind == ObjectKind::udp) {
        const std::size_t size = std::min<std::size_t>(bytes, buffer_.size());
        const SysResult result = result_of(::send(own.fd, buffer_.data(), size, 0));
        settle();
        return result;
    }
    SysResult total = SysResult::ok(0);
    while (bytes > 0) {
        const std::size_t size = std::min<std::size_t>(bytes, buffer_.size());
        const bool pipe = own.kind == ObjectKind::pipe_read || own.kind == ObjectKind::pipe_write;
        const std::byte* from =
            byte_pattern(name, Direction::to_subject, position + static_cast<std::uint64_t>(total.value));
        const SysResult result = pipe ? result_of(::write(own.fd, from, size))
                                      : result_of(::send(own.fd, from, size, MSG_NOSIGNAL));
        if (result.failed()) {
            settle();
            return total.value > 0 ? total : result;
        }
        total.value += result.value;
        bytes -= static_cast<std::uint64_t>(result.value);
    }
    settle();
    return total;
}

World::Taken LinuxWorld::peer_recv(Name name, std::uint64_t bytes, Direction pattern,
                                   std::uint64_t position) {
    const Peer& own = peers_[name];
    if (own.kind == ObjectKind::udp) {
        return {recv_datagrams(own.fd, bytes)};
    }
    const Taken taken =
        take_bytes([&](std::byte* to, std::size_t size) { return result_of(::read(own.fd, to, size)); },
                   buffer_, {own.kind, bytes, name, pattern, position});
    settle();
    return taken;
}

SysResult LinuxWorld::recv_datagrams(int fd, std::uint64_t bytes) {
    if (bytes != 0) {
        return result_of(::read(fd, buffer_.data(), std::min<std::size_t>(bytes, buffer_.size())));
    }
    SysResult total = result_of(::read(fd, buffer_.data(), buffer_.size()));
    SysResult next = total;
    while (!next.failed()) {
        next = result_of(::read(fd, buffer_.data(), buffer_.size()));
        total.value += next.failed() ? 0 : next.value;
    }
    return total;
}

SysResult LinuxWorld::peer_shutdown(Name name, Shut how) {
    return shutdown(peers_[name].fd, how);
}

SysResult LinuxWorld::shutdown(int fd, Shut how) {
    const int value = how == Shut::read ? SHUT_RD : how == Shut::write ? SHUT_WR : SHUT_RDWR;
    const SysResult result = result_of(::shutdown(fd, value));
    settle();
    return result;
}

SysResult LinuxWorld::peer_close(Name name) {
    Peer& own = peers_[name];
    if (own.fd < 0 || !own.owns_fd) {
        return SysResult::fail(EBADF);
    }
    close_one(own.fd);
    settle();
    return SysResult::ok(0);
}

SysResult LinuxWorld::peer_reset(Name name) {
    Peer& own = peers_[name];
    if (own.fd < 0 || !own.owns_fd) {
        return SysResult::fail(EBADF);
    }
    const linger abort{1, 0};
    ::setsockopt(own.fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close_one(own.fd);
    settle();
    return SysResult::ok(0);
}

SysResult LinuxWorld::peer_connect(Name name) {
    if (peers_[name].kind != ObjectKind::listener) {
        return SysResult::fail(EINVAL);
    }
    others_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    return connect_to(others_.back(), peers_[name].port);
}

// The real clock would have to be waited for: runs_on_linux() keeps such scenarios away.
SysResult LinuxWorld::arm(int, Arming, std::uint64_t) {
    return SysResult::fail(ENOSYS);
}

SysResult LinuxWorld::raise() {
    return ::raise(SIGUSR2) == 0 ? SysResult::ok(0) : SysResult::fail(errno);
}

// A datagram of the subject's finds the port closed. If the peer was there before, it is there again afterwards, on the
// same port and with an empty queue.
SysResult LinuxWorld::icmp(Name name, int fd) {
    Peer& own = peers_[name];
    if (own.kind != ObjectKind::udp) {
        return SysResult::fail(EINVAL);
    }
    sockaddr_in address{};
    sockaddr_in subject{};
    socklen_t size = sizeof address;
    const bool there = own.fd >= 0;
    if (there) {
        ::getsockname(own.fd, reinterpret_cast<sockaddr*>(&address), &size);
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&subject), &size);
        close_one(own.fd);
    }
    if (::send(fd, buffer_.data(), 1, 0) < 0) { // took an error that was pending
        ::send(fd, buffer_.data(), 1, 0);
    }
    settle();
    if (there) {
        own.fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        bind_to(own.fd, address);
        connect_datagrams(own.fd, subject);
    }
    return SysResult::ok(0);
}

SysResult LinuxWorld::complete(std::uint64_t, int, std::uint64_t) {
    return SysResult::fail(EINVAL); // what is in memory is complete at once
}

SysResult LinuxWorld::dup(Name name, int fd) {
    Peer& own = peer(name);
    if (own.duplicate >= 0) {
        return SysResult::fail(EEXIST);
    }
    own.duplicate = ::dup(fd);
    own.duplicate_of = fd;
    return result_of(own.duplicate);
}

SysResult LinuxWorld::undup(Name name) {
    Peer& own = peers_[name];
    if (own.duplicate < 0) {
        return SysResult::fail(EBADF);
    }
    close_one(own.duplicate);
    return SysResult::ok(0);
}

SysResult LinuxWorld::fork() {
    if (children_.size() >= k_most_children) {
        return SysResult::fail(EAGAIN);
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        // It holds descriptors and does nothing else, until it is killed or its parent is gone.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (::getppid() == parent) {
            ::pause();
        }
        ::_exit(0);
    }
    if (child < 0) {
        return SysResult::fail(errno);
    }
    children_.push_back(child);
    return SysResult::ok(static_cast<std::int64_t>(children_.size()));
}

SysResult LinuxWorld::child_exit() {
    if (children_.empty()) {
        return SysResult::fail(ECHILD);
    }
    ::kill(children_.back(), SIGKILL);
    ::waitpid(children_.back(), nullptr, 0);
    children_.pop_back();
    settle();
    return SysResult::ok(0);
}

bool LinuxWorld::is_shared(int fd) const {
    return !children_.empty() || std::any_of(used_.begin(), used_.end(), [&](Name name) {
        return peers_[name].duplicate >= 0 && peers_[name].duplicate_of == fd;
    });
}

void LinuxWorld::pass_time(std::uint64_t ms) {
    now_ns_ += ms * 1'000'000;
}

// A wakeup without a reason is the model's alone.
void LinuxWorld::wake(int) {}

void LinuxWorld::end() {
    while (!children_.empty()) {
        child_exit();
    }
    for (const Name name : used_) {
        Peer& own = peers_[name];
        close_one(own.duplicate);
        if (own.owns_fd) {
            close_one(own.fd);
        }
        own = Peer{};
    }
    used_.clear();
    for (int& fd : others_) {
        close_one(fd);
    }
    others_.clear();
    drop_signals();
    close_one(server_fd_);
    full_port_ = 0;
}

unsigned LinuxWorld::descriptors_open() const {
    const unsigned now = count_descriptors();
    return now > open_before_ ? now - open_before_ : 0;
}

} // namespace edgecase
