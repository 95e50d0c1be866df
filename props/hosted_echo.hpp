// The example server of core/examples/ where scripted reactions stand otherwise: it is made on the subject's
// reactor, is given what was accepted, and its handlers run when its host says so. For that the subject's own
// handlers stand on top of the server's in each connection that it serves.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "core/examples/echo_server.ipp" // IWYU pragma: keep
#include "props/scenario.hpp"

namespace edgecase {

template <Kernel K> class HostedEcho {
public:
    HostedEcho() = default;
    HostedEcho(const HostedEcho&) = delete;
    HostedEcho& operator=(const HostedEcho&) = delete;

    // Forgets the server of an earlier run, whose reactor may be gone, as it is.
    void reset(const Config& config) {
        options_.buffer_bytes = config.echo_buffer;
        options_.idle_timeout_ms = config.echo_idle;
        own_.assign(config.worker_connections, Handlers{});
        server_ = nullptr;
    }

    // Makes the server, unless there is one. After the reactor's first init. Error: there is no memory for it.
    Status start(K& kernel, Reactor<K>& reactor) {
        if (server_ != nullptr) {
            return Status::ok;
        }
        server_ = ::new (static_cast<void*>(storage_.data())) EchoServer<K>(kernel, reactor, options_);
        if (server_->start() != Status::ok) {
            end();
            return Status::error;
        }
        return Status::ok;
    }

    // The server closes what it serves, and is gone. Before the reactor is.
    void end() {
        if (server_ != nullptr) {
            server_->close_all(); // a check that fails may throw here, and not in a destructor
            std::destroy_at(server_);
            server_ = nullptr;
        }
    }

    // Gives it an accepted connection, which has the subject's handlers and data.
    void serve(Connection& connection) {
        const Handlers outer = handlers_of(connection);
        const std::uint32_t generation = connection.generation;
        server_->serve(connection);
        if (connection.generation == generation) {
            own_[connection.slot] = handlers_of(connection);
            set_handlers(connection, outer);
        }
    }

    // Has the server's own handler of that event run.
    void handle(Event& event) {
        Connection& connection = *event.connection;
        const Handlers outer = handlers_of(connection);
        const std::uint32_t generation = connection.generation;
        set_handlers(connection, own_[connection.slot]);
        event.handler(event);
        if (connection.generation == generation) {
            own_[connection.slot] = handlers_of(connection);
            set_handlers(connection, outer);
        }
    }

private:
    // What an owner sets in a connection.
    struct Handlers {
        EventHandler read = nullptr;
        EventHandler write = nullptr;
        void* data = nullptr;
    };

    static Handlers handlers_of(const Connection& connection) {
        return {connection.read.handler, connection.write.handler, connection.data};
    }

    static void set_handlers(Connection& connection, const Handlers& handlers) {
        connection.read.handler = handlers.read;
        connection.write.handler = handlers.write;
        connection.data = handlers.data;
    }

    EchoOptions options_;
    std::vector<Handlers> own_; // by slot
    alignas(EchoServer<K>) std::array<std::byte, sizeof(EchoServer<K>)> storage_;
    EchoServer<K>* server_ = nullptr;
};

} // namespace edgecase
