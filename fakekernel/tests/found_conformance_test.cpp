// What random programs found: places where the model answered otherwise than Linux, all put right.
#include <climits>
#include <cstdint>
#include <vector>

#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("found: a socket type that unix sockets have not is told from one that nobody has",
                   "[found]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    int fds[2] = {-1, -1};
    CHECK(system.socketpair(4, k_o_nonblock, fds) == -k_esocktnosupport);
    CHECK(system.socketpair(0, k_o_nonblock, fds) == -k_esocktnosupport);
    CHECK(system.socketpair(11, k_o_nonblock, fds) == -k_einval);
    CHECK(system.socketpair(4, 0x10, fds) == -k_einval);
    CHECK(system.socketpair(4, k_o_nonblock, nullptr) == -k_efault);
}

TEMPLATE_TEST_CASE("found: a file that was opened says so in its flags", "[found]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    CHECK(system.fcntl(system.regular_file(10), k_f_getfl, 0) == k_o_largefile);
}

TEMPLATE_TEST_CASE("found: read and write look at the whole range of the buffer first", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system);
    const Pair pipe = pipe_pair(system);
    char bytes[8] = {};
    CHECK(system.read(pair.a, bytes, SIZE_MAX) == -k_efault);
    CHECK(system.write(pair.a, bytes, SIZE_MAX) == -k_efault);
    CHECK(system.write(pipe.a, bytes, SIZE_MAX) == -k_ebadf);
    CHECK(system.read(99, bytes, SIZE_MAX) == -k_ebadf);
    std::vector<char> low(1); // 2 GB behind the stack user space may end
    CHECK(system.recv(pair.a, low.data(), SIZE_MAX, 0) == -k_eagain);
    const BytePiece piece{bytes, SIZE_MAX};
    CHECK(system.sendmsg(pair.a, &piece, 1, 0) == -k_einval);
}

TEMPLATE_TEST_CASE("found: poll passes over negative numbers", "[found]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    CHECK(system.poll(-1, k_in) == 0);
    CHECK(system.poll(99, k_in) == k_pollnval);
}

TEMPLATE_TEST_CASE("found: a place that would end beyond the largest offset is no place", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int fd = system.regular_file(10);
    char bytes[8] = {};
    CHECK(system.pread(fd, bytes, 1, INT64_MAX) == -k_einval);
    CHECK(system.pread(fd, bytes, 0, INT64_MAX) == 0);
    CHECK(system.pread(fd, bytes, 1, INT64_MAX - 1) == 0);
}

TEMPLATE_TEST_CASE("found: an AIO read of a socket has no place to be made at", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system);
    char bytes[8] = {};
    AioControlBlock block;
    block.fd = static_cast<std::uint32_t>(pair.a);
    block.buffer = reinterpret_cast<std::uint64_t>(bytes);
    block.size = sizeof bytes;
    AioControlBlock* list[] = {&block};
    AioCompletion done;
    for (const std::int64_t offset : {0, 5}) {
        block.offset = offset;
        REQUIRE(system.io_submit(system.aio_context(), 1, list) == 1);
        REQUIRE(system.io_getevents(system.aio_context(), 0, 1, &done) == 1);
        CHECK(done.result == (offset == 0 ? -k_eagain : -k_espipe));
    }
}

TEMPLATE_TEST_CASE("found: a UDP socket has a port once a send was tried", "[found]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto fd = static_cast<int>(system.socket(FileKind::udp, k_o_nonblock));
    char bytes[8] = {};
    CHECK(system.send(fd, bytes, 3, 0) == -k_edestaddrreq);
    CHECK(system.bind(fd, 0) == -k_einval);
}

TEMPLATE_TEST_CASE("found: a UDP send that cannot read its bytes is an OUT edge", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto a = static_cast<int>(system.socket(FileKind::udp, k_o_nonblock));
    REQUIRE(system.bind(a, 0) == 0);
    REQUIRE(system.connect(a, static_cast<std::uint16_t>(system.port(a))) == 0);
    Watcher<TestType> watcher(system);
    REQUIRE(watcher.add(a, k_out | k_et, 1) == 0);
    CHECK(watcher.wait() == "1:4");
    CHECK(watcher.wait().empty());
    CHECK(system.send(a, nullptr, 128, 0) == -k_efault);
    CHECK(watcher.wait() == "1:4");
}

TEMPLATE_TEST_CASE("found: MSG_TRUNC throws the bytes of a TCP connection away", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = tcp_pair(system);
    REQUIRE(put(system, pair.b, 10) == 10);
    system.settle();
    char bytes[8] = {};
    CHECK(system.recv(pair.a, bytes, 4, k_msg_trunc | k_msg_peek) == 4);
    CHECK(system.recv(pair.a, nullptr, 4, k_msg_trunc) == 4);
    CHECK(bytes[0] == 0);
    CHECK(system.recv(pair.a, bytes, 8, 0) == 6);
    CHECK(bytes[0] == 'x');
}

TEMPLATE_TEST_CASE("found: an urgent byte arrives where the connection is refused", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = tcp_pair(system);
    REQUIRE(system.shutdown(pair.a, k_shut_rdwr) == 0);
    system.settle();
    REQUIRE(system.send(pair.b, "abc", 3, k_msg_oob) == 3);
    CHECK(settled(system, pair.a) == 0x201f);
}

TEMPLATE_TEST_CASE("found: the connect that tells of a refusal is an edge of its own", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system);
    const auto port = static_cast<std::uint16_t>(system.port(listener));
    system.close(listener);
    const int client = tcp_socket(system);
    REQUIRE(system.connect(client, port) == -k_einprogress);
    Watcher<TestType> watcher(system);
    REQUIRE(watcher.add(client, k_out | k_et, 1) == 0);
    system.settle();
    CHECK(watcher.wait() == "1:1c");
    CHECK(system.connect(client, port) == -k_econnrefused);
    CHECK(watcher.wait() == "1:14");
}

TEMPLATE_TEST_CASE(
    "found: a listener that was shut down has given its port back, unless it asked for it by number",
    "[found]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int given = tcp_listener(system);
    const auto port = static_cast<std::uint16_t>(system.port(given));
    REQUIRE(system.shutdown(given, k_shut_rdwr) == 0);
    const int asked = tcp_socket(system);
    REQUIRE(system.bind(asked, port) == 0);
    REQUIRE(system.listen(asked, 1) == 0);
    REQUIRE(system.shutdown(asked, k_shut_rdwr) == 0);
    CHECK(system.bind(asked, 0) == -k_einval);
    CHECK(system.bind(given, 0) == 0);
}

TEMPLATE_TEST_CASE("found: an accepted unix socket has its listener's name", "[found]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto listener = static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock));
    const auto other = static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock));
    const auto client = static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock));
    REQUIRE(system.bind(listener, 1) == 0);
    REQUIRE(system.bind(other, 2) == 0);
    REQUIRE(system.listen(listener, 1) == 0);
    REQUIRE(system.connect(client, 1) == 0);
    const auto accepted = static_cast<int>(system.accept4(listener, k_o_nonblock));
    REQUIRE(accepted >= 0);
    CHECK(system.bind(accepted, 2) == -k_einval);
    CHECK(system.bind(client, 2) == -k_eaddrinuse);
    CHECK(system.bind(client, 3) == 0);
}

TEMPLATE_TEST_CASE("found: who waits for all on a unix stream takes the reset behind what is there",
                   "[S-103]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    int ends[2] = {};
    REQUIRE(system.socketpair(k_sock_stream, k_o_nonblock, ends) == 0);
    char bytes[100] = {};
    REQUIRE(system.send(ends[0], bytes, 50, 0) == 50);
    REQUIRE(system.send(ends[1], bytes, 8, 0) == 8);
    REQUIRE(system.close(ends[1]) == 0); // with 50 bytes unread
    CHECK(system.recv(ends[0], bytes, sizeof bytes, k_msg_waitall) == 8);
    CHECK(system.recv(ends[0], bytes, 3, 0) == 0);
}

TEMPLATE_TEST_CASE("found: so does who wants more than there is by SO_RCVLOWAT, and nobody who peeks",
                   "[S-103]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    for (const int flags : {0, k_msg_peek, k_msg_peek | k_msg_waitall}) {
        const Pair pair = unix_pair(system);
        REQUIRE(put(system, pair.a, 50) == 50);
        REQUIRE(put(system, pair.b, 3) == 3);
        REQUIRE(system.close(pair.b) == 0); // with 50 bytes unread
        REQUIRE(system.set_rcvlowat(pair.a, -1) == 0);
        char bytes[8] = {};
        CHECK(system.recv(pair.a, bytes, sizeof bytes, flags) == 3);
        CHECK(system.so_error(pair.a) == (flags == 0 ? 0 : k_econnreset));
    }
}

TEMPLATE_TEST_CASE("found: a process that ends lets go of its files in the reverse order of their numbers",
                   "[S-78]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair first = unix_pair(system);
    const Pair second = unix_pair(system);
    REQUIRE(epoll.add(first.a, k_epollrdhup | k_et, 1) == 0);
    REQUIRE(epoll.add(second.a, k_epollrdhup | k_et, 2) == 0);
    system.fork_child();
    system.close(first.b);
    system.close(second.b);
    CHECK(epoll.wait().empty());
    system.end_child();
    CHECK(epoll.wait() == "2:2010 1:2010");
}

TEMPLATE_TEST_CASE("found: a full pipe whose last page has room looks at the bytes of what would fit there",
                   "[S-100]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pipe = pipe_pair(system);
    for (int i = 0; i < 80; ++i)
        REQUIRE(put(system, pipe.b, 700) == 700);
    CHECK(put(system, pipe.b, 700) == -k_eagain);
    CHECK(system.write(pipe.b, nullptr, 700) == -k_eagain);
    CHECK(system.write(pipe.b, nullptr, 16) == -k_efault);
    CHECK(put(system, pipe.b, 16) == 16);
}

} // namespace
} // namespace edgecase::fake::conformance
