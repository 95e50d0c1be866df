// What makes an edge: section E of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("edge, eventfd: each write is one, drained or not, of 0 too", "[S-43][S-44][S-45]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system);
    epoll.add(counter, k_in | k_et, 1);
    add_to(system, counter, 0);
    CHECK(epoll.wait() == "");
    add_to(system, counter, 1);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.wait() == "");
    add_to(system, counter, 1);
    add_to(system, counter, 1);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.wait() == "");
    add_to(system, counter, 0);
    CHECK(epoll.wait() == "1:1");
}

TEMPLATE_TEST_CASE("edge, eventfd: each read that succeeds is one for OUT", "[S-46][S-47]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system);
    epoll.add(counter, k_in | k_out | k_et, 1);
    CHECK(epoll.wait() == "1:4");
    add_to(system, counter, 1);
    CHECK(epoll.wait() == "1:5");
    read_counter(system, counter);
    CHECK(epoll.wait() == "1:4");
    CHECK(take(system, counter, 8) == -k_eagain);
    CHECK(epoll.wait() == "");
    epoll.mod(counter, k_out | k_et, 2);
    CHECK(epoll.wait() == "2:4");
    add_to(system, counter, 1);
    CHECK(epoll.wait() == "");
    const int semaphore = event(system, 3, k_efd_semaphore);
    epoll.add(semaphore, k_in | k_et, 3);
    CHECK(epoll.wait() == "3:1");
    CHECK(read_counter(system, semaphore) == 1);
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("edge, pipe: each write is one, although the pipe was not empty", "[S-48]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pipe = pipe_pair(system);
    put(system, pipe.b, 1);
    epoll.add(pipe.a, k_in | k_et, 1);
    CHECK(epoll.wait() == "1:1");
    put(system, pipe.b, 1);
    CHECK(epoll.wait() == "1:1");
    CHECK(take(system, pipe.a, 1) == 1);
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("edge, pipe: a read is one for OUT only if it frees the first buffer of a full pipe",
                   "[S-49]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pipe = pipe_pair(system);
    epoll.add(pipe.b, k_out | k_et, 1);
    CHECK(epoll.wait() == "1:4");
    put(system, pipe.b, 4096);
    take(system, pipe.a, 4096);
    CHECK(epoll.wait() == "");
    CHECK(put(system, pipe.b, 70'000) == 65'536);
    CHECK(epoll.wait() == "");
    take(system, pipe.a, 4095);
    CHECK(epoll.wait() == "");
    CHECK(mask(system, pipe.b) == 0);
    take(system, pipe.a, 1);
    CHECK(epoll.wait() == "1:4");
    take(system, pipe.a, 4096);
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("edge, pipe: the writer's close is one, draining after it is none", "[S-50]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pipe = pipe_pair(system);
    epoll.add(pipe.a, k_in | k_et, 1);
    put(system, pipe.b, 5);
    CHECK(epoll.wait() == "1:1");
    system.close(pipe.b);
    CHECK(epoll.wait() == "1:11");
    take(system, pipe.a, 5);
    CHECK(epoll.wait() == "");
    const Pair other = pipe_pair(system);
    epoll.add(other.a, k_in | k_et, 2);
    system.close(other.b);
    CHECK(epoll.wait() == "2:10");
}

TEMPLATE_TEST_CASE("edge, unix: each send is one, and each message wholly read is one for OUT at the sender",
                   "[S-51]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = unix_pair(system);
    epoll.add(pair.a, k_out | k_et, 1);
    epoll.add(pair.b, k_in | k_et, 2);
    CHECK(epoll.wait() == "1:4");
    put(system, pair.a, 10);
    CHECK(epoll.wait() == "2:1");
    put(system, pair.a, 10);
    CHECK(epoll.wait() == "2:1");
    take(system, pair.b, 4);
    CHECK(epoll.wait() == "");
    take(system, pair.b, 6);
    CHECK(epoll.wait() == "1:4");
    take(system, pair.b, 10);
    CHECK(epoll.wait() == "1:4");
}

TEMPLATE_TEST_CASE("edge, TCP: each arrival is one, a read is none", "[S-52][S-53][S-54]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = tcp_pair(system);
    epoll.add(pair.a, k_in | k_out | k_et, 1);
    epoll.add(pair.b, k_out | k_et, 2);
    system.settle();
    CHECK(epoll.wait() == "1:4 2:4");
    put(system, pair.b, 10);
    system.settle();
    CHECK(epoll.wait() == "1:5");
    put(system, pair.b, 10);
    system.settle();
    CHECK(epoll.wait() == "1:5");
    take(system, pair.a, 4);
    take(system, pair.a, 16);
    system.settle();
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("edge, TCP: OUT comes once a send has met the limit and enough was read", "[S-53]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = tcp_pair(system);
    epoll.add(pair.a, k_out | k_et, 1);
    CHECK(epoll.wait() == "1:4");
    std::size_t sent = 0;
    for (int i = 0; i < 100; ++i) {
        const long moved = put(system, pair.a, 1 << 20);
        if (moved < 0) {
            CHECK(moved == -k_eagain);
            if (!TestType::k_real) break;
            system.settle();
            if (put(system, pair.a, 1 << 20) == -k_eagain) break;
        }
        sent += static_cast<std::size_t>(moved > 0 ? moved : 0);
    }
    CHECK(sent > 0);
    epoll.wait(); // the real kernel may have made room meanwhile
    while (put(system, pair.a, 1 << 20) > 0)
        system.settle();
    CHECK(epoll.wait() == "");
    CHECK(mask(system, pair.a) == 0);
    while (take(system, pair.b, 1 << 20) > 0)
        system.settle();
    CHECK(epoll.wait() == "1:4");
}

TEMPLATE_TEST_CASE("edge, TCP: the FIN is one, draining after it is none", "[S-55]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = tcp_pair(system);
    epoll.add(pair.a, k_in | k_epollrdhup | k_et, 1);
    put(system, pair.b, 10);
    system.settle();
    CHECK(epoll.wait() == "1:1");
    system.shutdown(pair.b, k_shut_wr);
    system.settle();
    CHECK(epoll.wait() == "1:2001");
    CHECK(take(system, pair.a, 100) == 10);
    CHECK(take(system, pair.a, 100) == 0);
    CHECK(epoll.wait() == "");
    const Pair late = tcp_pair(system);
    epoll.add(late.a, k_in | k_out | k_epollrdhup | k_et, 2);
    CHECK(epoll.wait() == "2:4");
    put(system, late.b, 1000);
    system.close(late.b);
    system.settle();
    CHECK(epoll.wait() == "2:2005");
}

TEMPLATE_TEST_CASE("edge, TCP: one's own shutdown is one", "[S-56]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = tcp_pair(system);
    epoll.add(pair.a, k_in | k_epollrdhup | k_et, 1);
    CHECK(epoll.wait() == "");
    system.shutdown(pair.a, k_shut_rd);
    CHECK(epoll.wait() == "1:2001");
    system.shutdown(pair.a, k_shut_wr);
    system.settle();
    CHECK(epoll.wait() == "1:2011");
}

TEMPLATE_TEST_CASE("edge, listener: each connection is one, an accept is none", "[S-57]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> edge(system);
    Watcher<TestType> level(system);
    const int listener = tcp_listener(system);
    edge.add(listener, k_in | k_et, 1);
    level.add(listener, k_in, 2);
    tcp_client(system, listener);
    CHECK(edge.wait() == "1:1");
    tcp_client(system, listener);
    CHECK(edge.wait() == "1:1");
    CHECK(system.accept4(listener, k_o_nonblock) >= 0);
    CHECK(edge.wait() == "");
    CHECK(level.wait() == "2:1");
    CHECK(level.wait() == "2:1");
    CHECK(system.accept4(listener, k_o_nonblock) >= 0);
    CHECK(level.wait() == "");
    CHECK(system.accept4(listener, k_o_nonblock) == -k_eagain);
}

TEMPLATE_TEST_CASE("edge: MOD while ready is one, ADD of a ready file too", "[S-59][S-60]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system, 1);
    epoll.add(counter, k_in | k_et, 1);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.wait() == "");
    epoll.mod(counter, k_in | k_et, 1);
    CHECK(epoll.wait() == "1:1");
    read_counter(system, counter);
    epoll.mod(counter, k_in | k_et, 1);
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("edge, TCP: a socket added before connect reports OUT|HUP, then what became of it",
                   "[S-61]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int listener = tcp_listener(system);
    const auto port = static_cast<std::uint16_t>(system.port(listener));
    const int good = tcp_socket(system);
    epoll.add(good, k_out | k_et, 1);
    CHECK(epoll.wait() == "1:14");
    CHECK(system.connect(good, port) == -k_einprogress);
    system.settle();
    CHECK(epoll.wait() == "1:4");
    CHECK(epoll.wait() == "");
    system.close(listener);
    const int bad = tcp_socket(system);
    epoll.add(bad, k_out | k_et, 2);
    CHECK(epoll.wait() == "1:1c 2:14");
    CHECK(system.connect(bad, port) == -k_einprogress);
    system.settle();
    CHECK(epoll.wait() == "2:1c");
}

} // namespace
} // namespace edgecase::fake::conformance
