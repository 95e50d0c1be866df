// AIO on the model: reads of a file on a device, which complete when they are told to. The real kernel's disk
// cannot be told.
#include <array>
#include <vector>

#include "fakekernel/legal_results.hpp"
#include "fakekernel/model.hpp"
#include "fakekernel/tests/catch.hpp"

namespace edgecase::fake {
namespace {

constexpr Pid k_subject = 0;
constexpr std::uint64_t k_all = ~std::uint64_t{0};

// A context for four requests, an eventfd, a file on a device.
struct Disk {
    Disk() {
        model.io_setup(k_subject, 4, &context);
        counter = static_cast<int>(model.eventfd(k_subject, 0, k_efd_nonblock).value);
        file = static_cast<int>(model.open_regular(k_subject, 100, FileStore::device, 0).value);
    }

    SysResult read(std::uint64_t data, std::size_t size, std::int64_t offset) {
        AioControlBlock block;
        block.data = data;
        block.fd = static_cast<std::uint32_t>(file);
        block.buffer = reinterpret_cast<std::uint64_t>(buffer.data());
        block.size = size;
        block.offset = offset;
        block.flags = k_aio_resfd;
        block.resfd = static_cast<std::uint32_t>(counter);
        AioControlBlock* pointer = &block;
        return model.io_submit(k_subject, context, 1, &pointer);
    }

    // "5:100 6:-5": data and result of each completion.
    std::string take() {
        std::array<AioCompletion, 8> out;
        const SysResult taken = model.io_getevents(k_subject, context, 0, 8, out.data());
        std::string text;
        for (std::int64_t i = 0; i < taken.value; ++i) {
            const AioCompletion& one = out[static_cast<std::size_t>(i)];
            text += (i == 0 ? "" : " ") + std::to_string(one.data) + ":" + std::to_string(one.result);
        }
        return text;
    }

    std::uint64_t told() const { return model.unread_bytes(model.file_of(k_subject, counter)); }

    Model model;
    AioContextId context = 0;
    int counter = -1;
    int file = -1;
    std::array<unsigned char, 128> buffer{};
};

TEST_CASE("aio on a device: requests complete in any order, with any result", "[S-159][S-161][S-166]") {
    Disk disk;
    for (std::uint64_t data = 5; data < 9; ++data) {
        CHECK(disk.read(data, 40, 80).value == 1);
    }
    CHECK(disk.model.last_aio_request() == 4);
    CHECK(disk.model.aio_in_flight(k_subject) == 4);
    CHECK(disk.read(9, 40, 80).error == k_eagain);
    CHECK(disk.told() == 0);
    CHECK(disk.take().empty());
    CHECK(disk.buffer[0] == 0);

    CHECK(disk.model.complete_aio(3, 0, k_all));
    CHECK(disk.told() == 1);
    CHECK(disk.buffer[19] == file_byte(99));
    CHECK(disk.buffer[20] == 0);
    CHECK(disk.model.complete_aio(1, 5, k_all));
    CHECK(disk.model.complete_aio(4, 0, 7));
    CHECK_FALSE(disk.model.complete_aio(4, 0, 7));
    CHECK_FALSE(disk.model.complete_aio(99, 0, 7));
    disk.model.check_consistency();
    CHECK(disk.told() == 3);
    CHECK(disk.model.aio_not_taken(k_subject) == 3);
    CHECK(disk.take() == "7:20 5:-5 8:7");
    CHECK(disk.model.complete_aio(2, 0, 0));
    CHECK(disk.take() == "6:0");
    CHECK(disk.model.aio_in_flight(k_subject) == 0);
}

TEST_CASE("aio on a device: a request holds its file, and completes although the number is closed",
          "[S-169]") {
    Disk disk;
    const int file = disk.model.file_of(k_subject, disk.file);
    disk.read(5, 40, 0);
    disk.model.close(k_subject, disk.file);
    disk.model.check_consistency();
    CHECK(disk.model.references(file) == 0);
    CHECK(disk.model.complete_aio(1, 0, k_all));
    disk.model.check_consistency();
    CHECK(disk.buffer[39] == file_byte(39));
    CHECK(disk.take() == "5:40");
}

TEST_CASE("aio on a device: an eventfd that is closed is told nothing, and leaves no registration",
          "[S-169]") {
    Disk disk;
    const int epoll = static_cast<int>(disk.model.epoll_create1(k_subject, 0).value);
    EpollEvent event{k_epollin | k_epollet, 1};
    disk.model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, disk.counter, &event);
    disk.read(5, 40, 0);
    disk.model.close(k_subject, disk.counter);
    CHECK(disk.model.watch_count(disk.model.file_of(k_subject, epoll)) == 0);
    CHECK(disk.model.complete_aio(1, 0, k_all));
    CHECK(disk.take() == "5:40");
    disk.model.check_consistency();
}

TEST_CASE("aio on a device: io_destroy completes what is in flight, tells of it, and drops it", "[S-168]") {
    Disk disk;
    disk.read(5, 40, 0);
    disk.read(6, 40, 60);
    CHECK(disk.model.io_destroy(k_subject, disk.context).value == 0);
    CHECK(disk.told() == 2);
    CHECK(disk.buffer[39] == file_byte(99));
    CHECK(disk.model.aio_contexts(k_subject) == 0);
    CHECK_FALSE(disk.model.complete_aio(1, 0, k_all));
    disk.model.check_consistency();
}

TEST_CASE("aio: a child has no context of its parent's, and the end of a process ends its contexts",
          "[S-168]") {
    Disk disk;
    disk.read(5, 40, 0);
    const Pid child = disk.model.fork(k_subject);
    CHECK(disk.model.aio_contexts(child) == 0);
    CHECK(disk.model.io_getevents(child, disk.context, 0, 1, nullptr).error == k_einval);
    CHECK(disk.model.io_destroy(child, disk.context).error == k_einval);
    AioContextId own = 0;
    CHECK(disk.model.io_setup(child, 4, &own).value == 0);
    disk.model.exit(k_subject);
    CHECK(disk.model.aio_contexts(k_subject) == 0);
    CHECK(disk.model.aio_contexts(child) == 1);
    disk.model.check_consistency();
}

TEST_CASE("aio: all contexts together may reserve no more than the system allows", "[S-154]") {
    Model model;
    ModelOptions options;
    options.aio_requests = 10;
    model.reset(options);
    AioContextId first = 0;
    AioContextId second = 0;
    CHECK(model.io_setup(k_subject, 11, &first).error == k_eagain);
    CHECK(model.io_setup(k_subject, 8, &first).value == 0);
    CHECK(model.io_setup(k_subject, 3, &second).error == k_eagain);
    CHECK(model.io_destroy(k_subject, first).value == 0);
    CHECK(model.io_setup(k_subject, 10, &second).value == 0);
}

TEST_CASE("aio: which faults of its calls Linux could give") {
    const auto reachable = [](Call call, int error, FileKind kind = FileKind::regular) {
        Injection injection;
        injection.call = call;
        injection.error = error;
        injection.bytes = 1;
        injection.kind = kind;
        return is_reachable(injection);
    };
    constexpr int k_eintr = 4;
    constexpr int k_eio = 5;
    constexpr int k_enosys = 38;
    CHECK(reachable(Call::io_setup, k_enosys));
    CHECK(reachable(Call::io_setup, k_eagain));
    CHECK_FALSE(reachable(Call::io_setup, k_emfile));
    CHECK(reachable(Call::io_submit, k_eagain));
    CHECK_FALSE(reachable(Call::io_submit, k_enosys));
    CHECK_FALSE(reachable(Call::io_getevents, k_eintr));
    CHECK_FALSE(reachable(Call::io_destroy, k_einval));
    CHECK(reachable(Call::pread, k_eio));
    CHECK(reachable(Call::pread, 0));
    CHECK_FALSE(reachable(Call::pread, k_eintr));
    CHECK_FALSE(reachable(Call::pread, k_eio, FileKind::tcp));
}

TEST_CASE("a file's bytes are those of file_byte() at every place, however long the read", "[S-160]") {
    Model model;
    constexpr std::uint64_t k_size = 200'000;
    constexpr std::uint64_t k_first = 65'000; // the read goes over several ends of what lies together
    const int file = static_cast<int>(model.open_regular(k_subject, k_size, FileStore::page_cache, 0).value);
    std::vector<unsigned char> buffer(k_size);
    const SysResult got = model.pread(k_subject, file, buffer.data(), buffer.size(), k_first);
    REQUIRE(got.value == static_cast<std::int64_t>(k_size - k_first));
    std::vector<unsigned char> expected(k_size, 0);
    for (std::uint64_t i = 0; i < k_size - k_first; ++i) {
        expected[i] = file_byte(k_first + i);
    }
    CHECK(buffer == expected);
}

} // namespace
} // namespace edgecase::fake
