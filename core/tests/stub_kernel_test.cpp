// The reactor where epoll does not exist; this test runs everywhere.
#include "core/stub_kernel.hpp"

#include <type_traits>

#include "core/linux_reactor.hpp"
#include "core/reactor.ipp"
#include "core/tests/catch.hpp"
#include "core/tests/recorded_log.hpp"

namespace edgecase {

// The reactor for the system at hand stands on it where epoll does not exist, and only there.
#ifdef EDGECASE_TEST_BUILD_EPOLL
static_assert(std::is_same_v<NativeReactor, Reactor<StubKernel>>);
#else
static_assert(!std::is_same_v<NativeReactor, Reactor<StubKernel>>);
#endif

TEST_CASE("stub kernel: every call fails", "[failed-call-changes-nothing]") {
    StubKernel kernel;
    EpollEvent event{};
    AioContextId context = 0;
    for (const SysResult& result : {kernel.epoll_create1(0),
                                    kernel.epoll_ctl(0, 0, 0, &event),
                                    kernel.epoll_wait(0, &event, 1, 0),
                                    kernel.eventfd(0, 0),
                                    kernel.read(0, &event, 1),
                                    kernel.write(0, &event, 1),
                                    kernel.recv(0, &event, 1, 0),
                                    kernel.send(0, &event, 1, 0),
                                    kernel.sendmsg(0, nullptr, 0, 0),
                                    kernel.accept4(0, 0),
                                    kernel.pread(0, &event, 1, 0),
                                    kernel.io_setup(1, &context),
                                    kernel.io_submit(0, 1, nullptr),
                                    kernel.io_getevents(0, 0, 1, nullptr),
                                    kernel.io_destroy(0),
                                    kernel.accept4(0, 0),
                                    kernel.accept(0),
                                    kernel.fcntl(0, 0, 0),
                                    kernel.socket(0, 0),
                                    kernel.connect(0, InetAddress{}),
                                    kernel.getsockopt_error(0),
                                    kernel.setitimer(1),
                                    kernel.close(0)}) {
        CHECK(result.value == -1);
        CHECK(result.error == ENOSYS);
    }
    CHECK(kernel.monotonic_ms() == 0);
    CHECK_FALSE(kernel.take_alarm());
}

TEST_CASE("stub kernel: init ends with nginx's line", "[failed-call-changes-nothing]") {
    StubKernel kernel;
    RecordedLog log;
    Reactor<StubKernel> reactor(kernel, log.log);
    CHECK(reactor.init(Options{}) == Status::error);
    CHECK(log.take() == Lines{"emerg: epoll_create() failed"});
    CHECK_FALSE(reactor.running());
    CHECK(reactor.process_events(0, 0) == Status::error);
    CHECK(log.take() == Lines{"alert: epoll_wait() failed"});
}

TEST_CASE("stub kernel: whatever the capabilities, init fails with one line and may be tried again",
          "[failed-call-changes-nothing]") {
    for (unsigned bits = 0; bits < 16; ++bits) {
        INFO(bits);
        Options options;
        options.capabilities = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
        StubKernel kernel;
        RecordedLog log;
        Reactor<StubKernel> reactor(kernel, log.log);
        for (unsigned attempt = 0; attempt < 2; ++attempt) {
            CHECK(reactor.init(options) == Status::error);
            CHECK(log.take() == Lines{"emerg: epoll_create() failed"});
            CHECK_FALSE(reactor.running());
        }
        reactor.done();
        CHECK(log.take().empty());
    }
}

} // namespace edgecase
