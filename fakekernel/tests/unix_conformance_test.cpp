// Unix sockets: section K of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("unix stream: its mask in life and after the peer's close", "[S-103]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(take(system, pair.a, 1) == -k_eagain);
    put(system, pair.b, 10);
    CHECK(mask(system, pair.a) == 0x5);
    system.close(pair.b);
    CHECK(mask(system, pair.a) == 0x2015);
    CHECK(take(system, pair.a, 100) == 10);
    CHECK(mask(system, pair.a) == 0x2015);
    CHECK(take(system, pair.a, 100) == 0);
    CHECK(put(system, pair.a, 1) == -k_epipe);
    const Pair unread = unix_pair(system);
    put(system, unread.a, 1);
    system.close(unread.b);
    CHECK(mask(system, unread.a) == 0x201d);
    CHECK(put(system, unread.a, 1) == -k_epipe);
    CHECK(take(system, unread.a, 1) == -k_econnreset);
    CHECK(take(system, unread.a, 1) == 0);
    CHECK(mask(system, unread.a) == 0x2015);
    const Pair taken = unix_pair(system);
    put(system, taken.a, 1);
    system.close(taken.b);
    CHECK(system.so_error(taken.a) == k_econnreset);
    CHECK(system.so_error(taken.a) == 0);
}

TEMPLATE_TEST_CASE("unix stream: a gathered send is one message of all its pieces", "[S-51][S-107]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system);
    Watcher<TestType> epoll(system);
    epoll.add(pair.b, k_in | k_et, 1);
    const BytePiece pieces[] = {{"ab", 2}, {nullptr, 0}, {"cde", 3}};
    CHECK(system.sendmsg(pair.a, pieces, 3, 0) == 5);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.wait().empty());
    char bytes[8] = {};
    CHECK(system.read(pair.b, bytes, sizeof bytes) == 5);
    CHECK(std::string(bytes) == "abcde");
    CHECK(system.sendmsg(pair.a, pieces, 0, 0) == 0);
    const std::vector<char> much(1'000'000, 'x');
    const BytePiece half{much.data(), much.size() / 2};
    const BytePiece halves[] = {half, half};
    const long gathered = system.sendmsg(pair.a, halves, 2, 0);
    CHECK(system.sendmsg(pair.a, halves, 2, 0) == -k_eagain);
    const Pair other = unix_pair(system);
    CHECK(system.send(other.a, much.data(), much.size(), 0) == gathered);
    const std::vector<BytePiece> too_many(k_uio_maxiov + 1, BytePiece{"x", 1});
    CHECK(system.sendmsg(other.b, too_many.data(), k_uio_maxiov + 1, 0) == -k_emsgsize);
    CHECK(system.sendmsg(other.b, too_many.data(), k_uio_maxiov, 0) == k_uio_maxiov);
    CHECK(system.sendmsg(event(system), pieces, 3, 0) == -k_enotsock);
    CHECK(system.sendmsg(1000, pieces, 3, 0) == -k_ebadf);
    system.close(pair.b);
    CHECK(system.sendmsg(pair.a, pieces, 3, 0) == -k_epipe);
}

TEMPLATE_TEST_CASE("unix stream: shutdown is seen at both ends", "[S-104]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair one = unix_pair(system);
    CHECK(system.shutdown(one.b, k_shut_wr) == 0);
    CHECK(mask(system, one.a) == 0x2005);
    CHECK(mask(system, one.b) == 0x4);
    CHECK(system.shutdown(one.a, k_shut_wr) == 0);
    CHECK(mask(system, one.a) == 0x2015);
    CHECK(mask(system, one.b) == 0x2015);
    const Pair two = unix_pair(system);
    system.shutdown(two.a, k_shut_rd);
    CHECK(mask(system, two.a) == 0x2005);
    CHECK(mask(system, two.b) == 0x4);
    CHECK(put(system, two.b, 1) == -k_epipe);
    CHECK(put(system, two.a, 1) == 1);
    const Pair three = unix_pair(system);
    system.shutdown(three.a, k_shut_rdwr);
    CHECK(mask(system, three.a) == 0x2015);
    CHECK(mask(system, three.b) == 0x2015);
    CHECK(system.shutdown(three.a, 3) == -k_einval);
    CHECK(system.shutdown(event(system), k_shut_wr) == -k_enotsock);
}

TEMPLATE_TEST_CASE("unix stream: an unconnected one hangs up and is writable", "[S-105]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto fd = static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock));
    CHECK(mask(system, fd) == 0x14);
    CHECK(put(system, fd, 1) == -k_enotconn);
    CHECK(take(system, fd, 1) == -k_einval);
    CHECK(system.shutdown(fd, k_shut_rdwr) == 0);
}

TEMPLATE_TEST_CASE("unix datagrams: the peer's close is seen by the sender only", "[S-106]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system, k_sock_dgram);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(put(system, pair.b, 100) == 100);
    CHECK(put(system, pair.b, 0) == 0);
    CHECK(mask(system, pair.a) == 0x5);
    CHECK(take(system, pair.a, 10) == 10);
    CHECK(mask(system, pair.a) == 0x5);
    CHECK(take(system, pair.a, 10) == 0);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(put(system, pair.a, 212'992) == -k_emsgsize);
    system.close(pair.b);
    CHECK(mask(system, pair.a) == 0x4);
    CHECK(take(system, pair.a, 1) == -k_eagain);
    CHECK(put(system, pair.a, 1) == -k_econnrefused);
    CHECK(put(system, pair.a, 1) == -k_enotconn);
}

TEMPLATE_TEST_CASE("unix seqpacket: messages, and an end", "[S-106]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system, k_sock_seqpacket);
    CHECK(put(system, pair.b, 100) == 100);
    CHECK(put(system, pair.b, 50) == 50);
    CHECK(take(system, pair.a, 10) == 10);
    CHECK(take(system, pair.a, 100) == 50);
    CHECK(take(system, pair.a, 100) == -k_eagain);
    system.close(pair.b);
    CHECK(mask(system, pair.a) == 0x2015);
    CHECK(take(system, pair.a, 1) == 0);
    CHECK(put(system, pair.a, 1) == -k_epipe);
}

TEMPLATE_TEST_CASE("unix seqpacket: one unread empty message is no reason for a reset, another behind it is",
                   "[S-103]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair one = unix_pair(system, k_sock_seqpacket);
    put(system, one.a, 0);
    system.close(one.b);
    CHECK(take(system, one.a, 1) == 0);
    const Pair two = unix_pair(system, k_sock_seqpacket);
    put(system, two.a, 0);
    put(system, two.a, 1);
    system.close(two.b);
    CHECK(take(system, two.a, 1) == -k_econnreset);
}

TEMPLATE_TEST_CASE("unix datagrams: a refusal drops what was unread, and one's own shutdown comes first",
                   "[S-106]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system, k_sock_dgram);
    put(system, pair.b, 5);
    system.close(pair.b);
    CHECK(mask(system, pair.a) == 0x5);
    CHECK(put(system, pair.a, 1) == -k_econnrefused);
    CHECK(take(system, pair.a, 5) == -k_eagain);
    CHECK(put(system, pair.a, 1) == -k_enotconn);
    CHECK(system.shutdown(pair.a, k_shut_wr) == 0);
    CHECK(put(system, pair.a, 1) == -k_epipe);
}

TEMPLATE_TEST_CASE("unix stream: the buffer is accounted by overhead, and writable at a quarter", "[S-107]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = unix_pair(system);
    epoll.add(pair.a, k_out | k_et, 1);
    CHECK(epoll.wait() == "1:4");
    long writes = 0;
    while (put(system, pair.a, 4096) == 4096)
        ++writes;
    CHECK(writes == 44);
    CHECK(mask(system, pair.a) == 0);
    long read_bytes = 0;
    while (epoll.wait() == "")
        read_bytes += take(system, pair.b, 4096);
    CHECK(read_bytes == 139'264);
    // The same bound for who only looks, without a wakeup.
    const Pair looked_at = unix_pair(system);
    while (put(system, looked_at.a, 4096) == 4096) {
    }
    read_bytes = 0;
    while ((mask(system, looked_at.a) & k_out) == 0)
        read_bytes += take(system, looked_at.b, 4096);
    CHECK(read_bytes == 139'264);
    const Pair large = unix_pair(system);
    CHECK(put(system, large.a, 1 << 20) == 219'264);
    CHECK(put(system, large.a, 1) == -k_eagain);
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{193}, std::size_t{4289}, std::size_t{20'000}}) {
        const Pair pair_of_size = unix_pair(system);
        long count = 0;
        while (put(system, pair_of_size.a, size) == static_cast<long>(size))
            ++count;
        CHECK(count == (size == 1 ? 278 : (size == 193 ? 167 : (size == 4289 ? 40 : 11))));
    }
}

TEMPLATE_TEST_CASE("unix: a null pointer is a fault only where bytes would move", "[S-127]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pair = unix_pair(system);
    CHECK(system.recv(pair.a, nullptr, 5, 0) == -k_eagain);
    CHECK(system.send(pair.b, nullptr, 5, 0) == -k_efault);
    CHECK(put(system, pair.b, 5) == 5);
    CHECK(system.recv(pair.a, nullptr, 5, 0) == -k_efault);
    char bytes[8];
    CHECK(system.recv(pair.a, bytes, 0, 0) == 0);
    CHECK(system.recv(pair.a, bytes, 8, k_msg_peek) == 5);
    CHECK(system.recv(pair.a, bytes, 8, 0) == 5);
    CHECK(system.recv(pair.a, bytes, 0, 0) == -k_eagain);
    CHECK(system.read(pair.a, bytes, 0) == 0);
}

TEMPLATE_TEST_CASE("unix by name: connect is done at once or refused or EAGAIN", "[S-108]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto client = [&] { return static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock)); };
    const int listener = client();
    CHECK(system.connect(client(), 7) == -k_econnrefused);
    CHECK(system.bind(listener, 7) == 0);
    CHECK(system.bind(listener, 7) == -k_einval);
    CHECK(system.bind(client(), 7) == -k_eaddrinuse);
    CHECK(system.connect(client(), 7) == -k_econnrefused);
    CHECK(system.listen(listener, 1) == 0);
    CHECK(mask(system, listener) == 0);
    CHECK(system.accept4(listener, k_o_nonblock) == -k_eagain);
    const int first = client();
    CHECK(system.connect(first, 7) == 0);
    CHECK(mask(system, first) == 0x4);
    CHECK(mask(system, listener) == 0x1);
    CHECK(system.connect(first, 7) == -k_eisconn);
    CHECK(system.connect(client(), 7) == 0);
    CHECK(system.connect(client(), 7) == -k_eagain);
    CHECK(put(system, first, 3) == 3);
    const auto accepted = static_cast<int>(system.accept4(listener, k_o_nonblock));
    REQUIRE(accepted >= 0);
    CHECK(take(system, accepted, 10) == 3);
    CHECK(put(system, accepted, 4) == 4);
    CHECK(take(system, first, 10) == 4);
    CHECK(system.accept4(listener, k_o_nonblock) >= 0);
    CHECK(system.shutdown(listener, k_shut_rd) == 0);
    CHECK(system.accept4(listener, k_o_nonblock) == -k_eagain);
    CHECK(system.connect(client(), 7) == -k_econnrefused);
    system.close(listener);
    CHECK(system.connect(client(), 7) == -k_econnrefused);
}

TEMPLATE_TEST_CASE("unix by name: closing the listener resets who was not accepted", "[S-108]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto listener = static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock));
    const auto client = static_cast<int>(system.socket(FileKind::unix_stream, k_o_nonblock));
    CHECK(system.bind(listener, 8) == 0);
    CHECK(system.listen(listener, 1) == 0);
    CHECK(system.connect(client, 8) == 0);
    Watcher<TestType> epoll(system);
    epoll.add(client, k_in | k_et, 1);
    const auto dgram = static_cast<int>(system.socket(FileKind::unix_dgram, k_o_nonblock));
    CHECK(system.connect(dgram, 8) == -k_econnrefused);
    system.close(listener);
    CHECK(epoll.wait() == "1:19");
    CHECK(take(system, client, 1) == -k_econnreset);
    CHECK(take(system, client, 1) == 0);
}

} // namespace
} // namespace edgecase::fake::conformance
