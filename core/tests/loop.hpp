// A reactor with its kernel and log, and connections whose handlers are closures: what the reactor's tests
// work with.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/reactor.hpp"
#include "core/tests/catch.hpp"
#include "core/tests/failing_kernel.hpp"
#include "core/tests/open_descriptors.hpp"
#include "core/tests/recorded_log.hpp"

namespace edgecase {

extern template class NotifyChannel<FailingKernel>;
extern template class AioChannel<FailingKernel>;
extern template class EpollModule<FailingKernel>;
extern template class Acceptor<FailingKernel>;
extern template class Reactor<FailingKernel>;

using TestReactor = Reactor<FailingKernel>;

// What stands behind a connection's data.
struct Handlers {
    std::function<void(Event&)> read;
    std::function<void(Event&)> write;
};

inline std::array<int, 2> make_pair(int type = SOCK_STREAM) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return ends;
}

inline void put(int fd, std::string_view bytes) {
    REQUIRE(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

class Loop {
public:
    explicit Loop(LogLevel level = LogLevel::info) : log(level), reactor(kernel, log.log) {}

    // A reactor that runs, with few connections, and without file AIO: to give a context back takes the kernel
    // some 40 ms, and only the tests of AIO need one.
    static Options options(std::uint32_t worker_connections = 8, std::uint32_t epoll_events = 8) {
        Options values;
        values.worker_connections = worker_connections;
        values.epoll_events = epoll_events;
        values.capabilities.file_aio = false;
        return values;
    }

    void start(const Options& values = options()) { REQUIRE(reactor.init(values) == Status::ok); }

    // A connection of the reactor on one end of a new unix pair; the other end is the peer's, open until
    // close_peer or the end of the test.
    Connection& open(int type = SOCK_STREAM) {
        const std::array<int, 2> ends = make_pair(type);
        Connection& connection = adopt(ends[0]);
        peers_.push_back(ends[1]);
        peer_slots_.push_back(connection.slot);
        return connection;
    }

    // A connection on a descriptor that the test made.
    Connection& adopt(int fd) {
        Connection* connection = reactor.get_connection(fd);
        REQUIRE(connection != nullptr);
        equip(*connection);
        return *connection;
    }

    // Handlers for a connection that the reactor made.
    void equip(Connection& connection) {
        handlers_.push_back(std::make_unique<Handlers>());
        connection.data = handlers_.back().get();
        connection.read.handler = [](Event& event) { call(event, handlers(*event.connection).read); };
        connection.write.handler = [](Event& event) { call(event, handlers(*event.connection).write); };
    }

    // The peer's descriptor of the connection that was opened last on this slot.
    int peer(const Connection& connection) const {
        for (std::size_t i = peers_.size(); i-- > 0;) {
            if (peer_slots_[i] == connection.slot && peers_[i] != -1) {
                return peers_[i];
            }
        }
        FAIL("no peer");
        return -1;
    }

    void close_peer(const Connection& connection) {
        const int fd = peer(connection);
        for (int& open : peers_) {
            if (open == fd) {
                open = -1;
            }
        }
        ::close(fd);
    }

    static Handlers& handlers(Connection& connection) { return *static_cast<Handlers*>(connection.data); }

    // One wait that does not sleep.
    Status poll(unsigned flags = 0) { return reactor.process_events(0, flags); }

    // Appends words to what happened, for handlers.
    std::function<void(Event&)> note(std::string_view word) {
        return [this, word = std::string(word)](Event&) { happened.push_back(word); };
    }

    ~Loop() {
        for (Connection& connection : reactor.connections()) {
            if (connection.fd != -1 && connection.slot < reactor.connections().connections()) {
                reactor.close_connection(connection);
            }
        }
        for (const int fd : peers_) {
            if (fd != -1) {
                ::close(fd);
            }
        }
        reactor.done();
    }

    std::vector<std::string> happened;

private:
    static void call(Event& event, const std::function<void(Event&)>& handler) {
        // A copy: the handler may close its connection and with it itself.
        if (const std::function<void(Event&)> copy = handler) {
            copy(event);
        }
    }

    std::vector<int> peers_;
    std::vector<std::uint32_t> peer_slots_;
    std::vector<std::unique_ptr<Handlers>> handlers_;
    DescriptorBalance balance_;

public:
    FailingKernel kernel;
    RecordedLog log;
    TestReactor reactor;
};

} // namespace edgecase
