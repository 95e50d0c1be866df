// TCP on the loopback: section L of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("TCP: a fresh socket and a listener", "[S-109][S-110][S-120]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int fresh = tcp_socket(system);
    CHECK(mask(system, fresh) == 0x14);
    CHECK(take(system, fresh, 1) == -k_enotconn);
    CHECK(put(system, fresh, 1) == -k_epipe);
    CHECK(system.accept4(fresh, 0) == -k_einval);
    CHECK(system.shutdown(fresh, k_shut_wr) == -k_enotconn);
    const int listener = tcp_listener(system);
    CHECK(mask(system, listener) == 0);
    CHECK(take(system, listener, 1) == -k_enotconn);
    CHECK(put(system, listener, 1) == -k_epipe);
    CHECK(system.accept4(listener, 1) == -k_einval);
    CHECK(system.accept4(1000, 1) == -k_ebadf);
    CHECK(system.accept4(event(system), 0) == -k_enotsock);
    CHECK(system.accept4(listener, 0) == -k_eagain);
    tcp_client(system, listener);
    CHECK(mask(system, listener) == 0x1);
    const auto accepted = static_cast<int>(system.accept4(listener, k_o_cloexec));
    REQUIRE(accepted >= 0);
    CHECK(system.fcntl(accepted, k_f_getfl, 0) == k_o_rdwr);
    CHECK(system.fcntl(accepted, k_f_getfd, 0) == k_fd_cloexec);
    CHECK(system.port(accepted) == system.port(listener));
}

TEMPLATE_TEST_CASE("TCP: a non-blocking connect is in progress, then done, then connected", "[S-111][S-131]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system);
    const int client = tcp_client(system, listener);
    const auto port = static_cast<std::uint16_t>(system.port(listener));
    CHECK(mask(system, client) == 0x4);
    CHECK(system.so_error(client) == 0);
    CHECK(system.connect(client, port) == 0);
    CHECK(system.connect(client, port) == -k_eisconn);
    CHECK(system.connect(listener, port) == -k_eisconn);
    CHECK(system.listen(client, 1) == -k_einval);
    CHECK(system.bind(tcp_socket(system), port) == -k_eaddrinuse);
    CHECK(system.bind(client, 0) == -k_einval);
}

TEMPLATE_TEST_CASE("TCP: a blocking connect answers what came of it", "[S-113]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system);
    const auto port = static_cast<std::uint16_t>(system.port(listener));
    const auto good = static_cast<int>(system.socket(FileKind::tcp, 0));
    CHECK(system.connect(good, port) == 0);
    CHECK(system.connect(good, port) == -k_eisconn);
    system.close(listener);
    system.settle();
    const auto bad = static_cast<int>(system.socket(FileKind::tcp, 0));
    CHECK(system.connect(bad, port) == -k_econnrefused);
    CHECK(mask(system, bad) == 0x14);
}

TEMPLATE_TEST_CASE("TCP: a full backlog drops the SYN, and the socket waits", "[S-112][S-123]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system, 1);
    const auto port = static_cast<std::uint16_t>(system.port(listener));
    CHECK(mask(system, tcp_client(system, listener)) == 0x4);
    CHECK(mask(system, tcp_client(system, listener)) == 0x4);
    const int late = tcp_client(system, listener);
    CHECK(mask(system, late) == 0);
    CHECK(system.connect(late, port) == -k_ealready);
    CHECK(put(system, late, 1) == -k_eagain);
    CHECK(take(system, late, 1) == -k_eagain);
    CHECK(system.shutdown(late, k_shut_wr) == 0);
    CHECK(mask(system, late) == 0x1c);
}

TEMPLATE_TEST_CASE("TCP: refused, then ECONNABORTED once", "[S-113]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int gone = tcp_listener(system);
    const auto port = static_cast<std::uint16_t>(system.port(gone));
    system.close(gone);
    const int client = tcp_socket(system);
    CHECK(system.connect(client, port) == -k_einprogress);
    CHECK(settled(system, client) == 0x201d);
    CHECK(system.so_error(client) == k_econnrefused);
    CHECK(system.so_error(client) == 0);
    CHECK(mask(system, client) == 0x2015);
    CHECK(take(system, client, 1) == 0);
    CHECK(put(system, client, 1) == -k_epipe);
    CHECK(system.connect(client, port) == -k_econnaborted);
    CHECK(mask(system, client) == 0x14);
    CHECK(system.connect(client, port) == -k_einprogress);
    CHECK(settled(system, client) == 0x201d);
    CHECK(system.connect(client, port) == -k_econnrefused);
}

TEMPLATE_TEST_CASE("TCP: data, then FIN, then the answering reset", "[S-114][S-115]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = tcp_pair(system);
    CHECK(mask(system, pair.a) == 0x4);
    put(system, pair.b, 10);
    CHECK(settled(system, pair.a) == 0x5);
    system.close(pair.b);
    CHECK(settled(system, pair.a) == 0x2005);
    CHECK(take(system, pair.a, 100) == 10);
    CHECK(mask(system, pair.a) == 0x2005);
    CHECK(take(system, pair.a, 100) == 0);
    CHECK(put(system, pair.a, 1) == 1);
    CHECK(settled(system, pair.a) == 0x201d);
    CHECK(take(system, pair.a, 100) == 0);
    CHECK(system.so_error(pair.a) == k_epipe);
    CHECK(put(system, pair.a, 1) == -k_epipe);
    CHECK(mask(system, pair.a) == 0x2015);
}

// By linger, or by leaving data unread.
template <class System> void reset(System& system, int fd) {
    system.set_linger(fd, true, 0);
    system.close(fd);
    system.settle();
}

TEMPLATE_TEST_CASE("TCP: a reset is one error, to whoever asks first", "[S-116]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair first = tcp_pair(system);
    reset(system, first.b);
    CHECK(mask(system, first.a) == 0x201d);
    CHECK(take(system, first.a, 1) == -k_econnreset);
    CHECK(take(system, first.a, 1) == 0);
    CHECK(put(system, first.a, 1) == -k_epipe);
    CHECK(mask(system, first.a) == 0x2015);
    const Pair second = tcp_pair(system);
    reset(system, second.b);
    CHECK(put(system, second.a, 1) == -k_econnreset);
    CHECK(put(system, second.a, 1) == -k_epipe);
    const Pair third = tcp_pair(system);
    reset(system, third.b);
    CHECK(system.so_error(third.a) == k_econnreset);
    CHECK(take(system, third.a, 1) == 0);
}

TEMPLATE_TEST_CASE("TCP: data before a reset are still read, and unread data make one", "[S-117][S-118]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = tcp_pair(system);
    put(system, pair.b, 10);
    system.settle();
    put(system, pair.a, 1);
    system.settle();
    system.close(pair.b);
    CHECK(settled(system, pair.a) == 0x201d);
    CHECK(take(system, pair.a, 100) == 10);
    CHECK(take(system, pair.a, 100) == -k_econnreset);
    CHECK(take(system, pair.a, 100) == 0);
}

TEMPLATE_TEST_CASE("TCP: half-close, in every direction", "[S-119]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair write = tcp_pair(system);
    CHECK(system.shutdown(write.a, k_shut_wr) == 0);
    CHECK(settled(system, write.a) == 0x4);
    CHECK(put(system, write.a, 1) == -k_epipe);
    CHECK(mask(system, write.b) == 0x2005);
    CHECK(system.shutdown(write.b, k_shut_wr) == 0);
    CHECK(settled(system, write.a) == 0x2015);
    CHECK(mask(system, write.b) == 0x2015);
    CHECK(system.shutdown(write.b, k_shut_wr) == -k_enotconn);
    const Pair read = tcp_pair(system);
    CHECK(system.shutdown(read.a, k_shut_rd) == 0);
    CHECK(settled(system, read.a) == 0x2005);
    CHECK(mask(system, read.b) == 0x4);
    put(system, read.b, 5);
    system.settle();
    CHECK(take(system, read.a, 10) == 5);
    CHECK(take(system, read.a, 10) == 0);
    const Pair both = tcp_pair(system);
    CHECK(system.shutdown(both.a, k_shut_rdwr) == 0);
    CHECK(settled(system, both.a) == 0x2015);
    CHECK(mask(system, both.b) == 0x2005);
    CHECK(put(system, both.b, 1) == 1);
    CHECK(settled(system, both.b) == 0x201d);
    CHECK(mask(system, both.a) == 0x201d);
}

TEMPLATE_TEST_CASE("TCP: a connection reset before accept is accepted", "[S-122]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system);
    reset(system, tcp_client(system, listener));
    const int sender = tcp_client(system, listener);
    put(system, sender, 5);
    system.close(sender);
    system.settle();
    CHECK(mask(system, listener) == 0x1);
    const auto dead = static_cast<int>(system.accept4(listener, k_o_nonblock));
    REQUIRE(dead >= 0);
    CHECK(mask(system, dead) == 0x201d);
    CHECK(take(system, dead, 1) == -k_econnreset);
    const auto ended = static_cast<int>(system.accept4(listener, k_o_nonblock));
    REQUIRE(ended >= 0);
    CHECK(mask(system, ended) == 0x2005);
    CHECK(take(system, ended, 10) == 5);
    CHECK(take(system, ended, 10) == 0);
}

TEMPLATE_TEST_CASE("TCP: closing a listener resets who was not accepted; shut down, it comes back by listen",
                   "[S-123][S-124]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system);
    const int client = tcp_client(system, listener);
    system.close(listener);
    CHECK(settled(system, client) == 0x201d);
    CHECK(take(system, client, 1) == -k_econnreset);
    const int other = tcp_listener(system);
    Watcher<TestType> epoll(system);
    epoll.add(other, k_in | k_et, 1);
    CHECK(system.shutdown(other, k_shut_wr) == 0);
    CHECK(mask(system, other) == 0);
    CHECK(system.shutdown(other, k_shut_rdwr) == 0);
    CHECK(mask(system, other) == 0x14);
    CHECK(epoll.wait() == "1:10");
    CHECK(system.accept4(other, 0) == -k_einval);
    CHECK(system.listen(other, 1) == 0);
    CHECK(mask(system, other) == 0);
    CHECK(mask(system, tcp_client(system, other)) == 0x4);
}

TEMPLATE_TEST_CASE("TCP: an urgent byte is PRI without IN, and reading it clears PRI", "[S-125]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = tcp_pair(system);
    CHECK(system.send(pair.b, "!", 1, k_msg_oob) == 1);
    CHECK(settled(system, pair.a) == 0x6);
    char byte = 0;
    CHECK(system.recv(pair.a, &byte, 1, k_msg_oob) == 1);
    CHECK(byte == '!');
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(system.recv(pair.a, &byte, 1, k_msg_oob) == -k_einval);
    const Pair mixed = tcp_pair(system);
    CHECK(system.send(mixed.b, "abc!", 4, k_msg_oob) == 4);
    put(system, mixed.b, 2);
    CHECK(settled(system, mixed.a) == 0x7);
    CHECK(take(system, mixed.a, 10) == 3);
    CHECK(mask(system, mixed.a) == 0x7);
    CHECK(take(system, mixed.a, 10) == 2);
    CHECK(mask(system, mixed.a) == 0x4);
    const Pair ended = tcp_pair(system);
    const long port = system.port(ended.a);
    CHECK(system.send(ended.b, "!", 1, k_msg_oob) == 1);
    system.settle();
    CHECK(system.recv(ended.a, &byte, 1, k_msg_peek) == -k_eagain);
    system.close(ended.b);
    system.settle();
    CHECK(system.recv(ended.a, &byte, 1, k_msg_peek) == 0);
    CHECK(system.shutdown(ended.a, k_shut_wr) == 0);
    CHECK(system.port(ended.a) == port);
}

TEMPLATE_TEST_CASE("TCP: below SO_RCVLOWAT there is no IN, but recv takes what there is", "[S-126]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = tcp_pair(system);
    CHECK(system.set_rcvlowat(pair.a, 10) == 0);
    epoll.add(pair.a, k_in | k_et, 1);
    put(system, pair.b, 9);
    CHECK(settled(system, pair.a) == 0x4);
    CHECK(epoll.wait() == "");
    put(system, pair.b, 1);
    CHECK(settled(system, pair.a) == 0x5);
    CHECK(epoll.wait() == "1:1");
    CHECK(take(system, pair.a, 4) == 4);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(system.set_rcvlowat(pair.a, 0) == 0);
    CHECK(epoll.wait() == "1:1");
    CHECK(take(system, pair.a, 100) == 6);
}

TEMPLATE_TEST_CASE("TCP: nothing asked, nothing there, nowhere to put it", "[S-127][S-128]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = tcp_pair(system);
    char bytes[16];
    CHECK(system.recv(pair.a, bytes, 0, 0) == -k_eagain);
    CHECK(system.recv(pair.a, nullptr, 5, 0) == -k_eagain);
    CHECK(put(system, pair.b, 0) == 0);
    CHECK(system.send(pair.b, nullptr, 5, 0) == -k_efault);
    put(system, pair.b, 3);
    put(system, pair.b, 4);
    system.settle();
    CHECK(system.recv(pair.a, bytes, 0, 0) == 0);
    CHECK(system.recv(pair.a, nullptr, 5, 0) == -k_efault);
    CHECK(system.recv(pair.a, bytes, 16, k_msg_peek) == 7);
    CHECK(system.recv(pair.a, bytes, 16, k_msg_waitall) == 7);
}

} // namespace
} // namespace edgecase::fake::conformance
