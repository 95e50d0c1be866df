// Files read through AIO, on the real kernel: a read of what is in the page cache completes inside io_submit;
// what is to complete later, or never, is planned.
#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "core/tests/loop.hpp"

namespace edgecase {
namespace {

// Ten thousand bytes that differ from place to place.
std::string contents() {
    std::string bytes;
    for (unsigned i = 0; i < 10'000; ++i) {
        bytes += static_cast<char>('a' + i % 26);
    }
    return bytes;
}

// Whether AIO cannot be tried here: the kernel may be built without it, or a filter forbids it.
bool refuses_aio() {
    LinuxKernel kernel;
    AioContextId context = 0;
    const SysResult made = kernel.io_setup(1, &context);
    if (!made.failed()) {
        kernel.io_destroy(context);
        return false;
    }
    WARN("not tried: this kernel refuses io_setup, errno " << made.error);
    return true;
}

Options with_aio(std::uint32_t requests = 32) {
    Options options = Loop::options();
    options.capabilities.file_aio = true;
    options.worker_aio_requests = requests;
    return options;
}

// A file of the test, and what a read of it finds: the handler collects it.
class File {
public:
    explicit File(Loop& loop) : loop_(loop), fd_(::memfd_create("edgecase", MFD_CLOEXEC)) {
        const std::string bytes = contents();
        REQUIRE(::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
        aio.data = this;
        aio.handler = [](Event& event) {
            File& own = *static_cast<File*>(static_cast<FileAio&>(event).data);
            ++own.calls;
            own.collected = own.read(own.size, own.offset);
        };
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { close(); }

    FileRead read(std::size_t bytes, std::int64_t place) {
        size = bytes;
        offset = place;
        return loop_.reactor.read_file(aio, fd_, null_buffer ? nullptr : buffer.data(), bytes, place);
    }

    void close() {
        if (fd_ != -1) {
            ::close(fd_);
            fd_ = -1;
        }
    }

    [[nodiscard]] std::string text(std::size_t bytes) const { return buffer.substr(0, bytes); }
    [[nodiscard]] std::string expected(std::size_t bytes) const {
        return contents().substr(static_cast<std::size_t>(offset), bytes);
    }
    [[nodiscard]] bool in_flight() const { return aio.active && !aio.ready; }
    [[nodiscard]] bool idle() const { return !aio.active && aio.ready && !aio.posted(); }
    [[nodiscard]] std::string name() const { return "fd:" + std::to_string(fd_); }

    FileAio aio;
    std::string buffer = std::string(16'384, '-');
    std::size_t size = 0;
    std::int64_t offset = 0;
    unsigned calls = 0;
    FileRead collected;
    bool null_buffer = false;

private:
    Loop& loop_;
    int fd_;
};

bool is_done(const FileRead& read, std::int64_t bytes) {
    return read.outcome == FileRead::Outcome::done && read.bytes == bytes && read.error == 0;
}

bool is_again(const FileRead& read) {
    return read.outcome == FileRead::Outcome::again;
}

bool is_error(const FileRead& read, int error) {
    return read.outcome == FileRead::Outcome::error && read.error == error;
}

// One turn that does not sleep.
void turn(Loop& loop) {
    CHECK(loop.poll() == Status::ok);
    loop.reactor.run_posted();
}

} // namespace

TEST_CASE("file aio: a read is in flight, its handler runs from the queue, and asking again gives the bytes",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    CHECK(loop.reactor.has_file_aio());
    File file(loop);
    CHECK(file.idle());
    CHECK(is_again(file.read(1000, 77)));
    CHECK(file.in_flight());
    CHECK(loop.poll() == Status::ok);
    CHECK(file.aio.posted());
    CHECK(file.aio.ready);
    CHECK_FALSE(file.aio.active);
    CHECK(file.calls == 0);
    loop.reactor.run_posted();
    CHECK(file.calls == 1);
    CHECK(is_done(file.collected, 1000));
    CHECK(file.text(1000) == file.expected(1000));
    CHECK(file.idle());
    turn(loop);
    CHECK(file.calls == 1);
    CHECK(loop.kernel.calls("pread") == 0);
    CHECK(loop.log.take().empty());
}

TEST_CASE("file aio: the end of the file is fewer bytes, and none beyond it", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(1000, 9'900)));
    turn(loop);
    CHECK(is_done(file.collected, 100));
    CHECK(file.text(101) == file.expected(100) + "-");
    CHECK(is_again(file.read(1000, 10'000)));
    turn(loop);
    CHECK(is_done(file.collected, 0));
}

TEST_CASE("file aio: a read that fails later is told by its completion", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    file.null_buffer = true;
    CHECK(is_again(file.read(10, 0)));
    turn(loop);
    CHECK(is_error(file.collected, EFAULT));
    CHECK(loop.log.take() == Lines{"crit: aio read " + file.name() + " failed"});
    file.null_buffer = false;
    CHECK(is_again(file.read(10, 0)));
    turn(loop);
    CHECK(is_done(file.collected, 10));
}

TEST_CASE("file aio: a second read while one is in flight is an alert and changes nothing",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 0)));
    const unsigned submits = loop.kernel.calls("io_submit");
    CHECK(is_again(file.read(10, 0)));
    CHECK(loop.kernel.calls("io_submit") == submits);
    CHECK(loop.kernel.calls("pread") == 0);
    CHECK(loop.log.take() == Lines{"alert: second aio post for " + file.name()});
    turn(loop);
    CHECK(file.calls == 1);
    CHECK(is_done(file.collected, 10));
}

TEST_CASE("file aio: a result that is collected before the handler runs takes its call along",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    CHECK(loop.poll() == Status::ok);
    CHECK(file.aio.posted());
    CHECK(is_done(file.read(10, 3), 10));
    CHECK(file.idle());
    CHECK(is_again(file.read(20, 3)));
    turn(loop);
    CHECK(file.calls == 1);
    CHECK(is_done(file.collected, 20));
}

TEST_CASE("file aio: a handler may read on", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    std::string all;
    file.aio.data = &file;
    static std::string* collected = nullptr;
    collected = &all;
    file.aio.handler = [](Event& event) {
        File& own = *static_cast<File*>(static_cast<FileAio&>(event).data);
        const FileRead read = own.read(own.size, own.offset);
        REQUIRE(read.outcome == FileRead::Outcome::done);
        *collected += own.text(static_cast<std::size_t>(read.bytes));
        if (read.bytes > 0) {
            CHECK(is_again(own.read(3000, own.offset + read.bytes)));
        }
    };
    CHECK(is_again(file.read(3000, 0)));
    for (int turns = 0; turns < 5; ++turns) {
        turn(loop);
    }
    CHECK(all == contents());
    CHECK(file.idle());
}

TEST_CASE("file aio: more completions than one call takes are all taken at one report",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio(70));
    std::vector<std::unique_ptr<File>> files;
    for (unsigned i = 0; i < 70; ++i) {
        files.push_back(std::make_unique<File>(loop));
        CHECK(is_again(files.back()->read(10 + i, i)));
    }
    turn(loop);
    CHECK(loop.kernel.calls("io_getevents") == 2);
    for (unsigned i = 0; i < 70; ++i) {
        CHECK(files[i]->calls == 1);
        CHECK(is_done(files[i]->collected, 10 + i));
        CHECK(files[i]->text(10 + i) == files[i]->expected(10 + i));
    }
    CHECK(loop.kernel.calls("pread") == 0);
}

TEST_CASE("file aio: when every request is in flight, reads are made at once", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio(1));
    File first(loop);
    File second(loop);
    CHECK(is_again(first.read(10, 0)));
    CHECK(is_done(second.read(20, 5), 20));
    CHECK(second.text(20) == second.expected(20));
    CHECK(second.idle());
    CHECK(loop.kernel.calls("io_submit") == 1);
    turn(loop);
    CHECK(first.calls == 1);
    CHECK(second.calls == 0);
    CHECK(is_again(second.read(20, 5)));
    turn(loop);
    CHECK(second.calls == 1);
    CHECK(loop.log.take().empty());
}

TEST_CASE("file aio: when the kernel has no room, the read is made at once", "[aio-completes-once]") {
    if (refuses_aio()) return;
    const SysResult answer = GENERATE(SysResult::fail(EAGAIN), SysResult::ok(0));
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    loop.kernel.plan("io_submit", answer);
    CHECK(is_done(file.read(10, 3), 10));
    CHECK(file.text(10) == file.expected(10));
    CHECK(file.idle());
    CHECK(loop.log.take().empty());
    CHECK(is_again(file.read(10, 3)));
    turn(loop);
    CHECK(file.calls == 1);
}

TEST_CASE("file aio: a kernel without it is asked once in a life of the reactor", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File flying(loop);
    File file(loop);
    CHECK(is_again(flying.read(10, 0)));
    loop.kernel.fail("io_submit", ENOSYS);
    CHECK(is_done(file.read(10, 3), 10));
    CHECK(loop.log.take() == Lines{"crit: io_submit(" + file.name() + ") failed"});
    CHECK_FALSE(loop.reactor.has_file_aio());
    CHECK(is_done(file.read(10, 3), 10));
    CHECK(loop.kernel.calls("io_submit") == 2);

    // What is in flight already stays so, and nobody else writes to its buffer.
    CHECK(is_again(flying.read(10, 0)));
    CHECK(loop.log.take() == Lines{"alert: second aio post for " + flying.name()});
    turn(loop);
    CHECK(is_done(flying.collected, 10));

    loop.reactor.done();
    loop.start(with_aio());
    CHECK(loop.reactor.has_file_aio());
    CHECK(is_again(file.read(10, 3)));
    turn(loop);
    CHECK(file.calls == 1);
}

TEST_CASE("file aio: a read that the kernel refuses is an error, and leaves the place free",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio(1));
    File file(loop);
    loop.kernel.fail("io_submit", EINVAL);
    CHECK(is_error(file.read(10, 3), EINVAL));
    CHECK(file.idle());
    CHECK(loop.log.take() == Lines{"crit: io_submit(" + file.name() + ") failed"});
    CHECK(is_again(file.read(10, 3)));
    turn(loop);
    CHECK(file.calls == 1);
    file.close();
    CHECK(is_error(file.read(10, 3), EBADF));
    CHECK(loop.log.take() == Lines{"crit: io_submit(fd:-1) failed"});
}

TEST_CASE("file aio: the descriptor may be closed while its read is in flight", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    file.close();
    turn(loop);
    CHECK(file.calls == 1);
    CHECK(is_done(file.collected, 10));
}

TEST_CASE("file aio: whatever the counter answers, completions are taken", "[aio-completes-once]") {
    if (refuses_aio()) return;
    const SysResult answer = GENERATE(SysResult::fail(EAGAIN), SysResult::fail(EINTR), SysResult::fail(EIO),
                                      SysResult::ok(0), SysResult::ok(4));
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    loop.kernel.plan("read", answer);
    turn(loop);
    CHECK(is_done(file.collected, 10));
    CHECK(file.calls == 1);
    Lines lines;
    if (answer.error == EIO) {
        lines = {"alert: read(eventfd) failed"};
    } else if (!answer.failed()) {
        lines = {"alert: read(eventfd) returned only " + std::to_string(answer.value) + " bytes"};
    }
    CHECK(loop.log.take() == lines);
    CHECK(is_again(file.read(10, 3)));
    turn(loop);
    CHECK(file.calls == 2);
}

TEST_CASE("file aio: an interrupted io_getevents is made again, and in the end left to the next turn",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    loop.kernel.fail("io_getevents", EINTR, 15);
    turn(loop);
    CHECK(file.calls == 1);
    CHECK(loop.log.take().empty());

    CHECK(is_again(file.read(10, 3)));
    loop.kernel.fail("io_getevents", EINTR, 16);
    CHECK(loop.reactor.process_events_and_timers() == Status::ok);
    CHECK(file.calls == 1);
    REQUIRE(loop.log.lines.size() == 1);
    CHECK(loop.log.take()[0].starts_with("alert: io_getevents() was interrupted 16 times in a row on fd:"));
    loop.kernel.longest_wait_ms = 100;
    while (file.calls == 1 && loop.kernel.calls("epoll_wait") < 10) {
        CHECK(loop.reactor.process_events_and_timers() == Status::ok);
        CHECK(loop.kernel.last_timeout_ms == 0);
    }
    CHECK(file.calls == 2);
}

TEST_CASE("file aio: an io_getevents that fails is an alert, and the next report takes what it left",
          "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File first(loop);
    File second(loop);
    CHECK(is_again(first.read(10, 3)));
    loop.kernel.fail("io_getevents", EINVAL);
    turn(loop);
    CHECK(first.calls == 0);
    CHECK(loop.log.take() == Lines{"alert: io_getevents() failed"});
    CHECK(is_again(second.read(10, 3)));
    turn(loop);
    CHECK(first.calls == 1);
    CHECK(second.calls == 1);
}

TEST_CASE("file aio: a completion of no request is dropped with one line", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio(4));
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    turn(loop);
    CHECK(file.calls == 1);
    loop.kernel.plan("io_submit", SysResult::ok(1)); // in flight, and never complete
    CHECK(is_again(file.read(10, 3)));
    File other(loop);
    CHECK(is_again(other.read(10, 3)));
    // Beyond the table; a free place; the earlier user of the place in flight; and then itself.
    loop.kernel.script_completions({{4, 0, 10, 0}, {3, 0, 10, 0}, {0, 0, 10, 0}, {1ULL << 32, 0, -EIO, 0}});
    turn(loop);
    CHECK(loop.log.take() ==
          Lines{"alert: io_getevents() returned a completion of no request, data 0000000000000004",
                "alert: io_getevents() returned a completion of no request, data 0000000000000003",
                "alert: io_getevents() returned a completion of no request, data 0000000000000000",
                "crit: aio read " + file.name() + " failed"});
    CHECK(file.calls == 2);
    CHECK(is_error(file.collected, EIO));
    CHECK(other.calls == 1);
}

TEST_CASE("file aio: with POST_EVENTS the report itself waits in the queue", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    CHECK(loop.poll(k_post_events) == Status::ok);
    CHECK(loop.kernel.calls("io_getevents") == 0);
    CHECK(file.in_flight());
    loop.reactor.run_posted();
    CHECK(file.aio.posted());
    loop.reactor.run_posted();
    CHECK(file.calls == 1);
    CHECK(is_done(file.collected, 10));
}

TEST_CASE("file aio: done waits for what is in flight and discards it", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File flying(loop);
    File complete(loop);
    CHECK(is_again(complete.read(10, 3)));
    CHECK(loop.poll() == Status::ok);
    CHECK(complete.aio.posted());
    CHECK(is_again(flying.read(10, 3)));
    loop.reactor.done();
    CHECK(loop.kernel.calls("io_destroy") == 1);
    CHECK(flying.idle());
    CHECK_FALSE(flying.aio.complete);
    loop.reactor.run_posted();
    CHECK(flying.calls == 0);
    CHECK(complete.calls == 1); // it was complete before
    CHECK(is_done(complete.collected, 10));

    // Without a reactor files are read at once; with the next one, through AIO.
    CHECK(is_done(flying.read(10, 3), 10));
    loop.start(with_aio());
    CHECK(is_again(flying.read(10, 3)));
    turn(loop);
    CHECK(flying.calls == 1);
    CHECK(loop.log.take().empty());
}

TEST_CASE("file aio: a report that is posted is gone after done", "[aio-completes-once]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    File file(loop);
    CHECK(is_again(file.read(10, 3)));
    CHECK(loop.poll(k_post_events) == Status::ok);
    loop.reactor.done();
    CHECK(loop.reactor.posted().empty());
    CHECK(file.idle());
}

TEST_CASE("file aio: a failing step of its start is one line, and files are read at once",
          "[failed-call-changes-nothing]") {
    if (refuses_aio()) return;
    struct Step {
        const char* call;
        unsigned skip;
        int error;
        std::string line;
    };
    const Step step =
        GENERATE(Step{"allocate", 3, ENOMEM, "emerg: malloc(512) failed"},
                 Step{"eventfd", 1, EMFILE, "emerg: eventfd() failed"},
                 Step{"io_setup", 0, EAGAIN, "emerg: io_setup() failed"},
                 Step{"epoll_ctl", 1, ENOSPC, "emerg: epoll_ctl(EPOLL_CTL_ADD, eventfd) failed"});
    Loop loop;
    const std::set<int> before = open_descriptors();
    loop.kernel.fail(step.call, step.error, 1, step.skip);
    loop.start(with_aio());
    CHECK(loop.log.take() == Lines{step.line});
    CHECK_FALSE(loop.reactor.has_file_aio());
    CHECK(loop.reactor.actions().notify != nullptr);
    CHECK(open_descriptors().size() == before.size() + 2);
    CHECK(loop.kernel.blocks == 3);
    CHECK(loop.kernel.calls("io_destroy") == (step.error == ENOSPC ? 1 : 0));
    {
        File file(loop);
        CHECK(is_done(file.read(10, 3), 10));
        CHECK(file.text(10) == file.expected(10));
        loop.reactor.done();
        CHECK(loop.log.take().empty());
        loop.start(with_aio());
        CHECK(loop.reactor.has_file_aio());
        CHECK(is_again(file.read(10, 3)));
        turn(loop);
        CHECK(file.calls == 1);
    }
    loop.reactor.done();
    CHECK(open_descriptors() == before);
}

TEST_CASE("file aio: failures to give it back are alerts, each once", "[fds-balanced]") {
    if (refuses_aio()) return;
    Loop loop;
    loop.start(with_aio());
    loop.kernel.fail("io_destroy", EINVAL);
    loop.kernel.fail("close", EIO, 1, 2);
    loop.reactor.done();
    CHECK(loop.log.take() == Lines{"alert: io_destroy() failed", "alert: eventfd close() failed"});
    CHECK(loop.kernel.blocks == 2);
}

TEST_CASE("file aio: without the capability, or without eventfd, files are read at once",
          "[aio-completes-once]") {
    const bool eventfd = GENERATE(true, false);
    Loop loop;
    Options options = with_aio();
    options.capabilities.eventfd = eventfd;
    options.capabilities.file_aio = !eventfd;
    loop.start(options);
    CHECK(loop.kernel.calls("io_setup") == 0);
    CHECK_FALSE(loop.reactor.has_file_aio());
    File file(loop);
    CHECK(is_done(file.read(1000, 9'500), 500));
    CHECK(file.text(500) == file.expected(500));
    loop.kernel.fail("pread", EINTR, 3);
    CHECK(is_done(file.read(10, 0), 10));
    CHECK(loop.log.take().empty());
    loop.kernel.fail("pread", EIO);
    CHECK(is_error(file.read(10, 0), EIO));
    CHECK(loop.log.take() == Lines{"crit: pread() " + file.name() + " failed"});
    CHECK(file.idle());
    CHECK(file.calls == 0);
}

} // namespace edgecase
