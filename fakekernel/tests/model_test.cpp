// The model by itself: what no real kernel can be asked.
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "fakekernel/call.hpp"
#include "fakekernel/conformance/program.hpp"
#include "fakekernel/conformance/runner.hpp"
#include "fakekernel/conformance/system.hpp"
#include "fakekernel/model.hpp"
#include "fakekernel/tests/catch.hpp"

namespace {
unsigned long allocations = 0;
}

void* operator new(std::size_t size) {
    ++allocations;
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace edgecase::fake {
namespace {

constexpr Pid k_subject = 0;

EpollEvent interest(std::uint32_t events, std::uint64_t data) {
    EpollEvent event{};
    event.events = events;
    event.data = data;
    return event;
}

// A little of everything; no descriptor is closed.
void use_everything(Model& model, Pid peer) {
    const int epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
    int fds[2] = {-1, -1};
    const EpollEvent event = interest(k_epollin | k_epollout | k_epollet, 5);
    char bytes[4096] = {};
    EpollEvent out[8] = {};
    for (const int type : {k_sock_stream, k_sock_dgram, k_sock_seqpacket}) {
        model.socketpair_between(k_subject, peer, type, k_o_nonblock, fds);
        model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, fds[0], &event);
        for (int i = 0; i < 3; ++i)
            model.send(peer, fds[1], bytes, sizeof bytes, 0);
    }
    model.pipe_between(k_subject, peer, k_o_nonblock, fds);
    model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, fds[0], &event);
    model.write(peer, fds[1], bytes, sizeof bytes);
    model.tcp_pair_between(k_subject, peer, k_o_nonblock, fds);
    model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, fds[0], &event);
    model.send(peer, fds[1], bytes, sizeof bytes, 0);
    const int counter = static_cast<int>(model.eventfd(k_subject, 1, 0).value);
    model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, counter, &event);
    const int listener = static_cast<int>(model.socket(k_subject, FileKind::tcp, 0).value);
    model.listen(k_subject, listener, 0);
    const auto port = static_cast<std::uint16_t>(model.getsockname_port(k_subject, listener).value);
    for (int i = 0; i < 3; ++i) {
        const int client = static_cast<int>(model.socket(peer, FileKind::tcp, k_o_nonblock).value);
        model.connect(peer, client, port);
    }
    model.harvest(k_subject, epoll, out, 3);
    model.order_ready(model.file_of(k_subject, epoll), Model::ReadyOrder::shuffle, 7);
    model.harvest(k_subject, epoll, out, 8);
    model.advance(3'000'000'000);
    model.fork(k_subject);
}

TEST_CASE("model: a reset one answers as a new one, whatever it was used for", "[model]") {
    Model used;
    use_everything(used, used.spawn());
    used.check_consistency();
    used.reset(ModelOptions{});
    used.check_consistency();
    Model fresh;
    CHECK(used.now_ns() == 0);
    CHECK(used.processes() == 1);
    CHECK(used.open_count(k_subject) == 3);
    CHECK(used.next_deadline_ns() == -1);
    CHECK(used.harvested_count() == 0);
    for (Model* model : {&used, &fresh}) {
        const int epoll = static_cast<int>(model->epoll_create1(k_subject, 0).value);
        const int counter = static_cast<int>(model->eventfd(k_subject, 1, 0).value);
        const EpollEvent event = interest(k_epollin, 1);
        CHECK(epoll == 3);
        CHECK(counter == 4);
        CHECK(model->file_of(k_subject, epoll) == 1);
        CHECK(model->epoll_ctl(k_subject, epoll, k_epoll_ctl_add, counter, &event).value == 0);
        CHECK(model->watch(model->first_watch(model->file_of(k_subject, epoll))).serial == 1);
    }
}

// Whatever is left of a program shows in the answers to another one that differs from what a new model says.
TEST_CASE("model: random programs find a reset model as they find a new one", "[model]") {
    using namespace conformance;
    const auto runner_of = [](ModelSystem& system) { return std::make_unique<Runner<ModelSystem>>(system); };
    ModelSystem used;
    const auto on_used = runner_of(used);
    Answers answers;
    Answers expected;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const Program program = random_program(seed, 60);
        used.restart();
        on_used->run(program, Family::inet, 0, answers);
        used.model().check_consistency();
        ModelSystem fresh;
        runner_of(fresh)->run(program, Family::inet, 0, expected);
        REQUIRE(answers.lines == expected.lines);
    }
}

TEST_CASE("model: nothing is allocated once it has been used", "[model]") {
    Model model;
    for (int round = 0; round < 2; ++round) {
        model.reset(ModelOptions{});
        use_everything(model, model.spawn());
    }
    const unsigned long before = allocations;
    for (int round = 0; round < 10; ++round) {
        model.reset(ModelOptions{});
        const Pid peer = model.spawn();
        use_everything(model, peer);
        model.exit(peer);
    }
    CHECK(allocations == before);
    model.check_consistency();
}

TEST_CASE("model: exit of every process leaves nothing behind", "[model]") {
    Model model;
    const Pid peer = model.spawn();
    use_everything(model, peer);
    for (Pid pid = 0; pid < model.processes(); ++pid)
        model.exit(pid);
    model.check_consistency();
    CHECK(model.open_count(k_subject) == 0);
    CHECK(model.highest_fd(k_subject) == -1);
    CHECK(model.epoll_create1(model.spawn(), 0).value == 3);
}

TEST_CASE("model: a SYN that was dropped is sent again after a second, and gives up in the end", "[S-112]") {
    Model model;
    const int listener = static_cast<int>(model.socket(k_subject, FileKind::tcp, k_o_nonblock).value);
    model.bind(k_subject, listener, 80);
    model.listen(k_subject, listener, 0);
    const int first = static_cast<int>(model.socket(k_subject, FileKind::tcp, k_o_nonblock).value);
    const int late = static_cast<int>(model.socket(k_subject, FileKind::tcp, k_o_nonblock).value);
    const int never = static_cast<int>(model.socket(k_subject, FileKind::tcp, k_o_nonblock).value);
    for (const int fd : {first, late, never})
        CHECK(model.connect(k_subject, fd, 80).error == k_einprogress);
    CHECK(model.ready_mask(model.file_of(k_subject, late)) == 0);
    CHECK(model.next_deadline_ns() == 1'000'000'000);
    CHECK(model.accept4(k_subject, listener, 0).value >= 0);
    model.advance(999'999'999);
    CHECK(model.ready_mask(model.file_of(k_subject, late)) == 0);
    model.advance(1);
    CHECK(model.ready_mask(model.file_of(k_subject, late)) == (k_epollout | k_epollwrnorm));
    CHECK(model.ready_mask(model.file_of(k_subject, never)) == 0);
    CHECK(model.next_deadline_ns() == 2'000'000'000);
    model.advance(200'000'000'000);
    CHECK(model.getsockopt_error(k_subject, never).value == k_etimedout);
    CHECK(model.next_deadline_ns() == -1);
}

TEST_CASE("model: ADD and MOD of what is ready wake a sleeper", "[S-20]") {
    Model model;
    const int epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
    const int counter = static_cast<int>(model.eventfd(k_subject, 1, 0).value);
    const int file = model.file_of(k_subject, epoll);
    const EpollEvent nothing = interest(k_epolloneshot, 1);
    const EpollEvent readable = interest(k_epollin, 1);
    for (const int op : {k_epoll_ctl_add, k_epoll_ctl_mod}) {
        if (op == k_epoll_ctl_mod) {
            REQUIRE(model.epoll_ctl(k_subject, epoll, k_epoll_ctl_del, counter, nullptr).value == 0);
            REQUIRE(model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, counter, &nothing).value == 0);
        }
        model.begin_wait(file);
        CHECK(model.woken(file) == 0);
        REQUIRE(model.epoll_ctl(k_subject, epoll, op, counter, &readable).value == 0);
        CHECK(model.woken(file) == 1);
        model.end_wait(file);
    }
}

TEST_CASE("model: of several sleepers an exclusive wakeup takes one, a plain one all", "[S-70]") {
    Model model;
    const int counter = static_cast<int>(model.eventfd(k_subject, 0, 0).value);
    for (const std::uint32_t mode : {0U, k_epollexclusive}) {
        int epolls[4] = {};
        for (int& epoll : epolls) {
            epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
            const EpollEvent event = interest(k_epollin | mode, 1);
            REQUIRE(model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, counter, &event).value == 0);
            model.begin_wait(model.file_of(k_subject, epoll));
        }
        const std::uint64_t one = 1;
        model.write(k_subject, counter, &one, sizeof one);
        unsigned woken = 0;
        for (const int epoll : epolls)
            woken += model.woken(model.file_of(k_subject, epoll));
        CHECK(woken == (mode == 0 ? 4U : 1U));
        std::uint64_t value = 0;
        model.read(k_subject, counter, &value, sizeof value);
        for (const int epoll : epolls)
            model.close(k_subject, epoll);
    }
}

TEST_CASE("model: writes held back fail until the peer reads, and then make an edge", "[model]") {
    for (const bool tcp : {false, true}) {
        Model model;
        const Pid peer = model.spawn();
        int fds[2] = {-1, -1};
        if (tcp) {
            model.tcp_pair_between(k_subject, peer, k_o_nonblock, fds);
        } else {
            model.socketpair_between(k_subject, peer, k_sock_stream, k_o_nonblock, fds);
        }
        const int file = model.file_of(k_subject, fds[0]);
        const int epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
        const EpollEvent event = interest(k_epollout | k_epollet, 1);
        model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, fds[0], &event);
        EpollEvent out[2] = {};
        char bytes[10] = {};
        CHECK(model.harvest(k_subject, epoll, out, 2).value == 1);
        CHECK(model.send(k_subject, fds[0], bytes, 10, 0).value == 10);
        model.hold_back_writes(file);
        CHECK(model.send(k_subject, fds[0], bytes, 10, 0).error == k_eagain);
        CHECK((model.ready_mask(file) & k_epollout) == 0);
        CHECK(model.harvest(k_subject, epoll, out, 2).value == 0);
        CHECK(model.recv(peer, fds[1], bytes, 10, 0).value == 10);
        CHECK(model.harvest(k_subject, epoll, out, 2).value == 1);
        model.hold_back_writes(file);
        model.release_writes(file);
        CHECK(model.harvest(k_subject, epoll, out, 2).value == 1);
        CHECK(model.send(k_subject, fds[0], bytes, 10, 0).value == 10);
        model.check_consistency();
    }
}

TEST_CASE("model: a wakeup without a reason makes an edge reappear, and nothing out of nothing", "[S-62]") {
    Model model;
    const int counter = static_cast<int>(model.eventfd(k_subject, 0, 0).value);
    const int epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
    const EpollEvent event = interest(k_epollin | k_epollet, 1);
    model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, counter, &event);
    EpollEvent out[2] = {};
    model.wake(model.file_of(k_subject, counter));
    CHECK_FALSE(model.has_ready(model.file_of(k_subject, epoll)));
    CHECK(model.harvest(k_subject, epoll, out, 2).value == 0);
    const std::uint64_t one = 1;
    model.write(k_subject, counter, &one, sizeof one);
    CHECK(model.harvest(k_subject, epoll, out, 2).value == 1);
    model.wake(model.file_of(k_subject, counter));
    CHECK(model.has_ready(model.file_of(k_subject, epoll)));
    CHECK(model.harvest(k_subject, epoll, out, 2).value == 1);
}

TEST_CASE("model: the ready list can be reversed and shuffled, the same for the same seed", "[S-171]") {
    std::string orders[3];
    const Model::ReadyOrder kinds[] = {Model::ReadyOrder::reverse, Model::ReadyOrder::shuffle,
                                       Model::ReadyOrder::shuffle};
    for (int run = 0; run < 3; ++run) {
        Model model;
        const int epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
        for (std::uint64_t i = 0; i < 8; ++i) {
            const int counter = static_cast<int>(model.eventfd(k_subject, 1, 0).value);
            const EpollEvent event = interest(k_epollin, i);
            model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, counter, &event);
        }
        model.order_ready(model.file_of(k_subject, epoll), kinds[run], 42);
        EpollEvent out[8] = {};
        CHECK(model.harvest(k_subject, epoll, out, 8).value == 8);
        for (const EpollEvent& event : out)
            orders[run] += static_cast<char>('0' + event.data);
        CHECK(model.harvested_watch(0) == static_cast<int>(out[0].data));
        CHECK(model.harvested_serial(7) == out[7].data + 1);
        CHECK(model.harvested_watch(8) == -1);
        model.check_consistency();
    }
    CHECK(orders[0] == "76543210");
    CHECK(orders[1] == orders[2]);
    CHECK(orders[1] != "01234567");
}

TEST_CASE("model: memory pressure ends by itself after a millisecond, with an edge", "[model]") {
    Model model;
    int fds[2] = {-1, -1};
    model.socketpair(k_subject, k_sock_stream, k_o_nonblock, fds);
    const int epfd = static_cast<int>(model.epoll_create1(k_subject, 0).value);
    EpollEvent event{k_epollout | k_epollet, 7};
    model.epoll_ctl(k_subject, epfd, k_epoll_ctl_add, fds[0], &event);
    EpollEvent reported{};
    CHECK(model.harvest(k_subject, epfd, &reported, 1).value == 1);
    CHECK(model.next_deadline_ns() == -1);

    model.advance(500);
    model.hold_back_writes(model.file_of(k_subject, fds[0]));
    CHECK(model.send(k_subject, fds[0], "x", 1, 0).error == k_eagain);
    CHECK(model.next_deadline_ns() == 1'000'500);
    model.advance(999'999);
    CHECK(model.harvest(k_subject, epfd, &reported, 1).value == 0);
    model.advance(1);
    CHECK(model.harvest(k_subject, epfd, &reported, 1).value == 1);
    CHECK(model.send(k_subject, fds[0], "x", 1, 0).value == 1);
    CHECK(model.next_deadline_ns() == -1);

    model.hold_back_writes(model.file_of(k_subject, fds[0]));
    model.close(k_subject, fds[0]);
    CHECK(model.next_deadline_ns() == -1);
    model.check_consistency();
}

TEST_CASE("model: a descriptor given to another process keeps its description", "[model]") {
    Model model;
    const Pid other = model.spawn();
    int fds[2] = {-1, -1};
    model.socketpair(k_subject, k_sock_stream, k_o_nonblock, fds);
    const int file = model.file_of(k_subject, fds[0]);
    CHECK(model.give(k_subject, fds[0], other) == 3);
    CHECK(model.file_of(other, 3) == file);
    CHECK(model.file_of(k_subject, fds[0]) == -1);
    CHECK(model.references(file) == 1);
    CHECK(model.install(k_subject, file) == 3);
    CHECK(model.references(file) == 2);
    CHECK(model.give(k_subject, 77, other) == -1);
    model.check_consistency();
}

TEST_CASE("call: names of calls and of errno values go both ways", "[model]") {
    CHECK(call_name(Call::epoll_wait) == "epoll_wait");
    CHECK(call_name(Call::allocate) == "allocate");
    CHECK(errno_name(11) == "EAGAIN");
    CHECK(errno_name(133) == "EHWPOISON");
    CHECK(errno_name(0).empty());
    CHECK(errno_name(41).empty());
    CHECK(errno_name(134).empty());
    CHECK(errno_name(-1).empty());
    for (int error = 1; error < 134; ++error) {
        if (!errno_name(error).empty()) CHECK(errno_value(errno_name(error)) == error);
    }
    CHECK(errno_value("ECONNREFUSED") == 111);
    CHECK(errno_value("EDOOFUS") == 0);
    CHECK(errno_value("") == 0);
}

TEST_CASE("model: an older kernel is a row of switches", "[S-21][S-90]") {
    const std::uint64_t numbers[2] = {1, 0};
    for (const bool is_older : {false, true}) {
        ModelOptions options;
        options.profile = is_older ? k_linux_4_17 : k_linux_6_18;
        Model model(options);
        const Pid pid = model.spawn();
        EpollEvent event{};
        CHECK(model.harvest(pid, 99, &event, 0).error == (is_older ? k_einval : k_ebadf));
        CHECK(model.harvest(pid, 99, &event, 1).error == k_ebadf);
        const auto counter = static_cast<int>(model.eventfd(pid, 0, 0).value);
        CHECK(model.write(pid, counter, numbers, 16).value == (is_older ? 8 : -1));
        CHECK(model.write(pid, counter, numbers, 8).value == 8);
        CHECK(model.write(pid, counter, numbers, 7).error == k_einval);
    }
}

} // namespace
} // namespace edgecase::fake
