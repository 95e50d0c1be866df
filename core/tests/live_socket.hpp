// Sockets for tests on the real network: a listening one on the loopback, and clients that block.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "core/tests/catch.hpp"

namespace edgecase {

// Nothing here takes a second, unless it hangs.
inline constexpr unsigned k_patience_s = 20;

class Socket {
public:
    Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) { REQUIRE(fd_ >= 0); }
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() { close(); }

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] int copy() const {
        const int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
        REQUIRE(fd >= 0);
        return fd;
    }

    void close() {
        if (fd_ != -1) {
            ::close(std::exchange(fd_, -1));
        }
    }

    // Small buffers are full soon. Before connect or listen.
    void set_buffers(int bytes) const {
        REQUIRE(::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
        REQUIRE(::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0);
    }

private:
    int fd_;
};

// Listens on a free port of the loopback.
class ListeningSocket : public Socket {
public:
    // buffer_bytes: of what is accepted; 0 is the system's default.
    explicit ListeningSocket(int buffer_bytes = 0) {
        if (buffer_bytes != 0) {
            set_buffers(buffer_bytes);
        }
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        REQUIRE(::fcntl(fd(), F_SETFL, O_NONBLOCK) == 0);
        REQUIRE(::bind(fd(), generic, size) == 0);
        REQUIRE(::listen(fd(), 256) == 0);
        REQUIRE(::getsockname(fd(), generic, &size) == 0);
    }

    sockaddr_in address{};
};

// Its calls block, but not for ever.
class Client : public Socket {
public:
    Client() {
        const timeval patience{k_patience_s, 0};
        REQUIRE(::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
        REQUIRE(::setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
    }
    explicit Client(const ListeningSocket& server) : Client() { connect(server); }

    void connect(const ListeningSocket& server) const {
        REQUIRE(::connect(fd(), reinterpret_cast<const sockaddr*>(&server.address), sizeof server.address) ==
                0);
    }

    // Whether all of it went out. No assertion: threads send, too.
    [[nodiscard]] bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // So many bytes; fewer if the end or an error comes before.
    [[nodiscard]] std::string receive(std::size_t size) const {
        std::string bytes(size, '\0');
        std::size_t received = 0;
        while (received < size) {
            const ssize_t more = ::recv(fd(), bytes.data() + received, size - received, 0);
            if (more <= 0) {
                break;
            }
            received += static_cast<std::size_t>(more);
        }
        bytes.resize(received);
        return bytes;
    }

    // Whether what comes next is the end, without an error.
    [[nodiscard]] bool at_end() const {
        char byte = 0;
        return ::recv(fd(), &byte, 1, 0) == 0;
    }

    [[nodiscard]] std::string echo_of(std::string_view bytes) const {
        return send(bytes) ? receive(bytes.size()) : std::string();
    }

    void end_sending() const { REQUIRE(::shutdown(fd(), SHUT_WR) == 0); }

    void reset() {
        const linger at_once{1, 0};
        REQUIRE(::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
        close();
    }
};

// Bytes of which no two stretches are the same, so that loss and disorder show.
inline std::string pattern(std::size_t size, unsigned seed) {
    std::string bytes;
    bytes.reserve(size + 16);
    for (std::size_t place = 0; bytes.size() < size; ++place) {
        bytes += std::to_string(seed);
        bytes += ':';
        bytes += std::to_string(place);
        bytes += ' ';
    }
    bytes.resize(size);
    return bytes;
}

} // namespace edgecase
