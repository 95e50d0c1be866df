// Files in scenarios: what the steps `aio` and `complete` and the handler `aio` do, seen in the trace.
#include "props/tests/run_text.hpp"

using namespace edgecase;

TEST_CASE("files: a read of a file in memory is complete at once, reported, and collected by its handler",
          "[aio-completes-once]") {
    const TextRun run("config worker_aio_requests 4\nopen f file\naio f 9950 100\nprocess 0ms\nrun posted\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.says("  io_setup(4 requests) = 0\n  epoll_ctl(ADD, aio (5), IN|ET, c:17#0) = 0\n"));
    CHECK(run.says("  io_submit(f (6), 100 bytes, aio#0.0) = 1\naio f 9950 100\n"));
    CHECK(run.says("  read(aio (5), 8 bytes) = 8\n  io_getevents(at most 64) = 1\n    aio#0.0: 50 bytes\n"));
    CHECK(run.count("  handler f.aio") == 1);
    CHECK(run.says("  io_destroy() = 0\n  close(aio (5)) = 0\n"));
    CHECK_FALSE(run.says("pread"));
}

TEST_CASE("files: a read of a file on a disk is in flight until it is completed", "[aio-completes-once]") {
    const TextRun run("config worker_aio_requests 4\nopen f disk\ncomplete f all\naio f 0 100\nprocess 0ms\n"
                      "complete f 7\ncomplete f all\nprocess 0ms\nrun posted\naio f 0 100\n"
                      "complete f fails EIO\nprocess 0ms\nrun posted\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.verdict().faults == Faults::none);
    CHECK(run.count("complete f all: -1 EINVAL") == 2);
    CHECK(run.says("complete f 7: 0"));
    CHECK(run.says("    aio#0.0: 7 bytes\n"));
    CHECK(run.says("    aio#0.1: -1 EIO\n"));
    CHECK(run.says("[crit] aio read fd:6 failed (EIO)"));
    CHECK(run.count("  handler f.aio") == 2);
}

TEST_CASE("files: without AIO a read is made at once", "[aio-completes-once]") {
    for (const char* const config : {"", "config worker_aio_requests 4\nconfig without file_aio\n",
                                     "config worker_aio_requests 4\nconfig without eventfd\n"}) {
        const TextRun run(std::string(config) + "open f disk\naio f 100 50\nprocess 0ms\n");
        INFO(run.report() << run.trace());
        CHECK(run.passed());
        CHECK(run.count("pread(f (") == 1);
        CHECK(run.says(", 50 bytes) = 50"));
        CHECK_FALSE(run.says("io_setup"));
    }
}

TEST_CASE("files: a name that is no file, or is closed, has nothing to read", "[aio-completes-once]") {
    const TextRun run("config worker_aio_requests 4\nopen a unix\naio a 0 100\nopen f disk\naio f 0 100\n"
                      "close f\naio f 0 100\ncomplete f all\nprocess 0ms\nrun posted\ncomplete z all\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.count("io_submit") == 1);
    CHECK(run.says("aio f 0 100: no such connection is open"));
    CHECK(run.count("  handler f.aio") == 1);
    CHECK(run.says("complete z all: no such connection is open"));
}

TEST_CASE("files: a reaction of the aio handler takes the place of collecting", "[aio-completes-once]") {
    const TextRun run("config worker_aio_requests 4\non f.aio: nothing\nopen f file\naio f 0 100\n"
                      "process 0ms\nrun posted\naio f 0 100\naio f 100 100\nprocess 0ms\nrun posted\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.count("io_submit") == 2); // the second `aio` collects
    CHECK(run.count("  handler f.aio") == 2);
}

TEST_CASE("files: a second read in flight is turned away, and that is no fault", "[no-alert-without-fault]") {
    const TextRun run("config worker_aio_requests 4\nopen f disk\naio f 0 100\naio f 0 100\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.says("[alert] second aio post for fd:6"));
    CHECK(run.count("io_submit") == 1);
}

TEST_CASE("files: epoll takes no file", "[failed-call-changes-nothing]") {
    const TextRun run("open f file\nadd f read\nread f 5\n");
    INFO(run.report() << run.trace());
    CHECK(run.passed());
    CHECK(run.verdict().misuse);
    CHECK(run.says("epoll_ctl(ADD, f (5), c:0#0) = -1 EPERM"));
    CHECK(run.says("read(f (5), 5 bytes) = 5"));
}
