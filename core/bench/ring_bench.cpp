// What one event costs on Linux: a ring of unix pairs around which tokens travel. Each event is one recv and
// one send: who receives a token passes it on to the next pair.
//
//   ring_bench reactor|bare EVENTS [wall]
//
// "bare" is an epoll loop without any of a reactor's duties, for comparison. For instructions an event, count
// two runs and divide the difference, which leaves out what it costs to start:
//
//   valgrind --tool=callgrind --callgrind-out-file=/dev/null ring_bench reactor 10000
//   valgrind --tool=callgrind --callgrind-out-file=/dev/null ring_bench reactor 110000
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/linux_reactor.hpp"

namespace edgecase {
namespace {

constexpr std::size_t k_pairs = 100;
constexpr std::size_t k_tokens = 10;
constexpr int k_batch = 64;

void require(bool held, const char* what) {
    if (!held) {
        std::perror(what);
        std::exit(1);
    }
}

// Pair i: what is written to in[i] comes out at out[i].
struct Ring {
    std::array<int, k_pairs> in{};
    std::array<int, k_pairs> out{};

    Ring() {
        for (std::size_t i = 0; i < k_pairs; ++i) {
            int ends[2];
            require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0,
                    "socketpair");
            in[i] = ends[0];
            out[i] = ends[1];
        }
    }

    void start() const {
        for (std::size_t token = 0; token < k_tokens; ++token) {
            require(::send(in[token * k_pairs / k_tokens], "t", 1, MSG_NOSIGNAL) == 1, "send");
        }
    }
};

struct Node {
    NativeReactor* reactor;
    Connection* reader;
    Connection* writer; // of the next pair
    std::size_t* handled;
};

void pass_on(Event& event) {
    Node& node = *static_cast<Node*>(event.connection->data);
    char byte;
    if (node.reactor->recv(*node.reader, &byte, 1).value == 1) {
        static_cast<void>(node.reactor->send(*node.writer, &byte, 1));
        ++*node.handled;
    }
}

std::size_t run_reactor(const Ring& ring, std::size_t events) {
    LinuxKernel kernel;
    Log log;
    NativeReactor reactor(kernel, log);
    Options options;
    options.epoll_events = k_batch;
    require(reactor.init(options) == Status::ok, "init");
    std::size_t handled = 0;
    std::vector<Node> nodes(k_pairs);
    std::vector<Connection*> writers(k_pairs);
    for (std::size_t i = 0; i < k_pairs; ++i) {
        nodes[i].reader = reactor.get_connection(ring.out[i]);
        writers[i] = reactor.get_connection(ring.in[i]);
        nodes[i].reactor = &reactor;
        nodes[i].handled = &handled;
        nodes[i].reader->data = &nodes[i];
        nodes[i].reader->read.handler = pass_on;
        require(reactor.add_event(nodes[i].reader->read, k_clear_event) == Status::ok, "add_event");
    }
    for (std::size_t i = 0; i < k_pairs; ++i) {
        nodes[i].writer = writers[(i + 1) % k_pairs];
    }
    ring.start();
    while (handled < events) {
        require(reactor.process_events(k_timer_infinite, k_update_time) == Status::ok, "process_events");
    }
    return handled;
}

std::size_t run_bare(const Ring& ring, std::size_t events) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    require(epoll != -1, "epoll_create1");
    for (std::size_t i = 0; i < k_pairs; ++i) {
        epoll_event entry{};
        entry.events = EPOLLIN | EPOLLET;
        entry.data.u64 = i;
        require(::epoll_ctl(epoll, EPOLL_CTL_ADD, ring.out[i], &entry) == 0, "epoll_ctl");
    }
    ring.start();
    std::size_t handled = 0;
    epoll_event list[k_batch];
    while (handled < events) {
        const int count = ::epoll_wait(epoll, list, k_batch, -1);
        require(count > 0, "epoll_wait");
        for (int i = 0; i < count; ++i) {
            const std::size_t pair = list[i].data.u64;
            char byte;
            if (::recv(ring.out[pair], &byte, 1, 0) == 1) {
                static_cast<void>(::send(ring.in[(pair + 1) % k_pairs], &byte, 1, MSG_NOSIGNAL));
                ++handled;
            }
        }
    }
    ::close(epoll);
    return handled;
}

} // namespace
} // namespace edgecase

int main(int argc, char** argv) {
    using namespace edgecase;
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (argc < 3 || (mode != "reactor" && mode != "bare")) {
        std::fputs("usage: ring_bench reactor|bare EVENTS [wall]\n", stderr);
        return 2;
    }
    const std::size_t events = std::strtoull(argv[2], nullptr, 10);
    const Ring ring;
    const auto before = std::chrono::steady_clock::now();
    const std::size_t handled = mode == "reactor" ? run_reactor(ring, events) : run_bare(ring, events);
    if (argc > 3) {
        const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - before;
        std::printf("%s: %zu events, %.1f ns each\n", argv[1], handled,
                    spent.count() / static_cast<double>(handled));
    }
    return 0;
}
