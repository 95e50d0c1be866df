// Definitions of echo_server.hpp. Included by the one .cpp that instantiates the server for a kernel.
#pragma once

#include <new>

#include "core/check.hpp"
#include "core/examples/echo_server.hpp"

namespace edgecase {

template <Kernel K>
EchoServer<K>::EchoServer(K& kernel, Reactor<K>& reactor, const EchoOptions& options)
    : kernel_(kernel), reactor_(reactor), options_(options) {
    EDGECASE_CHECK(options.buffer_bytes != 0, "a session needs a buffer");
    listener_.data = this;
    listener_.handler = [](Listener& listener, Connection& accepted) {
        static_cast<EchoServer*>(listener.data)->serve(accepted);
    };
}

template <Kernel K> EchoServer<K>::~EchoServer() {
    close_all();
    kernel_.release(buffers_, std::size_t{slots_} * options_.buffer_bytes, alignof(std::max_align_t));
    kernel_.release(sessions_, slots_ * sizeof(Session), alignof(Session));
}

template <Kernel K> Status EchoServer<K>::start() {
    EDGECASE_CHECK(slots_ == 0, "the server is started twice");
    const std::uint32_t slots = reactor_.connections().connections();
    void* sessions = kernel_.allocate(slots * sizeof(Session), alignof(Session));
    if (sessions == nullptr) {
        return Status::error;
    }
    void* buffers = kernel_.allocate(std::size_t{slots} * options_.buffer_bytes, alignof(std::max_align_t));
    if (buffers == nullptr) {
        kernel_.release(sessions, slots * sizeof(Session), alignof(Session));
        return Status::error;
    }
    slots_ = slots;
    sessions_ = static_cast<Session*>(sessions);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        new (sessions_ + slot) Session;
    }
    buffers_ = static_cast<std::byte*>(buffers);
    return Status::ok;
}

template <Kernel K> Status EchoServer<K>::listen(int fd) {
    EDGECASE_CHECK(slots_ != 0, "the server listens before it is started", fd);
    return reactor_.listen(listener_, fd);
}

template <Kernel K> void EchoServer<K>::serve(Connection& connection) {
    sessions_[connection.slot] = Session{this};
    ++open_sessions_;
    connection.data = &sessions_[connection.slot];
    connection.read.handler = on_event;
    connection.write.handler = on_event;
    if (stopping_ || reactor_.add_connection(connection) != Status::ok) {
        close(connection);
        return;
    }
    reactor_.add_timer(connection.read, options_.idle_timeout_ms);
}

template <Kernel K> void EchoServer<K>::stop() {
    stopping_ = true;
    close_listener();
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
        Connection& connection = reactor_.connections().at(slot);
        if (sessions_[slot].server != nullptr && is_over(connection)) {
            close(connection);
        }
    }
}

template <Kernel K> void EchoServer<K>::close_all() {
    close_listener();
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
        if (sessions_[slot].server != nullptr) {
            close(reactor_.connections().at(slot));
        }
    }
}

template <Kernel K> void EchoServer<K>::on_event(Event& event) {
    Connection& connection = *event.connection;
    EchoServer& server = *static_cast<Session*>(connection.data)->server;
    if (event.timedout) {
        server.close(connection);
        return;
    }
    server.echo(connection);
}

template <Kernel K> void EchoServer<K>::echo(Connection& connection) {
    for (unsigned round = 0; round < k_most_rounds; ++round) {
        // Reports are edge-triggered: what is ready now is not reported again. So it goes on until neither
        // direction can move.
        const bool received = receive(connection);
        const bool sent = send(connection);
        if (is_over(connection)) {
            close(connection);
            return;
        }
        if (!received && !sent) {
            return;
        }
        reactor_.add_timer(connection.read, options_.idle_timeout_ms);
    }
    // There is more to do, but others wait: it goes on in the next turn, which will not sleep.
    reactor_.post(connection.read);
}

// Whether bytes came in.
template <Kernel K> bool EchoServer<K>::receive(Connection& connection) {
    Session& session = sessions_[connection.slot];
    const std::uint32_t taken = answers() && session.owed() != 0 ? options_.buffer_bytes : session.end;
    const std::uint32_t room = options_.buffer_bytes - taken;
    if (!connection.read.ready || room == 0 || stopping_) {
        return false;
    }
    std::byte* const bytes = buffer_of(connection) + taken;
    const SysResult result = reactor_.recv(connection, bytes, room);
    if (result.value <= 0) {
        return false; // ready is cleared, eof or error set, as the case may be
    }
    if (answers()) {
        take_requests(session, bytes, static_cast<std::size_t>(result.value));
    } else {
        session.end += static_cast<std::uint32_t>(result.value);
    }
    return true;
}

// The heads of requests that end in these bytes.
template <Kernel K>
void EchoServer<K>::take_requests(Session& session, const std::byte* bytes, std::size_t size) const {
    constexpr std::string_view k_empty_line = "\r\n\r\n";
    for (std::size_t i = 0; i < size; ++i) {
        const char byte = static_cast<char>(bytes[i]);
        if (byte == k_empty_line[session.empty_line]) {
            ++session.empty_line;
        } else {
            session.empty_line = byte == '\r' ? 1 : 0;
        }
        if (session.empty_line == k_empty_line.size()) {
            session.empty_line = 0;
            ++session.answers;
        }
    }
    session.end = session.answers != 0 ? static_cast<std::uint32_t>(options_.answer.size()) : 0;
}

// Whether bytes went out.
template <Kernel K> bool EchoServer<K>::send(Connection& connection) {
    Session& session = sessions_[connection.slot];
    if (!connection.write.ready || session.owed() == 0) {
        return false;
    }
    const void* const source =
        answers() ? static_cast<const void*>(options_.answer.data()) : buffer_of(connection);
    const SysResult result =
        reactor_.send(connection, static_cast<const std::byte*>(source) + session.begin, session.owed());
    if (result.value <= 0) {
        return false;
    }
    session.begin += static_cast<std::uint32_t>(result.value);
    if (session.owed() == 0) {
        session.begin = 0;
        const bool more = answers() && --session.answers != 0;
        session.end = more ? static_cast<std::uint32_t>(options_.answer.size()) : 0;
    }
    return true;
}

// The connection failed, or its peer has ended its direction (or the server is stopping) and nothing is owed.
template <Kernel K> bool EchoServer<K>::is_over(const Connection& connection) const {
    if (connection.read.error || connection.write.error) {
        return true;
    }
    return (connection.read.eof || stopping_) && sessions_[connection.slot].owed() == 0;
}

template <Kernel K> void EchoServer<K>::close(Connection& connection) {
    sessions_[connection.slot] = Session{};
    --open_sessions_;
    reactor_.close_connection(connection);
}

template <Kernel K> void EchoServer<K>::close_listener() {
    if (listener_.is_open()) {
        // Other workers may have copies of the descriptor: it must not be watched here while they go on.
        reactor_.close_shared_connection(*listener_.connection);
    }
}

template <Kernel K> std::byte* EchoServer<K>::buffer_of(const Connection& connection) const {
    return buffers_ + std::size_t{connection.slot} * options_.buffer_bytes;
}

} // namespace edgecase
