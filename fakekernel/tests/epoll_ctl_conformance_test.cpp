// Creation, epoll_ctl and the errors of epoll_wait: sections A to C and F of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"
#include "fakekernel/tests/conformance/differences.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("epoll: creation refuses what Linux refuses", "[S-1][S-2][S-3]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    CHECK(system.epoll_create(0) == -k_einval);
    CHECK(system.epoll_create(-1) == -k_einval);
    const auto plain = static_cast<int>(system.epoll_create(1));
    REQUIRE(plain >= 0);
    CHECK(system.epoll_create1(k_o_nonblock) == -k_einval);
    CHECK(system.epoll_create1(1) == -k_einval);
    const auto closing = static_cast<int>(system.epoll_create1(k_epoll_cloexec));
    REQUIRE(closing >= 0);
    CHECK(system.fcntl(plain, k_f_getfl, 0) == k_o_rdwr);
    CHECK(system.fcntl(plain, k_f_getfd, 0) == 0);
    CHECK(system.fcntl(closing, k_f_getfd, 0) == k_fd_cloexec);
}

TEMPLATE_TEST_CASE("descriptors: the limit gives EMFILE, and a pair that half fits leaves its number free",
                   "[S-4][S-5]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int listener = tcp_listener(system);
    tcp_client(system, listener);
    tcp_client(system, listener);
    const int last = event(system);
    system.limit_open_files(static_cast<unsigned>(last) + 2);
    int fds[2] = {-1, -1};
    CHECK(system.pipe2(fds, 0) == -k_emfile);
    CHECK(system.socketpair(k_sock_stream, 0, fds) == -k_emfile);
    CHECK(event(system) == last + 1);
    CHECK(system.epoll_create1(0) == -k_emfile);
    CHECK(system.eventfd(0, 0) == -k_emfile);
    CHECK(system.pipe2(fds, 0) == -k_emfile);
    CHECK(system.dup(last) == -k_emfile);
    CHECK(system.socket(FileKind::tcp, 0) == -k_emfile);
    CHECK(system.accept4(listener, 0) == -k_emfile);
    CHECK(system.accept4(last, 0) == -k_emfile);
    CHECK(system.accept4(last, 1) == -k_einval);
    CHECK(mask(system, listener) == 0x1);
    CHECK(system.fcntl(last, k_f_dupfd, 0) == -k_emfile);
    CHECK(system.fcntl(last, k_f_dupfd, last + 2) == -k_einval);
    CHECK(system.dup2(last, last + 2) == -k_ebadf);
    system.close(last + 1);
    CHECK(system.accept4(listener, 0) == last + 1);
}

TEMPLATE_TEST_CASE("epoll: it is neither read nor written, and never writable", "[S-6][S-7]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    CHECK(take(system, epoll.fd, 8) == -k_einval);
    CHECK(put(system, epoll.fd, 8) == -k_einval);
    const int counter = event(system);
    epoll.add(counter, k_in, 1);
    CHECK(system.poll(epoll.fd, k_everything | k_epollrdnorm) == 0);
    add_to(system, counter, 1);
    CHECK(system.poll(epoll.fd, k_everything | k_epollrdnorm) == 0x41);
    read_counter(system, counter);
    CHECK(system.poll(epoll.fd, k_everything | k_epollrdnorm) == 0);
}

TEMPLATE_TEST_CASE("epoll_ctl: the checks come in Linux's order", "[S-8][S-9][S-10][S-11][S-12][S-14]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system);
    const int plain = system.plain_file();
    const int closed = 1000;
    EpollEvent event_in{};
    event_in.events = k_in;
    CHECK(system.epoll_ctl(closed, k_epoll_ctl_add, counter, nullptr) == -k_efault);
    CHECK(system.epoll_ctl(closed, 77, counter, nullptr) == -k_efault);
    CHECK(system.epoll_ctl(closed, k_epoll_ctl_add, counter, &event_in) == -k_ebadf);
    CHECK(system.epoll_ctl(epoll.fd, k_epoll_ctl_add, closed, &event_in) == -k_ebadf);
    CHECK(system.epoll_ctl(closed, k_epoll_ctl_del, counter, nullptr) == -k_ebadf);
    CHECK(system.epoll_ctl(counter, k_epoll_ctl_add, plain, &event_in) == -k_eperm);
    CHECK(system.epoll_ctl(epoll.fd, k_epoll_ctl_del, plain, nullptr) == -k_eperm);
    CHECK(system.epoll_ctl(counter, k_epoll_ctl_add, epoll.fd, &event_in) == -k_einval);
    CHECK(epoll.add(epoll.fd, k_in, 1) == -k_einval);
    const auto copy = static_cast<int>(system.dup(epoll.fd));
    CHECK(epoll.add(copy, k_in, 1) == -k_einval);
    CHECK(epoll.control(0, counter, k_in, 1) == -k_einval);
    CHECK(epoll.add(counter, k_in, 1) == 0);
    CHECK(epoll.control(0, counter, k_in, 1) == -k_einval);
    CHECK(epoll.control(4, counter, k_in, 1) == -k_einval);
    CHECK(epoll.del(counter) == 0);
}

TEMPLATE_TEST_CASE("epoll_ctl: a pair is registered once", "[S-13]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system, 1);
    CHECK(epoll.mod(counter, k_in, 1) == -k_enoent);
    CHECK(epoll.del(counter) == -k_enoent);
    CHECK(epoll.add(counter, k_in | k_epolloneshot, 1) == 0);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.add(counter, k_in, 1) == -k_eexist);
    CHECK(epoll.del(counter) == 0);
    CHECK(epoll.del(counter) == -k_enoent);
}

TEMPLATE_TEST_CASE("epoll_ctl: ERR and HUP come unasked, unknown bits and WAKEUP are ignored",
                   "[S-15][S-16][S-17][S-65]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pipe = pipe_pair(system);
    CHECK(epoll.add(pipe.a, 0, 1) == 0);
    CHECK(epoll.add(pipe.b, k_epollwakeup | 0x00800000U | k_epollin, 2) == 0);
    CHECK(epoll.wait() == "");
    system.close(pipe.a);
    CHECK(epoll.wait() == "2:8");
    const Pair other = pipe_pair(system);
    CHECK(epoll.add(other.a, 0, 3) == 0);
    system.close(other.b);
    CHECK(epoll.wait() == "2:8 3:10");
    CHECK(epoll.wait() == "2:8 3:10");
}

TEMPLATE_TEST_CASE("epoll_wait: the checks come in the order of 6.18", "[S-21][S-22][S-23][S-24]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system);
    EpollEvent events[3] = {};
    check_version<TestType>("S-21", system.epoll_wait(1000, events, 0), -k_ebadf, -k_einval);
    CHECK(system.epoll_wait(epoll.fd, events, 0) == -k_einval);
    CHECK(system.epoll_wait(epoll.fd, events, -1) == -k_einval);
    CHECK(system.epoll_wait(epoll.fd, events, static_cast<int>(k_epoll_max_events) + 1) == -k_einval);
    CHECK(system.epoll_wait(counter, events, 1) == -k_einval);
    CHECK(system.epoll_wait(epoll.fd, nullptr, 1) == 0);
    epoll.add(counter, k_in | k_et, 7);
    add_to(system, counter, 1);
    CHECK(system.epoll_wait(epoll.fd, nullptr, 1) == -k_efault);
    events[1].data = 99;
    CHECK(system.epoll_wait(epoll.fd, events, 3) == 1);
    CHECK(std::uint64_t{events[0].data} == 7);
    CHECK(std::uint64_t{events[1].data} == 99);
}

TEMPLATE_TEST_CASE("epoll: ONESHOT reports once, and MOD arms it again", "[S-63][S-64]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pipe = pipe_pair(system);
    epoll.add(pipe.a, k_in | k_epolloneshot, 1);
    put(system, pipe.b, 1);
    CHECK(epoll.wait() == "1:1");
    put(system, pipe.b, 1);
    CHECK(epoll.wait() == "");
    system.close(pipe.b);
    CHECK(epoll.wait() == "");
    epoll.mod(pipe.a, k_in | k_et | k_epolloneshot, 2);
    CHECK(epoll.wait() == "2:11");
    CHECK(epoll.wait() == "");
    epoll.mod(pipe.a, k_epolloneshot, 3);
    CHECK(epoll.wait() == "3:10");
    CHECK(epoll.wait() == "");
    epoll.mod(pipe.a, 0, 4);
    CHECK(epoll.wait() == "4:10");
    CHECK(epoll.wait() == "4:10");
}

TEMPLATE_TEST_CASE("epoll: only what is asked for is reported", "[S-65][S-66]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = unix_pair(system);
    const int counter = event(system, 1);
    epoll.add(pair.a, k_epollrdhup, 1);
    epoll.add(counter, k_in | k_out | k_epollrdnorm | k_epollwrnorm, 2);
    const auto copy = static_cast<int>(system.dup(pair.a));
    epoll.add(copy, k_out, 3);
    const auto third = static_cast<int>(system.dup(pair.a));
    epoll.add(third, k_in | k_epollrdnorm | k_epollrdband | k_epollwrnorm | k_epollmsg, 4);
    CHECK(epoll.wait() == "2:5 3:4 4:100");
    put(system, pair.b, 1);
    CHECK(epoll.wait() == "2:5 3:4 4:141");
    system.shutdown(pair.b, k_shut_wr);
    CHECK(epoll.wait() == "2:5 3:4 4:141 1:2000");
}

TEMPLATE_TEST_CASE("epoll: EXCLUSIVE goes with few bits, at ADD only, and not with epolls",
                   "[S-67][S-68][S-69]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    Watcher<TestType> inner(system);
    const int counter = event(system, 1);
    for (const std::uint32_t bad : {k_epolloneshot, k_epollrdhup, k_epollpri, k_epollrdnorm}) {
        CHECK(epoll.add(counter, k_epollexclusive | k_in | bad, 1) == -k_einval);
    }
    CHECK(epoll.add(inner.fd, k_epollexclusive | k_in, 1) == -k_einval);
    CHECK(epoll.add(counter, k_epollexclusive | k_in | k_out | k_epollerr | k_epollhup | k_et | k_epollwakeup,
                    1) == 0);
    CHECK(epoll.mod(counter, k_epollexclusive | k_in, 1) == -k_einval);
    CHECK(epoll.mod(counter, k_in, 1) == -k_einval);
    CHECK(epoll.wait() == "1:5");
    CHECK(epoll.del(counter) == 0);
    CHECK(epoll.add(counter, k_in, 1) == 0);
    CHECK(epoll.mod(counter, k_epollexclusive | k_in, 1) == -k_einval);
}

} // namespace
} // namespace edgecase::fake::conformance
