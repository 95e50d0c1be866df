// UDP: S-132, and what was measured beside it (fakekernel/FIDELITY.md).
#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

template <class System> int udp_socket(System& system) {
    return static_cast<int>(system.socket(FileKind::udp, k_o_nonblock));
}

template <class System> std::uint16_t port_of(System& system, int fd) {
    return static_cast<std::uint16_t>(system.port(fd));
}

// Bound, and connected to each other.
template <class System> Pair udp_pair(System& system) {
    const Pair pair{udp_socket(system), udp_socket(system)};
    REQUIRE(system.bind(pair.a, 0) == 0);
    REQUIRE(system.bind(pair.b, 0) == 0);
    REQUIRE(system.connect(pair.a, port_of(system, pair.b)) == 0);
    REQUIRE(system.connect(pair.b, port_of(system, pair.a)) == 0);
    return pair;
}

TEMPLATE_TEST_CASE("udp: its mask, and what is not read of a datagram is lost", "[S-132]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(take(system, pair.a, 10) == -k_eagain);
    CHECK(put(system, pair.b, 10) == 10);
    CHECK(put(system, pair.b, 7) == 7);
    CHECK(settled(system, pair.a) == 0x5);
    CHECK(take(system, pair.a, 4) == 4);
    CHECK(take(system, pair.a, 100) == 7);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(system.poll(pair.a, 0x3ff) == 0x304);
}

TEMPLATE_TEST_CASE("udp: an empty datagram is one", "[S-132]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    char byte = 0;
    CHECK(put(system, pair.b, 0) == 0);
    CHECK(settled(system, pair.a) == 0x5);
    CHECK(take(system, pair.a, 0) == 0); // read(2) does nothing
    CHECK(mask(system, pair.a) == 0x5);
    CHECK(take(system, pair.a, 10) == 0);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(put(system, pair.b, 5) == 5);
    system.settle();
    CHECK(system.recv(pair.a, &byte, 0, 0) == 0); // recv(2) takes it
    CHECK(take(system, pair.a, 10) == -k_eagain);
}

TEMPLATE_TEST_CASE("udp: MSG_TRUNC and MSG_PEEK, and a copy that fails loses the datagram", "[S-132]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    char bytes[16];
    put(system, pair.b, 100);
    system.settle();
    CHECK(system.recv(pair.a, bytes, 4, k_msg_peek) == 4);
    CHECK(system.recv(pair.a, bytes, 4, k_msg_peek | k_msg_trunc) == 100);
    CHECK(system.recv(pair.a, bytes, 4, k_msg_trunc) == 100);
    CHECK(system.recv(pair.a, bytes, 4, 0) == -k_eagain);
    put(system, pair.b, 3);
    put(system, pair.b, 2);
    system.settle();
    CHECK(system.recv(pair.a, nullptr, 4, 0) == -k_efault);
    CHECK(take(system, pair.a, 10) == 2);
}

TEMPLATE_TEST_CASE("udp: port unreachable is an error, once, before what is in the queue", "[S-132]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    put(system, pair.b, 2);
    put(system, pair.b, 3);
    system.close(pair.b);
    CHECK(put(system, pair.a, 1) == 1);
    CHECK(settled(system, pair.a) == 0xd);
    CHECK(take(system, pair.a, 10) == -k_econnrefused);
    CHECK(take(system, pair.a, 10) == 2);
    CHECK(take(system, pair.a, 10) == 3);
    CHECK(take(system, pair.a, 10) == -k_eagain);
    CHECK(mask(system, pair.a) == 0x4);
    // The next send takes it as well, and is not made.
    CHECK(put(system, pair.a, 1) == 1);
    CHECK(settled(system, pair.a) == 0xc);
    CHECK(put(system, pair.a, 1) == -k_econnrefused);
    CHECK(settled(system, pair.a) == 0x4);
    CHECK(put(system, pair.a, 1) == 1);
    system.settle();
    CHECK(system.so_error(pair.a) == k_econnrefused);
    CHECK(mask(system, pair.a) == 0x4);
}

TEMPLATE_TEST_CASE("udp: who is not connected to that port hears of no error", "[S-132]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    const int gone = udp_socket(system);
    REQUIRE(system.bind(gone, 0) == 0);
    const std::uint16_t nobody = port_of(system, gone);
    system.close(gone);
    const int loose = udp_socket(system);
    CHECK(put(system, loose, 1) == -k_edestaddrreq);
    CHECK(system.sendto(loose, "x", 1, nobody) == 1);
    CHECK(settled(system, loose) == 0x4);
    CHECK(system.sendto(pair.a, "x", 1, nobody) == 1);
    CHECK(settled(system, pair.a) == 0x4);
    // A socket that is connected to another port is nobody, too.
    CHECK(system.connect(loose, port_of(system, pair.a)) == 0);
    CHECK(put(system, loose, 1) == 1);
    CHECK(settled(system, loose) == 0xc);
    CHECK(mask(system, pair.a) == 0x4);
}

TEMPLATE_TEST_CASE("udp: to a port and from a port", "[S-132]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int server = udp_socket(system);
    const int client = udp_socket(system);
    REQUIRE(system.bind(server, 0) == 0);
    CHECK(system.bind(server, 0) == -k_einval);
    CHECK(system.bind(client, port_of(system, server)) == -k_eaddrinuse);
    CHECK(system.sendto(client, "abc", 3, port_of(system, server)) == 3);
    system.settle();
    char bytes[8];
    std::uint16_t from = 0;
    CHECK(system.recvfrom(server, bytes, sizeof bytes, 0, &from) == 3);
    CHECK(from == port_of(system, client));
    // What came before connect() stays, whoever sent it.
    CHECK(system.sendto(client, "ab", 2, port_of(system, server)) == 2);
    system.settle();
    CHECK(system.connect(server, port_of(system, server)) == 0);
    CHECK(take(system, server, 8) == 2);
    CHECK(system.listen(server, 1) == -k_eopnotsupp);
    CHECK(system.accept4(server, 0) == -k_eopnotsupp);
}

TEMPLATE_TEST_CASE("udp: sizes", "[S-132]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    CHECK(put(system, pair.a, 65'507) == 65'507);
    CHECK(put(system, pair.a, 65'508) == -k_emsgsize);
    CHECK(put(system, pair.a, 100'000) == -k_emsgsize);
    CHECK(system.send(pair.a, nullptr, 5, 0) == -k_efault);
    CHECK(system.send(pair.a, "x", 1, k_msg_oob) == -k_eopnotsupp);
    CHECK(settled(system, pair.b) == 0x5);
    CHECK(take(system, pair.b, 70'000) == 65'507);
    CHECK(take(system, pair.b, 1) == -k_eagain);
}

TEMPLATE_TEST_CASE("udp: a full queue loses datagrams, and gives memory back in lots", "[S-132]",
                   EDGECASE_BOTH_KERNELS) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{197}, std::size_t{198}, std::size_t{645},
          std::size_t{646}, std::size_t{1669}, std::size_t{1670}, std::size_t{8000}, std::size_t{60'000}}) {
        TestType system;
        const Pair pair = udp_pair(system);
        Watcher watcher(system);
        watcher.add(pair.a, k_in | k_et, 1);
        watcher.wait();
        const auto fill = [&] {
            for (int i = 0; i < 300; ++i)
                CHECK(put(system, pair.b, size) == static_cast<long>(size));
            system.settle();
        };
        const auto drain = [&](int most) {
            int count = 0;
            while (count < most && take(system, pair.a, size + 1) != -k_eagain)
                ++count;
            return count;
        };
        fill();
        CHECK(watcher.wait() == "1:1");
        CHECK(put(system, pair.b, size) == static_cast<long>(size));
        system.settle();
        CHECK(watcher.wait() == ""); // lost: no edge
        const int some = drain(size == 60'000 ? 1 : 5);
        fill();
        const int left = drain(1000);
        const int whole = size <= 197    ? 256
                          : size <= 645  ? 166
                          : size <= 1669 ? 92
                          : size == 1670 ? 48
                          : size == 8000 ? 12
                                         : 3;
        INFO("size " << size << ", first read " << some << ", then " << left);
        // Nothing was given back after a few small ones; all of it after a quarter of the buffer was read.
        const int given_back = size <= 1670 ? 0 : (size == 8000 ? 4 : 1);
        CHECK(left == whole - some + given_back);
        fill();
        CHECK(drain(1000) == whole);
    }
}

TEMPLATE_TEST_CASE("udp: shutdown is its own affair, and no end of file", "[S-132]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    CHECK(system.shutdown(pair.a, k_shut_rd) == 0);
    CHECK(mask(system, pair.a) == 0x2005);
    CHECK(mask(system, pair.b) == 0x4);
    CHECK(take(system, pair.a, 10) == -k_eagain);
    CHECK(put(system, pair.b, 3) == 3);
    system.settle();
    CHECK(take(system, pair.a, 10) == 3);
    CHECK(system.shutdown(pair.a, k_shut_wr) == 0);
    CHECK(mask(system, pair.a) == 0x2015);
    CHECK(put(system, pair.a, 1) == -k_epipe);
    const int loose = udp_socket(system);
    CHECK(system.shutdown(loose, k_shut_rdwr) == -k_enotconn);
    CHECK(mask(system, loose) == 0x2015);
}

TEMPLATE_TEST_CASE("udp: every arrival is an IN edge, every send an OUT edge", "[S-132]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = udp_pair(system);
    Watcher watcher(system);
    watcher.add(pair.a, k_everything | k_et, 1);
    watcher.add(pair.b, k_in | k_et, 2);
    CHECK(watcher.wait() == "1:4");
    put(system, pair.b, 1);
    system.settle();
    CHECK(watcher.wait() == "1:5");
    put(system, pair.b, 1);
    system.settle();
    CHECK(watcher.wait() == "1:5");
    take(system, pair.a, 1);
    CHECK(watcher.wait() == "");
    put(system, pair.a, 1); // its own OUT edge first, then the arrival
    system.settle();
    CHECK(watcher.wait() == "1:5 2:1");
    take(system, pair.a, 1);
    system.shutdown(pair.a, k_shut_rd);
    CHECK(watcher.wait() == "1:2005");
    system.close(pair.b);
    put(system, pair.a, 1);
    system.settle();
    CHECK(watcher.wait() == "1:200d");
}

} // namespace
} // namespace edgecase::fake::conformance
