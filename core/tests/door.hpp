// A listener of a Loop on the loopback, and the clients that connect to it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <functional>
#include <vector>

#include "core/tests/loop.hpp"

namespace edgecase {

class Door {
public:
    // listen() is the test's to call, or open() does it.
    explicit Door(Loop& loop, int backlog = 128) : loop_(loop) {
        fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        REQUIRE(fd >= 0);
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        REQUIRE(::bind(fd, generic(), size) == 0);
        REQUIRE(::listen(fd, backlog) == 0);
        REQUIRE(::getsockname(fd, generic(), &size) == 0);
        listener.data = this;
        listener.handler = [](Listener& self, Connection& connection) {
            static_cast<Door*>(self.data)->take(connection);
        };
    }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    ~Door() {
        if (listener.is_open()) {
            loop_.reactor.close_connection(*listener.connection);
        }
        for (const int client : clients) {
            ::close(client);
        }
    }

    Door& open() {
        REQUIRE(loop_.reactor.listen(listener, fd) == Status::ok);
        return *this;
    }

    // Clients connect; the kernel lets them in, whether the listener accepts or not.
    void knock(unsigned times = 1) {
        for (unsigned i = 0; i < times; ++i) {
            const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            REQUIRE(client >= 0);
            clients.push_back(client);
            REQUIRE(::connect(client, generic(), sizeof address_) == 0);
        }
    }

    [[nodiscard]] InetAddress address() const { return {INADDR_LOOPBACK, ntohs(address_.sin_port)}; }
    [[nodiscard]] Event& event() const { return listener.connection->read; }
    [[nodiscard]] bool watched() const { return event().active; }

    Listener listener;
    int fd = -1;
    std::vector<int> clients;
    std::vector<Connection*> accepted;
    std::function<void(Connection&)> then; // in the handler, after the connection was noted

private:
    void take(Connection& connection) {
        accepted.push_back(&connection);
        if (then) {
            then(connection);
        }
    }

    sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

    Loop& loop_;
    sockaddr_in address_{};
};

} // namespace edgecase
