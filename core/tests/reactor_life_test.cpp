// init, done, capabilities, the action table, and the reactor's life as a whole.
#include <cerrno>

#include "core/configuration.hpp"
#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

Options with(Capabilities capabilities) {
    Options options = Loop::options();
    options.capabilities = capabilities;
    return options;
}

bool is_close_on_exec(int fd) {
    return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

} // namespace

TEST_CASE("reactor: init opens epoll and the notify channel close-on-exec, done closes them",
          "[fds-balanced]") {
    Loop loop;
    const std::set<int> before = open_descriptors();
    CHECK_FALSE(loop.reactor.running());
    loop.start();
    CHECK(loop.reactor.running());
    unsigned opened = 0;
    for (const int fd : open_descriptors()) {
        if (before.count(fd) == 0) {
            ++opened;
            CHECK(is_close_on_exec(fd));
        }
    }
    CHECK(opened == 2);
    CHECK(loop.reactor.now() != 0);
    loop.reactor.done();
    CHECK_FALSE(loop.reactor.running());
    CHECK(open_descriptors() == before);
    loop.reactor.done();
    CHECK(loop.kernel.calls("close") == 2);
    CHECK(loop.log.take().empty());
}

TEST_CASE("reactor: done before any init does nothing", "[fds-balanced]") {
    Loop loop;
    loop.reactor.done();
    CHECK(loop.kernel.calls("close") == 0);
    CHECK(loop.reactor.get_connection(5) == nullptr);
    CHECK(loop.log.take() == Lines{"alert: 0 worker_connections are not enough"});
}

TEST_CASE("reactor: the destructor ends what runs and gives all memory back", "[fds-balanced]") {
    const DescriptorBalance balance;
    FailingKernel kernel;
    RecordedLog log;
    const std::array<int, 2> ends = make_pair();
    {
        TestReactor reactor(kernel, log.log);
        REQUIRE(reactor.init(Loop::options()) == Status::ok);
        Connection* connection = reactor.get_connection(ends[0]);
        REQUIRE(connection != nullptr);
        CHECK(reactor.add_connection(*connection) == Status::ok);
        reactor.add_timer(connection->read, 10);
        reactor.post(connection->write);
        CHECK(kernel.blocks == 3);
    }
    CHECK(kernel.blocks == 0);
    CHECK(log.take().empty());
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("reactor: a failing epoll_create leaves nothing behind, and init may be tried again",
          "[failed-call-changes-nothing]") {
    Loop loop;
    loop.kernel.fail("epoll_create1", EMFILE);
    CHECK(loop.reactor.init(Loop::options()) == Status::error);
    CHECK_FALSE(loop.reactor.running());
    CHECK(loop.log.take() == Lines{"emerg: epoll_create() failed"});
    CHECK(loop.kernel.blocks == 0);
    CHECK(loop.reactor.init(Loop::options()) == Status::ok);
    CHECK(loop.poll() == Status::ok);
}

TEST_CASE("reactor: memory that is missing fails init with one line and nothing left open",
          "[failed-call-changes-nothing]") {
    const unsigned which = GENERATE(0U, 1U, 2U);
    Loop loop;
    loop.kernel.fail("allocate", ENOMEM, 1, which);
    CHECK(loop.reactor.init(Loop::options()) == Status::error);
    CHECK_FALSE(loop.reactor.running());
    REQUIRE(loop.log.lines.size() == 1);
    CHECK(loop.log.lines[0].level == LogLevel::emerg);
    CHECK(loop.log.lines[0].text == "malloc(" +
                                        std::to_string(which == 0 ? (8 + k_channels) * sizeof(Connection)
                                                       : which == 1
                                                           ? 2 * (8 + k_channels) * sizeof(Timers::Entry)
                                                           : 8 * sizeof(EpollEvent)) +
                                        ") failed");
    CHECK(loop.kernel.blocks == 0);
    CHECK(loop.kernel.calls("epoll_create1") == 0);
    CHECK(loop.reactor.init(Loop::options()) == Status::ok);
}

TEST_CASE("reactor: options that no loop can run with are refused", "[accepted-config-can-wait]") {
    Loop loop;
    CHECK(loop.reactor.init(Loop::options(1, 8)) == Status::error);
    CHECK(loop.reactor.init(Loop::options(16'777'217, 8)) == Status::error);
    CHECK(loop.reactor.init(Loop::options(8, 0)) == Status::error);
    CHECK(loop.reactor.init(Loop::options(8, 1'048'577)) == Status::error);
    CHECK(loop.log.take() == Lines{"emerg: \"worker_connections\" is out of range: 1",
                                   "emerg: \"worker_connections\" is out of range: 16777217",
                                   "emerg: \"epoll_events\" is out of range: 0",
                                   "emerg: \"epoll_events\" is out of range: 1048577"});

    for (const std::uint32_t requests : {0U, 65'537U, 0xffffffffU}) {
        Options options = Loop::options();
        options.worker_aio_requests = requests;
        CHECK(loop.reactor.init(options) == Status::error);
    }
    for (const Msec delay_ms : {Msec{0}, Msec{2'147'483'648}, ~Msec{0}}) {
        Options options = Loop::options();
        options.accept_mutex_delay_ms = delay_ms;
        CHECK(loop.reactor.init(options) == Status::error);
    }
    Options options = Loop::options();
    options.timer_resolution_ms = 2'147'483'648;
    CHECK(loop.reactor.init(options) == Status::error);
    CHECK(loop.log.take() == Lines{"emerg: \"worker_aio_requests\" is out of range: 0",
                                   "emerg: \"worker_aio_requests\" is out of range: 65537",
                                   "emerg: \"worker_aio_requests\" is out of range: 4294967295",
                                   "emerg: \"accept_mutex_delay_ms\" is out of range: 0",
                                   "emerg: \"accept_mutex_delay_ms\" is out of range: 2147483648",
                                   "emerg: \"accept_mutex_delay_ms\" is out of range: 18446744073709551615",
                                   "emerg: \"timer_resolution_ms\" is out of range: 2147483648"});
    CHECK(loop.kernel.calls("allocate") == 0);
}

TEST_CASE("reactor: options at their bounds are taken", "[accepted-config-can-wait]") {
    Options least = Loop::options(2, 1);
    least.worker_aio_requests = 1;
    least.accept_mutex_delay_ms = 1;
    least.timer_resolution_ms = 0;
    Options most = Loop::options();
    most.worker_aio_requests = 65'536;
    most.accept_mutex_delay_ms = 2'147'483'647;
    most.timer_resolution_ms = 2'147'483'647;
    for (const Options& options : {least, most}) {
        Loop loop;
        CHECK(loop.reactor.init(options) == Status::ok);
        CHECK(loop.poll() == Status::ok);
    }
}

TEST_CASE("reactor: what a configuration says at its bounds runs", "[accepted-config-can-wait]") {
    for (const char* text : {"events { worker_connections 2; epoll_events 1; worker_aio_requests 1;"
                             " accept_mutex_delay 1ms; multi_accept on; accept_mutex off; use epoll; }"
                             " timer_resolution 0;",
                             "events { epoll_events 1048576; worker_aio_requests 65536;"
                             " accept_mutex_delay 2147483647ms; }"
                             " timer_resolution 2147483647ms;"}) {
        const Configuration configuration = read_configuration(text, "nginx.conf");
        REQUIRE(configuration.accepted());
        Loop loop;
        CHECK(loop.reactor.init(configuration.options()) == Status::ok);
        CHECK(loop.poll() == Status::ok);
    }
}

TEST_CASE("reactor: the first init that succeeds fixes worker_connections", "[failed-call-changes-nothing]") {
    Loop loop;
    loop.start(Loop::options(4, 8));
    REQUIRE(loop.reactor.init(Loop::options(64, 8)) == Status::ok);
    CHECK(loop.reactor.connections().connections() == 4);
    loop.reactor.done();
    loop.start(Loop::options(64, 8));
    const auto& reactor = loop.reactor;
    CHECK(reactor.connections().connections() == 4);
}

TEST_CASE("reactor: init again takes a larger list, and keeps the old one and its count on failure",
          "[failed-call-changes-nothing]") {
    Loop loop;
    loop.start(Loop::options(8, 1));
    Connection& a = loop.open();
    Connection& b = loop.open();
    Loop::handlers(a).write = loop.note("a");
    Loop::handlers(b).write = loop.note("b");
    CHECK(loop.reactor.add_connection(a) == Status::ok);
    CHECK(loop.reactor.add_connection(b) == Status::ok);

    SECTION("there is no memory for it") {
        loop.kernel.fail("allocate", ENOMEM);
        CHECK(loop.reactor.init(Loop::options(8, 2)) == Status::error);
        CHECK(loop.log.take() == Lines{"emerg: malloc(24) failed"});
        CHECK(loop.reactor.running());
        CHECK(loop.poll() == Status::ok);
        CHECK(loop.happened == Lines{"a"});
    }
    SECTION("there is") {
        CHECK(loop.reactor.init(Loop::options(8, 2)) == Status::ok);
        CHECK(loop.poll() == Status::ok);
        CHECK(loop.happened == Lines{"a", "b"});
        CHECK(loop.kernel.calls("epoll_create1") == 1);
        CHECK(loop.kernel.blocks == 3);
    }
    SECTION("fewer need no new list") {
        CHECK(loop.reactor.init(Loop::options(8, 2)) == Status::ok);
        const unsigned allocations = loop.kernel.calls("allocate");
        CHECK(loop.reactor.init(Loop::options(8, 1)) == Status::ok);
        CHECK(loop.kernel.calls("allocate") == allocations);
        CHECK(loop.poll() == Status::ok);
        CHECK(loop.happened == Lines{"a"});
    }
}

TEST_CASE("reactor: a notify channel that does not come up is no error, and a later init restores it",
          "[failed-call-changes-nothing][fds-balanced]") {
    Loop loop;
    const std::set<int> before = open_descriptors();

    SECTION("eventfd fails") {
        loop.kernel.fail("eventfd", ENFILE);
        loop.start();
        CHECK(loop.log.take() == Lines{"emerg: eventfd() failed"});
    }
    SECTION("adding it to epoll fails") {
        loop.kernel.fail("epoll_ctl", ENOSPC);
        loop.start();
        CHECK(loop.log.take() == Lines{"emerg: epoll_ctl(EPOLL_CTL_ADD, eventfd) failed"});
    }
    SECTION("adding it fails, and so does closing it") {
        loop.kernel.fail("epoll_ctl", ENOSPC);
        loop.kernel.fail("close", EIO);
        loop.start();
        CHECK(loop.log.take() ==
              Lines{"emerg: epoll_ctl(EPOLL_CTL_ADD, eventfd) failed", "alert: eventfd close() failed"});
    }
    CHECK(loop.reactor.running());
    CHECK(open_descriptors().size() == before.size() + 1);
    CHECK(loop.reactor.actions().notify == nullptr);
    CHECK(loop.reactor.actions().add == &TestReactor::add_event);
    NotifyTask task{nullptr};
    CHECK(loop.reactor.notify(task) == Status::error);
    CHECK(loop.log.take() == Lines{"alert: there is no notify channel"});

    const unsigned closed = loop.kernel.calls("close");
    loop.reactor.done();
    CHECK(loop.kernel.calls("close") == closed + 1);
    CHECK(open_descriptors() == before);
    loop.start();
    CHECK(loop.reactor.actions().notify == &TestReactor::notify);
}

TEST_CASE("reactor: failures to close are alerts, each once", "[fds-balanced]") {
    Loop loop;
    loop.start();
    loop.kernel.fail("close", EIO, 2);
    loop.reactor.done();
    CHECK(loop.log.take() == Lines{"alert: epoll close() failed", "alert: eventfd close() failed"});
    loop.reactor.done();
    CHECK(loop.log.take().empty());
}

TEST_CASE("reactor: done clears active of live connections, and they can be added after another init",
          "[interest-matches-active]") {
    Loop loop;
    loop.start();
    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("read");
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    loop.reactor.done();
    CHECK_FALSE(a.read.active);
    CHECK(a.fd != -1);
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::error);
    CHECK(loop.log.take().size() == 1);
    loop.start();
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    put(loop.peer(a), "x");
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read"});
}

TEST_CASE("reactor: all sixteen combinations of capabilities run", "[no-lost-wakeup]") {
    const int bits = GENERATE(range(0, 16));
    Capabilities capabilities;
    capabilities.eventfd = (bits & 1) != 0;
    capabilities.file_aio = (bits & 2) != 0;
    capabilities.epollrdhup = (bits & 4) != 0;
    capabilities.clear_event = (bits & 8) != 0;
    Loop loop;
    loop.start(with(capabilities));
    CHECK((loop.reactor.actions().notify != nullptr) == capabilities.eventfd);
    CHECK(loop.reactor.event_flags() == ((capabilities.clear_event ? k_use_clear_event : k_use_level_event) |
                                         k_use_greedy_event | k_use_epoll_event));

    Connection& a = loop.open();
    Loop::handlers(a).read = loop.note("read");
    const std::uint32_t rdhup = capabilities.epollrdhup ? k_epollrdhup : 0;
    CHECK(loop.reactor.add_event(a.read, k_clear_event) == Status::ok);
    CHECK(loop.kernel.last_mask == (k_epollin | rdhup | k_epollet));
    CHECK(loop.reactor.add_event(a.write, k_clear_event) == Status::ok);
    CHECK(loop.kernel.last_mask == (k_epollin | k_epollout | rdhup | k_epollet));
    loop.close_peer(a);
    CHECK(loop.poll() == Status::ok);
    CHECK(loop.happened == Lines{"read"});
    CHECK(a.read.pending_eof == capabilities.epollrdhup);
}

TEST_CASE("reactor: the action table reaches the module", "[interest-matches-active]") {
    Loop loop;
    const EventActions<FailingKernel>& actions = loop.reactor.actions();
    CHECK((loop.reactor.*actions.init)(Loop::options()) == Status::ok);
    Connection& a = loop.open();
    CHECK((loop.reactor.*actions.add)(a.read, 0) == Status::ok);
    CHECK((loop.reactor.*actions.enable)(a.write, 0) == Status::ok);
    CHECK((loop.reactor.*actions.disable)(a.write, k_disable_event) == Status::ok);
    CHECK((loop.reactor.*actions.del)(a.read, 0) == Status::ok);
    CHECK((loop.reactor.*actions.add_connection)(a) == Status::ok);
    CHECK((loop.reactor.*actions.del_connection)(a, 0) == Status::ok);
    CHECK((loop.reactor.*actions.process_events)(0, 0) == Status::ok);
    (loop.reactor.*actions.done)();
    CHECK_FALSE(loop.reactor.running());
}

TEST_CASE("reactor: several in one process do not touch each other", "[fds-balanced]") {
    Loop one;
    one.start();
    Connection& a = one.open();
    Loop two;
    two.start();
    Connection& b = two.open();
    CHECK(a.slot == b.slot);
    Loop::handlers(a).write = one.note("a");
    Loop::handlers(b).write = two.note("b");
    CHECK(one.reactor.add_connection(a) == Status::ok);
    CHECK(two.reactor.add_connection(b) == Status::ok);
    CHECK(two.poll() == Status::ok);
    CHECK(two.happened == Lines{"b"});
    CHECK(one.happened.empty());
    CHECK(one.poll() == Status::ok);
    CHECK(one.happened == Lines{"a"});
}

} // namespace edgecase
