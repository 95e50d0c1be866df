// Description against number, and nested epolls: sections G and H of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"
#include "fakekernel/tests/conformance/differences.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("identity: a closed number whose description lives on keeps reporting",
                   "[S-71][S-72][S-73]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system, 1);
    const auto copy = static_cast<int>(system.dup(counter));
    epoll.add(counter, k_in, 1);
    system.close(counter);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.del(counter) == -k_ebadf);
    CHECK(epoll.del(copy) == -k_enoent);
    system.close(copy);
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("identity: a child's copy keeps the description alive", "[S-72][S-73]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const Pair pair = unix_pair(system);
    epoll.add(pair.a, k_in | k_epollrdhup, 1);
    system.fork_child();
    system.close(pair.a);
    put(system, pair.b, 1);
    CHECK(epoll.wait() == "1:1");
    system.end_child();
    CHECK(epoll.wait() == "");
    CHECK(put(system, pair.b, 1) == -k_epipe);
}

TEMPLATE_TEST_CASE("identity: a number used again is another registration", "[S-74][S-79]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system, 1);
    const auto copy = static_cast<int>(system.dup(counter));
    epoll.add(counter, k_in, 1);
    system.close(counter);
    const int other = event(system, 1);
    CHECK(other == counter);
    CHECK(epoll.add(other, k_in, 2) == 0);
    CHECK(epoll.wait() == "1:1 2:1");
    CHECK(epoll.del(other) == 0);
    CHECK(epoll.wait() == "1:1");
    CHECK(epoll.del(other) == -k_enoent);
    CHECK(system.dup2(copy, other) == other);
    CHECK(epoll.del(other) == 0);
    CHECK(epoll.wait() == "");
}

TEMPLATE_TEST_CASE("identity: a dup of the epoll shares the interest list", "[S-76]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> epoll(system);
    const int counter = event(system, 1);
    epoll.add(counter, k_in, 1);
    const auto copy = static_cast<int>(system.dup(epoll.fd));
    system.close(epoll.fd);
    epoll.fd = copy;
    CHECK(epoll.add(counter, k_in, 1) == -k_eexist);
    CHECK(epoll.wait() == "1:1");
}

TEMPLATE_TEST_CASE("identity: two epolls hear of one file separately", "[S-77]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> first(system);
    Watcher<TestType> second(system);
    const int counter = event(system);
    first.add(counter, k_in | k_et, 1);
    second.add(counter, k_in | k_et, 2);
    add_to(system, counter, 1);
    CHECK(first.wait() == "1:1");
    CHECK(first.wait() == "");
    CHECK(second.wait() == "2:1");
}

TEMPLATE_TEST_CASE("identity: O_NONBLOCK belongs to the description, FD_CLOEXEC to the number",
                   "[S-78][S-79]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const auto fd = static_cast<int>(system.eventfd(0, k_efd_cloexec));
    const auto copy = static_cast<int>(system.dup(fd));
    CHECK(system.fcntl(fd, k_f_getfl, 0) == k_o_rdwr);
    CHECK(system.fcntl(copy, k_f_setfl, k_o_nonblock) == 0);
    CHECK(system.fcntl(fd, k_f_getfl, 0) == (k_o_rdwr | k_o_nonblock));
    CHECK(system.fionbio(fd, 0) == 0);
    CHECK(system.fcntl(copy, k_f_getfl, 0) == k_o_rdwr);
    CHECK(system.fcntl(fd, k_f_getfd, 0) == k_fd_cloexec);
    CHECK(system.fcntl(copy, k_f_getfd, 0) == 0);
    CHECK(system.fcntl(copy, k_f_setfd, k_fd_cloexec) == 0);
    CHECK(system.fcntl(copy, k_f_getfd, 0) == k_fd_cloexec);
    const auto high = static_cast<int>(system.fcntl(fd, k_f_dupfd, 100));
    CHECK(high == 100);
    CHECK(system.fcntl(fd, k_f_dupfd_cloexec, 100) == 101);
    CHECK(system.fcntl(101, k_f_getfd, 0) == k_fd_cloexec);
    CHECK(system.dup3(fd, 102, k_o_cloexec) == 102);
    CHECK(system.fcntl(102, k_f_getfd, 0) == k_fd_cloexec);
    CHECK(system.dup3(fd, fd, 0) == -k_einval);
    CHECK(system.dup3(fd, 103, 1) == -k_einval);
    CHECK(system.dup2(fd, fd) == fd);
    CHECK(system.dup2(500, 501) == -k_ebadf);
    CHECK(system.dup2(fd, -1) == -k_ebadf);
    CHECK(system.fcntl(fd, 9999, 0) == -k_einval);
    CHECK(system.fcntl(500, k_f_getfl, 0) == -k_ebadf);
    const int lowest = event(system);
    CHECK(lowest == copy + 1);
    const Pair pipe = pipe_pair(system);
    CHECK(pipe.a == lowest + 1);
    CHECK(pipe.b == lowest + 2);
    system.close(lowest);
    CHECK(system.dup(fd) == lowest);
    CHECK(system.close(500) == -k_ebadf);
}

TEMPLATE_TEST_CASE("nested: an outer epoll reports the inner while it has a ready item", "[S-81][S-82]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> outer(system);
    Watcher<TestType> inner(system);
    const int counter = event(system);
    inner.add(counter, k_in, 1);
    CHECK(outer.add(inner.fd, k_everything, 2) == 0);
    CHECK(outer.wait() == "");
    add_to(system, counter, 1);
    CHECK(outer.wait() == "2:1");
    CHECK(outer.wait() == "2:1");
    read_counter(system, counter);
    CHECK(outer.wait() == "");
    inner.mod(counter, k_in | k_et, 1);
    add_to(system, counter, 1);
    CHECK(outer.wait() == "2:1");
    CHECK(outer.wait() == "2:1");
    CHECK(inner.wait() == "1:1");
    CHECK(outer.wait() == "");
}

TEMPLATE_TEST_CASE("nested: an outer edge is an inner wakeup", "[S-83]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> outer(system);
    Watcher<TestType> inner(system);
    const int counter = event(system);
    inner.add(counter, k_in, 1);
    outer.add(inner.fd, k_in | k_et, 2);
    add_to(system, counter, 1);
    CHECK(outer.wait() == "2:1");
    CHECK(outer.wait() == "");
    add_to(system, counter, 1);
    CHECK(outer.wait() == "2:1");
}

TEMPLATE_TEST_CASE("nested: five epolls in a chain are the most, from either end, and no loops",
                   "[S-84][S-85]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    std::vector<Watcher<TestType>> chain;
    chain.reserve(7);
    for (int i = 0; i < 7; ++i)
        chain.emplace_back(system);
    for (int i = 1; i < 5; ++i) {
        CHECK(chain[static_cast<std::size_t>(i) - 1].add(chain[static_cast<std::size_t>(i)].fd, k_in, 1) ==
              0);
    }
    CHECK(chain[4].add(chain[5].fd, k_in, 1) == -k_eloop);
    check_version<TestType>("S-84", chain[6].add(chain[0].fd, k_in, 1), -k_eloop, -k_einval);
    CHECK(chain[4].add(chain[0].fd, k_in, 1) == -k_eloop);
    CHECK(chain[1].add(chain[0].fd, k_in, 1) == -k_eloop);
    const int leaf = event(system, 1);
    CHECK(chain[4].add(leaf, k_in, 9) == 0);
    CHECK(chain[0].wait() == "1:1");
    CHECK(chain[4].wait() == "9:1");
    CHECK(chain[6].add(chain[1].fd, k_in, 1) == 0);
}

TEMPLATE_TEST_CASE("nested: no more than 500 paths of two links lead from one file", "[S-86]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int counter = event(system);
    Watcher<TestType> inner(system);
    CHECK(inner.add(counter, k_in, 1) == 0);
    long refused = 0;
    int accepted = 0;
    while (refused == 0 && accepted < 600) {
        Watcher<TestType> outer(system);
        refused = outer.add(inner.fd, k_in, 1);
        if (refused == 0) ++accepted;
    }
    CHECK(accepted == 500);
    CHECK(refused == -k_einval);
}

TEMPLATE_TEST_CASE("nested: closing either end frees the link", "[S-87]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    Watcher<TestType> first(system);
    Watcher<TestType> second(system);
    CHECK(first.add(second.fd, k_in, 1) == 0);
    CHECK(second.add(first.fd, k_in, 1) == -k_eloop);
    system.close(first.fd);
    Watcher<TestType> third(system);
    CHECK(second.add(third.fd, k_in, 1) == 0);
    system.close(third.fd);
    Watcher<TestType> fourth(system);
    CHECK(fourth.add(second.fd, k_in, 1) == 0);
}

} // namespace
} // namespace edgecase::fake::conformance
