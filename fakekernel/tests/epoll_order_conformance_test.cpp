// The ready list: section D of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

// Five eventfds, watched in order with data 1 to 5.
template <class System> struct Counters {
    System& system;
    Watcher<System> epoll;
    int fds[6] = {};

    explicit Counters(System& owner, std::uint32_t events = k_in) : system(owner), epoll(owner) {
        for (int i = 1; i <= 5; ++i) {
            fds[i] = event(system);
            epoll.add(fds[i], events, static_cast<std::uint64_t>(i));
        }
    }
    void raise(int i) { add_to(system, fds[i], 1); }
    void drain(int i) { read_counter(system, fds[i]); }
};

TEMPLATE_TEST_CASE("ready list: first in, first out, and a second signal moves nothing", "[S-28]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system);
    for (const int i : {3, 1, 5, 3, 2, 1})
        counters.raise(i);
    CHECK(counters.epoll.wait() == "3:1 1:1 5:1 2:1");
    const Pair pair = unix_pair(system);
    const Pair pipe = pipe_pair(system);
    Watcher<TestType> mixed(system);
    const int counter = event(system);
    mixed.add(counter, k_in | k_et, 1);
    mixed.add(pair.a, k_in | k_et, 2);
    mixed.add(pipe.a, k_in | k_et, 3);
    put(system, pipe.b, 1);
    put(system, pair.b, 1);
    add_to(system, counter, 1);
    put(system, pipe.b, 1);
    CHECK(mixed.wait() == "3:1 2:1 1:1");
}

TEMPLATE_TEST_CASE("ready list: what was ready at ADD stands in the order of the ADDs", "[S-29]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    int fds[3] = {};
    for (int& fd : fds)
        fd = event(system);
    for (const int i : {2, 1, 0})
        add_to(system, fds[i], 1);
    for (const int i : {1, 0, 2})
        epoll.add(fds[i], k_in | k_et, static_cast<std::uint64_t>(i) + 1);
    CHECK(epoll.wait() == "2:1 1:1 3:1");
}

TEMPLATE_TEST_CASE("ready list: an item that is idle at the harvest vanishes and costs nothing",
                   "[S-30][S-31]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system);
    for (const int i : {1, 2, 3})
        counters.raise(i);
    counters.drain(1);
    CHECK(counters.epoll.wait(1) == "2:1");
    counters.drain(2);
    counters.drain(3);
    CHECK(counters.epoll.wait() == "");
    const Pair pair = unix_pair(system);
    Watcher<TestType> epoll(system);
    epoll.add(pair.a, k_in | k_epollrdhup | k_et, 1);
    put(system, pair.b, 1);
    system.close(pair.b);
    CHECK(epoll.wait() == "1:2011");
}

TEMPLATE_TEST_CASE("ready list: a level-triggered item goes to the tail at once and is dropped late",
                   "[S-32][S-33]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system);
    counters.raise(1);
    counters.raise(2);
    CHECK(counters.epoll.wait() == "1:1 2:1");
    counters.drain(1);
    counters.raise(1); // no wait between: the old place is kept
    CHECK(counters.epoll.wait() == "1:1 2:1");
    counters.drain(1);
    CHECK(counters.epoll.wait() == "2:1");
    counters.raise(1); // a wait between: to the tail
    CHECK(counters.epoll.wait() == "2:1 1:1");
}

TEMPLATE_TEST_CASE("ready list: level and edge differ in the order of the same traffic", "[S-34]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    for (const bool edge : {false, true}) {
        Counters<TestType> counters(system, edge ? k_in | k_et : k_in);
        counters.raise(1);
        CHECK(counters.epoll.wait() == "1:1");
        counters.raise(2);
        counters.drain(1);
        counters.raise(1);
        CHECK(counters.epoll.wait() == (edge ? "2:1 1:1" : "1:1 2:1"));
    }
}

TEMPLATE_TEST_CASE("ready list: what maxevents cuts off comes first next time", "[S-35]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system);
    for (const int i : {1, 2, 3, 4})
        counters.raise(i);
    CHECK(counters.epoll.wait(1) == "1:1");
    CHECK(counters.epoll.wait(1) == "2:1");
    CHECK(counters.epoll.wait(1) == "3:1");
    CHECK(counters.epoll.wait(1) == "4:1");
    CHECK(counters.epoll.wait(1) == "1:1");
    CHECK(counters.epoll.wait(3) == "2:1 3:1 4:1");
    CHECK(counters.epoll.wait(3) == "1:1 2:1 3:1");
    CHECK(counters.epoll.wait(3) == "4:1 1:1 2:1");
}

TEMPLATE_TEST_CASE("ready list: an edge left over by maxevents is kept", "[S-36]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system, k_in | k_et);
    for (const int i : {1, 2, 3})
        counters.raise(i);
    CHECK(counters.epoll.wait(1) == "1:1");
    CHECK(counters.epoll.wait(1) == "2:1");
    CHECK(counters.epoll.wait(1) == "3:1");
    CHECK(counters.epoll.wait(1) == "");
}

TEMPLATE_TEST_CASE("ready list: MOD keeps the place of a queued item and appends a ready one", "[S-37][S-38]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system, k_in | k_et);
    for (const int i : {1, 2, 3})
        counters.raise(i);
    counters.epoll.mod(counters.fds[2], k_in | k_out | k_et, 9);
    CHECK(counters.epoll.wait() == "1:1 9:5 3:1");
    counters.raise(3);
    counters.epoll.mod(counters.fds[1], k_in | k_et, 8);
    CHECK(counters.epoll.wait() == "3:1 8:1");
    counters.raise(1);
    counters.raise(2);
    counters.epoll.mod(counters.fds[1], k_epollpri, 7);
    CHECK(counters.epoll.wait() == "9:5");
    counters.epoll.mod(counters.fds[1], k_in, 6);
    CHECK(counters.epoll.wait() == "6:1");
}

TEMPLATE_TEST_CASE("ready list: DEL and the last close take an item off", "[S-39][S-40]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Counters<TestType> counters(system);
    for (const int i : {1, 2, 3, 4})
        counters.raise(i);
    counters.epoll.del(counters.fds[1]);
    counters.epoll.add(counters.fds[1], k_in, 1);
    counters.epoll.del(counters.fds[2]);
    system.close(counters.fds[3]);
    CHECK(counters.epoll.wait() == "4:1 1:1");
}

TEMPLATE_TEST_CASE("ready list: two reasons are one entry, two numbers are two", "[S-42][S-75]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = unix_pair(system);
    const auto copy = static_cast<int>(system.dup(pair.a));
    const auto third = static_cast<int>(system.dup(pair.a));
    epoll.add(pair.a, k_in | k_out | k_et, 1);
    epoll.add(copy, k_in | k_et, 2);
    epoll.add(third, k_in | k_et, 3);
    CHECK(epoll.wait() == "1:4");
    put(system, pair.b, 1);
    CHECK(epoll.wait() == "3:1 2:1 1:5");
}

} // namespace
} // namespace edgecase::fake::conformance
