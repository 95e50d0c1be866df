// What the conformance tests share: short ways to write a watch, a wait, a mask and the pairs of descriptors.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "fakekernel/conformance/system.hpp"
#include "fakekernel/tests/catch.hpp"

// The model alone where there is no epoll.
#ifdef EDGECASE_TEST_BUILD_EPOLL
#define EDGECASE_BOTH_KERNELS edgecase::fake::conformance::ModelSystem
#else
#define EDGECASE_BOTH_KERNELS                                                                                \
    edgecase::fake::conformance::RealSystem, edgecase::fake::conformance::ModelSystem
#endif

namespace edgecase::fake::conformance {

inline constexpr std::uint32_t k_in = k_epollin;
inline constexpr std::uint32_t k_out = k_epollout;
inline constexpr std::uint32_t k_et = k_epollet;
inline constexpr std::uint32_t k_everything = k_epollin | k_epollout | k_epollpri | k_epollrdhup;

template <class System> struct Watcher {
    System& system;
    int fd;

    explicit Watcher(System& owner) : system(owner), fd(static_cast<int>(owner.epoll_create1(0))) {}

    long control(int op, int target, std::uint32_t events, std::uint64_t data) {
        EpollEvent event{};
        event.events = events;
        event.data = data;
        return system.epoll_ctl(fd, op, target, &event);
    }
    long add(int target, std::uint32_t events, std::uint64_t data) {
        return control(k_epoll_ctl_add, target, events, data);
    }
    long mod(int target, std::uint32_t events, std::uint64_t data) {
        return control(k_epoll_ctl_mod, target, events, data);
    }
    long del(int target) { return system.epoll_ctl(fd, k_epoll_ctl_del, target, nullptr); }

    // "1:5 2:11": data and mask of each report in order, in hexadecimal; the errno negated if the wait
    // failed.
    std::string wait(int maxevents = 64) {
        std::vector<EpollEvent> events(static_cast<std::size_t>(maxevents));
        const long count = system.epoll_wait(fd, events.data(), maxevents);
        if (count < 0) return std::to_string(count);
        std::string text;
        for (long i = 0; i < count; ++i) {
            const EpollEvent event = events[static_cast<std::size_t>(i)];
            char entry[48];
            std::snprintf(entry, sizeof entry, "%s%llx:%x", i == 0 ? "" : " ",
                          static_cast<unsigned long long>(event.data), event.events);
            text += entry;
        }
        return text;
    }
};

struct Pair {
    int a = -1;
    int b = -1;
};

template <class System> Pair unix_pair(System& system, int type = k_sock_stream) {
    int fds[2] = {-1, -1};
    REQUIRE(system.socketpair(type, k_o_nonblock, fds) == 0);
    return Pair{fds[0], fds[1]};
}

// a reads, b writes.
template <class System> Pair pipe_pair(System& system) {
    int fds[2] = {-1, -1};
    REQUIRE(system.pipe2(fds, k_o_nonblock) == 0);
    return Pair{fds[0], fds[1]};
}

template <class System> int event(System& system, unsigned initial = 0, int flags = 0) {
    return static_cast<int>(system.eventfd(initial, k_efd_nonblock | flags));
}

template <class System> int tcp_socket(System& system) {
    return static_cast<int>(system.socket(FileKind::tcp, k_o_nonblock));
}

template <class System> int tcp_listener(System& system, int backlog = 8) {
    const int fd = tcp_socket(system);
    REQUIRE(system.bind(fd, 0) == 0);
    REQUIRE(system.listen(fd, backlog) == 0);
    return fd;
}

// A client of the listener; its connection stands when this returns.
template <class System> int tcp_client(System& system, int listener) {
    const int fd = tcp_socket(system);
    const auto port = static_cast<std::uint16_t>(system.port(listener));
    REQUIRE(system.connect(fd, port) == -k_einprogress);
    system.settle();
    return fd;
}

// a connected, b accepted.
template <class System> Pair tcp_pair(System& system) {
    const int listener = tcp_listener(system);
    const int client = tcp_client(system, listener);
    const auto server = static_cast<int>(system.accept4(listener, k_o_nonblock));
    REQUIRE(server >= 0);
    system.close(listener);
    return Pair{client, server};
}

template <class System> long put(System& system, int fd, std::size_t size) {
    const std::vector<char> bytes(size, 'x');
    return system.write(fd, bytes.data(), size);
}

template <class System> long take(System& system, int fd, std::size_t size) {
    std::vector<char> bytes(size + 1);
    return system.read(fd, bytes.data(), size);
}

// An eventfd's value in and out.
template <class System> long add_to(System& system, int fd, std::uint64_t value) {
    return system.write(fd, &value, sizeof value);
}
template <class System> std::uint64_t read_counter(System& system, int fd) {
    std::uint64_t value = 0;
    REQUIRE(system.read(fd, &value, sizeof value) == 8);
    return value;
}

// What an item asking for IN|OUT|PRI|RDHUP reports now.
template <class System> std::uint32_t mask(System& system, int fd) {
    return static_cast<std::uint32_t>(system.poll(fd, k_everything));
}

// The same once the loopback is quiet.
template <class System> std::uint32_t settled(System& system, int fd) {
    system.settle();
    return mask(system, fd);
}

} // namespace edgecase::fake::conformance
