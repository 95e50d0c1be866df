#include "core/linux_kernel.hpp"

#include <csignal>
#include <string_view>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/linux_reactor.hpp"
#include "core/tests/catch.hpp"
#include "core/tests/open_descriptors.hpp"
#include "core/tests/recorded_log.hpp"

namespace edgecase {

TEST_CASE("linux kernel: a call gives its value, or -1 with the error", "[fds-balanced]") {
    const DescriptorBalance balance;
    LinuxKernel kernel;
    const SysResult epoll = kernel.epoll_create1(k_epoll_cloexec);
    REQUIRE_FALSE(epoll.failed());
    const auto epoll_fd = static_cast<int>(epoll.value);
    const SysResult event = kernel.eventfd(3, k_efd_cloexec | k_efd_nonblock);
    REQUIRE_FALSE(event.failed());
    const auto event_fd = static_cast<int>(event.value);

    EpollEvent entry{k_epollin | k_epollet, 0x123456789abcdef0};
    CHECK(kernel.epoll_ctl(epoll_fd, k_epoll_ctl_add, event_fd, &entry).value == 0);
    CHECK(kernel.epoll_ctl(epoll_fd, k_epoll_ctl_add, event_fd, &entry).error == EEXIST);
    EpollEvent list[2]{};
    CHECK(kernel.epoll_wait(epoll_fd, list, 2, 0).value == 1);
    const std::uint64_t data = list[0].data;
    CHECK(data == 0x123456789abcdef0);
    const std::uint32_t events = list[0].events;
    CHECK(events == k_epollin);

    std::uint64_t count = 4;
    CHECK(kernel.write(event_fd, &count, sizeof count).value == 8);
    CHECK(kernel.read(event_fd, &count, sizeof count).value == 8);
    CHECK(count == 7);
    const SysResult empty = kernel.read(event_fd, &count, sizeof count);
    CHECK(empty.failed());
    CHECK(empty.value == -1);
    CHECK(empty.error == EAGAIN);
    CHECK(kernel.recv(event_fd, &count, 1, 0).error == ENOTSOCK);
    CHECK(kernel.send(event_fd, &count, 1, 0).error == ENOTSOCK);
    CHECK(kernel.accept4(event_fd, 0).error == ENOTSOCK);
    CHECK(kernel.close(event_fd).value == 0);
    CHECK(kernel.close(epoll_fd).value == 0);
    CHECK(kernel.close(-1).error == EBADF);
}

TEST_CASE("linux kernel: a file is read at a place, at once and through AIO", "[fds-balanced]") {
    const DescriptorBalance balance;
    LinuxKernel kernel;
    const int file = ::memfd_create("edgecase", MFD_CLOEXEC);
    REQUIRE(kernel.write(file, "0123456789", 10).value == 10);
    char bytes[8] = {};
    CHECK(kernel.pread(file, bytes, sizeof bytes, 6).value == 4);
    CHECK(std::string_view(bytes, 4) == "6789");
    CHECK(kernel.pread(file, bytes, 1, -1).error == EINVAL);
    CHECK(kernel.io_destroy(0).failed());

    AioContextId context = 0;
    const SysResult made = kernel.io_setup(4, &context);
    if (made.error == ENOSYS || made.error == EPERM) {
        WARN("AIO is not tried: this kernel refuses io_setup, errno " << made.error);
    } else {
        REQUIRE_FALSE(made.failed());
        AioControlBlock block;
        block.data = 5;
        block.fd = static_cast<std::uint32_t>(file);
        block.buffer = reinterpret_cast<std::uint64_t>(bytes);
        block.size = 3;
        block.offset = 1;
        AioControlBlock* list = &block;
        CHECK(kernel.io_submit(context, 1, &list).value == 1);
        AioCompletion done[2];
        SysResult taken = kernel.io_getevents(context, 0, 2, done);
        for (int tries = 0; taken.value == 0 && tries < 1000; ++tries) {
            ::usleep(1000);
            taken = kernel.io_getevents(context, 0, 2, done);
        }
        REQUIRE(taken.value == 1);
        CHECK(done[0].data == 5);
        CHECK(done[0].result == 3);
        CHECK(std::string_view(bytes, 3) == "123");
        CHECK(kernel.io_destroy(context).value == 0);
    }
    CHECK(kernel.close(file).value == 0);
}

TEST_CASE("linux kernel: accept4 gives a descriptor with the flags that were asked for", "[fds-balanced]") {
    const DescriptorBalance balance;
    LinuxKernel kernel;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(listener >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    CHECK(kernel.accept4(listener, k_sock_nonblock | k_sock_cloexec).error == EAGAIN);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0);
    const SysResult accepted = kernel.accept4(listener, k_sock_nonblock | k_sock_cloexec);
    REQUIRE_FALSE(accepted.failed());
    const auto server = static_cast<int>(accepted.value);
    CHECK((::fcntl(server, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(server, F_GETFL) & O_NONBLOCK) != 0);
    for (const int fd : {listener, client, server}) {
        CHECK(kernel.close(fd).value == 0);
    }
}

TEST_CASE("linux kernel: the clock is monotonic and memory is aligned", "[timers-on-time]") {
    LinuxKernel kernel;
    const Msec before = kernel.monotonic_ms();
    CHECK(kernel.monotonic_ms() >= before);
    void* memory = kernel.allocate(256, 64);
    REQUIRE(memory != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(memory) % 64 == 0);
    kernel.release(memory, 256, 64);
    kernel.release(nullptr, 0, 64);
}

TEST_CASE("linux kernel: an alarm ends the wait and is taken once", "[timers-on-time]") {
    const DescriptorBalance balance;
    struct sigaction action {};
    struct sigaction old {};
    action.sa_handler = [](int) { LinuxKernel::note_alarm(); };
    REQUIRE(::sigaction(SIGALRM, &action, &old) == 0);
    LinuxKernel kernel;
    RecordedLog log;
    {
        NativeReactor reactor(kernel, log.log);
        REQUIRE(reactor.init(Options{}) == Status::ok);
        itimerval timer{};
        timer.it_value.tv_usec = 20'000;
        REQUIRE(::setitimer(ITIMER_REAL, &timer, nullptr) == 0);
        CHECK(reactor.process_events(k_timer_infinite, 0) == Status::ok);
        CHECK_FALSE(kernel.take_alarm());
        LinuxKernel::note_alarm();
        LinuxKernel::note_alarm();
        CHECK(kernel.take_alarm());
        CHECK_FALSE(kernel.take_alarm());
    }
    REQUIRE(::sigaction(SIGALRM, &old, nullptr) == 0);
    CHECK(log.take().empty());
}

} // namespace edgecase
