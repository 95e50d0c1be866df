// The reactor as a server on the real kernel, with real sockets on the loopback. Nothing waits for time to pass:
// clients block until what they want is there, and the loop is asked for its state through notify.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/tests/catch.hpp"
#include "core/tests/live_server.hpp"
#include "core/tests/live_socket.hpp"
#include "core/tests/open_descriptors.hpp"

namespace edgecase {
namespace {

constexpr int k_small_buffer = 4'096;

LiveServer::Settings with_options(std::uint32_t worker_connections) {
    LiveServer::Settings settings;
    settings.options.worker_connections = worker_connections;
    return settings;
}

std::vector<Client> connect_clients(const ListeningSocket& socket, std::size_t count) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(socket);
    }
    return clients;
}

// How many of the clients get their own bytes back; all have sent before the first receives.
std::size_t count_echoed(const std::vector<Client>& clients, std::size_t bytes) {
    for (unsigned i = 0; i < clients.size(); ++i) {
        REQUIRE(clients[i].send(pattern(bytes, i)));
    }
    std::size_t echoed = 0;
    for (unsigned i = 0; i < clients.size(); ++i) {
        echoed += clients[i].receive(bytes) == pattern(bytes, i) ? 1 : 0;
    }
    return echoed;
}

// The session whose peer does not take its bytes: its socket is full, and so is its buffer, since it would have
// read on. Null if there is none.
const Connection* held_back(const LiveServer& live) {
    for (const Connection& connection : live.reactor.connections()) {
        if (connection.write.active && !connection.write.ready && connection.read.ready) {
            return &connection;
        }
    }
    return nullptr;
}

// No more descriptors for this process, until the end of the scope or lift().
class NoDescriptors {
public:
    explicit NoDescriptors(int lowest_free) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit full = before_;
        full.rlim_cur = static_cast<rlim_t>(lowest_free);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &full) == 0);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { lift(); }

    void lift() const { static_cast<void>(::setrlimit(RLIMIT_NOFILE, &before_)); }

private:
    rlimit before_{};
};

} // namespace

TEST_CASE("real server: a hundred connections at once get their own bytes back", "[bytes-conserved]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LiveServer::Settings settings = with_options(128);
    settings.options.multi_accept = GENERATE(false, true);
    settings.options.epoll_events = GENERATE(1U, 64U);
    LiveServer live(socket, settings);
    const std::vector<Client> clients = connect_clients(socket, 100);
    CHECK(count_echoed(clients, 10'000) == 100);
    CHECK(live.sessions() == 100);
    CHECK(count_echoed(clients, 100) == 100);
    live.end();
    CHECK(live.log.take().empty());
    for (const Client& client : clients) {
        CHECK(client.at_end());
    }
}

TEST_CASE("real server: who ends its direction gets what is owed, then the end", "[bytes-conserved]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LiveServer::Settings settings;
    settings.echo.buffer_bytes = GENERATE(1U, 100U, 16'384U);
    LiveServer live(socket, settings);
    const Client client(socket);
    const std::string bytes = pattern(3'000, 1);
    REQUIRE(client.send(bytes));
    client.end_sending();
    CHECK(client.receive(bytes.size()) == bytes);
    CHECK(client.at_end());
    CHECK(live.sessions() == 0);
    live.end();
    CHECK(live.log.take().empty());
}

TEST_CASE("real server: a reset ends its connection and no other", "[fds-balanced]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LiveServer live(socket);
    const Client other(socket);
    Client client(socket);
    CHECK(other.echo_of("before") == "before");
    CHECK(client.echo_of("there") == "there");
    CHECK(live.sessions() == 2);
    client.reset();
    CHECK(live.comes_true([&] { return live.server.open_sessions() == 1; }));
    CHECK(other.echo_of("after") == "after");
    live.end();
    CHECK(live.log.take() == Lines{"error: recv() failed"});
}

TEST_CASE("real server: a slow reader holds the server back until it reads", "[no-lost-wakeup]") {
    const DescriptorBalance balance;
    const ListeningSocket socket(k_small_buffer);
    LiveServer::Settings settings;
    settings.echo.buffer_bytes = 1'000;
    LiveServer live(socket, settings);
    Client client;
    client.set_buffers(k_small_buffer);
    client.connect(socket);
    const std::string bytes = pattern(1'000'000, 1);
    std::atomic<bool> all_sent = false;
    std::thread sender([&] { all_sent = client.send(bytes); });
    const Connection* session = nullptr;
    REQUIRE(live.comes_true([&] { return (session = held_back(live)) != nullptr; }));
    CHECK_FALSE(all_sent);
    CHECK(live.comes_true([&] { return live.reactor.posted().empty(); })); // it waits for the edge
    CHECK(client.receive(bytes.size()) == bytes);
    sender.join();
    CHECK(all_sent);
    CHECK(live.comes_true([&] { return session->write.ready; }));
    live.end();
    CHECK(live.log.take().empty());
}

TEST_CASE("real server: a connection on which nothing moves is closed", "[timers-on-time]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LiveServer::Settings settings;
    settings.echo.idle_timeout_ms = 20;
    LiveServer live(socket, settings);
    const Client client(socket);
    CHECK(client.at_end());
    CHECK(live.sessions() == 0);
    live.end();
    CHECK(live.log.take().empty());
}

TEST_CASE("real server: stop gives what is owed and takes no more", "[bytes-conserved]") {
    const DescriptorBalance balance;
    const ListeningSocket socket(k_small_buffer);
    LiveServer::Settings settings;
    settings.echo.buffer_bytes = 200'000; // much more than the sockets hold
    LiveServer live(socket, settings);
    const Client idle(socket);
    CHECK(idle.echo_of("there") == "there");
    Client client;
    client.set_buffers(k_small_buffer);
    client.connect(socket);
    const std::string bytes = pattern(1'000'000, 1);
    std::thread sender([&] { static_cast<void>(client.send(bytes)); });
    const bool owes = live.comes_true([&] { return held_back(live) != nullptr; });
    live.on_loop([&] { live.server.stop(); });
    CHECK(owes);
    CHECK(idle.at_end());
    CHECK(live.sessions() == 1);
    const std::string received = client.receive(bytes.size());
    CHECK(received.size() >= 200'000);
    CHECK(received.size() < bytes.size());
    CHECK(bytes.compare(0, received.size(), received) == 0);
    CHECK(live.sessions() == 0);
    sender.join();
    live.end();
    CHECK(live.log.take().empty());
}

TEST_CASE("real server: when descriptors run out, who waits is served later", "[listener-stays-watched]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LiveServer::Settings settings;
    settings.options.accept_mutex_delay_ms = 5;
    LiveServer live(socket, settings);
    const Client early(socket);
    CHECK(early.echo_of("early") == "early");
    const std::vector<Client> late(3);
    const int lowest_free = socket.copy();
    ::close(lowest_free);
    const NoDescriptors limit(lowest_free);
    for (const Client& client : late) {
        client.connect(socket);
        REQUIRE(client.send("late"));
    }
    // It fails, rests, and fails again; who was there before is served meanwhile.
    CHECK(live.comes_true([&] { return live.log.lines.size() >= 3; }));
    CHECK(early.echo_of("still") == "still");
    CHECK(live.sessions() == 1);
    limit.lift();
    for (const Client& client : late) {
        CHECK(client.receive(4) == "late");
    }
    CHECK(live.sessions() == 4);
    live.end();
    const Lines lines = live.log.take();
    CHECK(std::count(lines.begin(), lines.end(), "crit: accept4() failed") ==
          static_cast<std::ptrdiff_t>(lines.size()));
}

TEST_CASE("real server: two reactors of one process know nothing of each other", "[fds-balanced]") {
    const DescriptorBalance balance;
    const ListeningSocket one;
    const ListeningSocket two;
    LiveServer first(one);
    LiveServer second(two);
    const std::vector<Client> ones = connect_clients(one, 20);
    const std::vector<Client> twos = connect_clients(two, 30);
    CHECK(count_echoed(ones, 5'000) == 20);
    CHECK(count_echoed(twos, 5'000) == 30);
    CHECK(first.sessions() == 20);
    CHECK(second.sessions() == 30);
    first.end();
    CHECK(count_echoed(twos, 100) == 30);
    second.end();
    CHECK(first.log.take().empty());
    CHECK(second.log.take().empty());
}

TEST_CASE("real server: two reactors of one process share a listener", "[listener-stays-watched]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LocalAcceptMutex lock;
    LiveServer::Settings settings;
    settings.options.accept_mutex_delay_ms = 5;
    if (GENERATE(false, true)) {
        settings.mutex = lock.mutex();
    }
    LiveServer first(socket, settings);
    LiveServer second(socket, settings);
    const std::vector<Client> clients = connect_clients(socket, 40);
    CHECK(count_echoed(clients, 5'000) == 40);
    CHECK(first.sessions() + second.sessions() == 40);
    first.end();
    const std::vector<Client> more = connect_clients(socket, 10);
    CHECK(count_echoed(more, 100) == 10);
    second.end();
    CHECK(first.log.take().empty());
    CHECK(second.log.take().empty());
}

TEST_CASE("real server: threads notify it while it serves", "[notify-reaches-handler]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    LiveServer live(socket);
    const std::vector<Client> clients = connect_clients(socket, 4);
    std::atomic<unsigned> errands = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (unsigned round = 0; round < 500; ++round) {
                live.on_loop([&] { ++errands; });
            }
        });
    }
    for (unsigned round = 0; round < 20; ++round) {
        CHECK(count_echoed(clients, 1'000) == 4);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(errands == 2'000);
    live.end();
    CHECK(live.log.take().empty());
}

} // namespace edgecase
