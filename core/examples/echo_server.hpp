// A server that sends back what it is sent, as an example of an application on the reactor. Its listeners,
// connections and timers are the reactor's; its own are a session for each slot of the connection table, and a
// buffer of fixed size for each session. Both are asked for once, in start(): nothing is allocated per
// connection or per event.
//
// A template on the kernel, as the reactor is: echo_server.cpp runs it on Linux.
//
// What it promises to a peer:
// - Every byte comes back, in order, as long as neither side closes or resets the connection.
// - Back-pressure: who does not take its bytes back is not read from, once its buffer is full.
// - Half-close: who ends its own direction gets what is owed to it, then the end.
// - A connection on which nothing moves for the idle timeout is closed. The reactor's timers may fire up to
//   300 ms early when they are set again and again (timers.hpp).
// - One call of a handler moves a bounded number of bytes; a busy peer does not keep others waiting.
//
// With an answer it is the least that HTTP clients can be served with: for the end of each request's head, an empty line,
// it sends that answer, and nothing comes back. It knows no request from another, and none that has a body.
//
// Definitions are in echo_server.ipp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/reactor.hpp"

namespace edgecase {

struct EchoOptions {
    std::uint32_t buffer_bytes = 16'384; // of each connection; at least 1
    Msec idle_timeout_ms = 60'000;
    std::string_view answer = {}; // not empty: what goes out for each request, in place of its bytes
};

template <Kernel K> class EchoServer {
public:
    // So many times one call of a handler receives and sends, before it lets others have their turn.
    static constexpr unsigned k_most_rounds = 16;

    // Kernel and reactor must outlive the server. Calls nobody.
    EchoServer(K& kernel, Reactor<K>& reactor, const EchoOptions& options);
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;

    // Closes what is open and gives the memory back.
    ~EchoServer();

    // Asks for the sessions and their buffers. Once, after the first init of the reactor. Error: there is no
    // memory for them.
    Status start();

    // Serves whoever connects to this listening descriptor (non-blocking). Once. Error: the descriptor is
    // still the caller's, and the reactor's log says why.
    Status listen(int fd);

    // Serves one connection, which is the server's from now on. It must not be in epoll. If the reactor
    // cannot add it, it is closed.
    void serve(Connection& connection);

    // Closes the listener, reads nothing any more, and closes each connection as soon as nothing is owed to
    // it.
    void stop();

    // Closes the listener and every connection, whatever is owed.
    void close_all();

    // How many connections are being served.
    [[nodiscard]] std::uint32_t open_sessions() const { return open_sessions_; }

private:
    // One connection that is served, or none (server is null). What waits to be sent are the bytes from begin to
    // end, of its buffer or of the answer. Before more is put behind them than the buffer holds, all of them must be
    // gone; and before more requests are read, all answers.
    struct Session {
        EchoServer* server = nullptr;
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        std::uint32_t answers = 0;    // that are owed, the one under way included
        std::uint32_t empty_line = 0; // how much of "\r\n\r\n" the bytes received so far end with

        [[nodiscard]] std::uint32_t owed() const { return end - begin; }
    };

    static void on_event(Event& event);
    void echo(Connection& connection);
    bool receive(Connection& connection);
    bool send(Connection& connection);
    [[nodiscard]] bool answers() const { return !options_.answer.empty(); }
    void take_requests(Session& session, const std::byte* bytes, std::size_t size) const;
    [[nodiscard]] bool is_over(const Connection& connection) const;
    void close(Connection& connection);
    void close_listener();
    [[nodiscard]] std::byte* buffer_of(const Connection& connection) const;

    K& kernel_;
    Reactor<K>& reactor_;
    EchoOptions options_;
    Listener listener_;
    std::uint32_t slots_ = 0;
    Session* sessions_ = nullptr;  // by slot
    std::byte* buffers_ = nullptr; // buffer_bytes for each slot
    std::uint32_t open_sessions_ = 0;
    bool stopping_ = false;
};

} // namespace edgecase
