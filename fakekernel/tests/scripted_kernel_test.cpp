// accept4 of the seam on the model: what the script does to it, and what Linux could answer.
#include "fakekernel/scripted_kernel.hpp"

#include <cerrno>
#include <vector>

#include "fakekernel/legal_results.hpp"
#include "fakekernel/model_backend.hpp"
#include "fakekernel/tests/catch.hpp"

namespace edgecase::fake {
namespace {

constexpr Pid k_subject = 0;
constexpr Pid k_outside = 1;
constexpr int k_flags = k_sock_nonblock | k_sock_cloexec;
constexpr std::uint16_t k_port = 4000;

// Keeps the records and lets nothing happen.
class Recorder final : public CallObserver {
public:
    explicit Recorder(Script& script) : script_(script) {}

    void before_call(Call call, int) override { script_.count(call); }
    void after_call(Record& record, const EpollEvent*) override { records.push_back(record); }
    void injected(Call, int, const ScriptAnswer&, std::size_t, int) override { ++injections; }
    int scripted_wait(EpollEvent*, int&) override { return -1; }
    void falls_asleep(int, std::int64_t) override {}
    bool act_during(Call) override { return false; }
    bool act_while_asleep() override { return false; }
    void interrupts_sleep() override {}
    void completions_taken(const AioCompletion* completions, std::size_t count) override {
        completed.insert(completed.end(), completions, completions + count);
    }
    void ticks() override { ++ticks_heard; }
    void alarm_comes() override {}
    void would_block(Call call, int fd) override { blocked.push_back({call, fd}); }

    struct Blocked {
        Call call;
        int fd;
    };
    std::vector<Record> records;
    std::vector<Blocked> blocked;
    std::vector<AioCompletion> completed;
    unsigned injections = 0;
    unsigned ticks_heard = 0;

private:
    Script& script_;
};

struct Machine {
    Machine() {
        model.spawn();
        listener = static_cast<int>(model.socket(k_subject, FileKind::tcp, k_o_nonblock).value);
        model.bind(k_subject, listener, k_port);
        model.listen(k_subject, listener, 4);
    }

    void connect() {
        const int fd = static_cast<int>(model.socket(k_outside, FileKind::tcp, k_o_nonblock).value);
        model.connect(k_outside, fd, k_port);
    }

    Model model;
    Script script;
    Recorder recorder{script};
    ScriptedKernel<ModelBackend> kernel{ModelBackend(model, k_subject), script, recorder};
    int listener = -1;
};

} // namespace

TEST_CASE("scripted kernel: accept4 gives the model's connection, with its flags, and is recorded",
          "[S-120]") {
    Machine machine;
    CHECK(machine.kernel.accept4(machine.listener, k_flags).error == EAGAIN);
    machine.connect();
    const SysResult accepted = machine.kernel.accept4(machine.listener, k_flags);
    REQUIRE_FALSE(accepted.failed());
    const auto fd = static_cast<int>(accepted.value);
    CHECK(machine.model.close_on_exec(k_subject, fd));
    CHECK(machine.model.nonblocking(machine.model.file_of(k_subject, fd)));
    REQUIRE(machine.recorder.records.size() == 2);
    const Record& record = machine.recorder.records[1];
    CHECK(static_cast<Call>(record.what) == Call::accept4);
    CHECK(record.a == machine.listener);
    CHECK(record.b == k_flags);
    CHECK(record.value == fd);
    CHECK(machine.recorder.blocked.empty());
}

TEST_CASE("scripted kernel: a failed accept4 leaves the connection in the queue", "[S-121]") {
    Machine machine;
    machine.connect();
    machine.script.add(ScriptEntry{ScriptKind::fail, Call::accept4, 1, 1, EMFILE});
    CHECK(machine.kernel.accept4(machine.listener, k_flags).error == EMFILE);
    CHECK(machine.recorder.injections == 1);
    CHECK(machine.recorder.records.back().error == EMFILE);
    CHECK_FALSE(machine.kernel.accept4(machine.listener, k_flags).failed());
}

TEST_CASE("scripted kernel: accept4 on a blocking listener without a connection is a deadlock",
          "[no-blocking-call]") {
    Machine machine;
    machine.model.fcntl(k_subject, machine.listener, k_f_setfl, 0);
    CHECK(machine.kernel.accept4(machine.listener, k_flags).error == EINTR);
    REQUIRE(machine.recorder.blocked.size() == 1);
    CHECK(machine.recorder.blocked[0].call == Call::accept4);
    CHECK(machine.recorder.blocked[0].fd == machine.listener);
}

// Section Q of the catalogue for datagrams, timers and signals.
TEST_CASE("legal results: datagrams, timerfds and signalfds", "[S-132][S-133][S-138]") {
    const auto answers = [](Call call, FileKind kind, int error, std::uint32_t ready) {
        Injection injection;
        injection.call = call;
        injection.kind = kind;
        injection.error = error;
        injection.ready = ready;
        return is_reachable(injection);
    };
    const auto moves_a_part = [](Call call, FileKind kind) {
        Injection injection;
        injection.call = call;
        injection.kind = kind;
        injection.bytes = 4;
        injection.size = 100;
        return is_reachable(injection);
    };
    for (const FileKind kind : {FileKind::udp, FileKind::unix_dgram, FileKind::unix_seqpacket,
                                FileKind::timerfd, FileKind::signalfd}) {
        CHECK_FALSE(moves_a_part(Call::recv, kind));
        CHECK_FALSE(moves_a_part(Call::send, kind));
        CHECK(answers(Call::read, kind, EAGAIN, 0));
        CHECK_FALSE(answers(Call::read, kind, EAGAIN, k_epollin));
        CHECK_FALSE(answers(Call::read, kind, ECONNRESET, 0));
        CHECK_FALSE(answers(Call::read, kind, ECANCELED, 0));
    }
    CHECK(moves_a_part(Call::recv, FileKind::tcp));
    for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOMEM}) {
        CHECK(answers(Call::recv, FileKind::udp, error, k_epollin));
        CHECK(answers(Call::send, FileKind::udp, error, k_epollout));
        CHECK_FALSE(answers(Call::read, FileKind::timerfd, error, k_epollin));
        CHECK_FALSE(answers(Call::write, FileKind::signalfd, error, k_epollin));
    }
    CHECK_FALSE(answers(Call::send, FileKind::udp, EPIPE, k_epollout));
    CHECK_FALSE(answers(Call::write, FileKind::timerfd, EAGAIN, 0));
    CHECK_FALSE(answers(Call::accept4, FileKind::udp, EMFILE, 0)); // EOPNOTSUPP is what it answers
}

TEST_CASE("scripted kernel: AIO calls are recorded, fail as the script says, and report what they took",
          "[S-160]") {
    Machine machine;
    AioContextId context = 0;
    machine.script.add(ScriptEntry{ScriptKind::fail, Call::io_setup, 1, 1, EAGAIN});
    CHECK(machine.kernel.io_setup(4, &context).error == EAGAIN);
    CHECK(context == 0);
    CHECK(machine.kernel.io_setup(4, &context).value == 0);

    const int file =
        static_cast<int>(machine.model.open_regular(k_subject, 100, FileStore::page_cache, 0).value);
    unsigned char buffer[64] = {};
    AioControlBlock block;
    block.data = 7;
    block.fd = static_cast<std::uint32_t>(file);
    block.buffer = reinterpret_cast<std::uint64_t>(buffer);
    block.size = sizeof buffer;
    AioControlBlock* pointer = &block;
    CHECK(machine.kernel.io_submit(context, 1, &pointer).value == 1);
    const Record submitted = machine.recorder.records.back();
    CHECK(static_cast<Call>(submitted.what) == Call::io_submit);
    CHECK(submitted.a == file);
    CHECK(submitted.b == 64);
    CHECK(submitted.c == 7);

    AioCompletion out[2];
    CHECK(machine.kernel.io_getevents(context, 1, 2, out).value == 1);
    REQUIRE(machine.recorder.completed.size() == 1);
    CHECK(machine.recorder.completed[0].data == 7);
    CHECK(machine.recorder.completed[0].result == 64);
    machine.script.add(ScriptEntry{ScriptKind::shorten, Call::pread, 1, 1, 0, 5});
    CHECK(machine.kernel.pread(file, buffer, 10, 90).value == 5);
    CHECK(machine.kernel.pread(file, buffer, 20, 90).value == 10);
    CHECK(buffer[9] == file_byte(99));
    machine.script.add(ScriptEntry{ScriptKind::fail, Call::io_destroy, 1, 1, EINVAL});
    CHECK(machine.kernel.io_destroy(context).error == EINVAL);
    CHECK(machine.model.aio_contexts(k_subject) == 0); // it is gone all the same
}

TEST_CASE("legal results: what accept4 can answer", "[S-121]") {
    Injection injection;
    injection.call = Call::accept4;
    injection.kind = FileKind::tcp;
    const auto reachable = [&](int error) {
        injection.error = error;
        return is_reachable(injection);
    };
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, ECONNABORTED, ENETDOWN, EAGAIN}) {
        CHECK(reachable(error));
    }
    for (const int error : {ENOSYS, ECONNRESET, EPIPE, EINTR, EBADF}) {
        CHECK_FALSE(reachable(error));
    }
    injection.nonblocking = false;
    CHECK(reachable(EINTR));
    injection.ready = k_epollin; // a connection waits
    CHECK_FALSE(reachable(EINTR));
    CHECK_FALSE(reachable(EAGAIN));
    injection.kind = FileKind::unix_stream;
    CHECK(reachable(EMFILE));
    CHECK_FALSE(reachable(ECONNABORTED));
    injection.descriptor_open = false;
    CHECK_FALSE(reachable(EMFILE));
}

} // namespace edgecase::fake
