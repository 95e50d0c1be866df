// Regular files and native AIO: section P of the catalogue.
#include <array>
#include <cerrno>

#include "fakekernel/tests/conformance/both.hpp"
#include "fakekernel/tests/conformance/differences.hpp"

namespace edgecase::fake::conformance {
namespace {

// Whether native AIO cannot be tried here: the real kernel may be built without it, or a filter forbids it.
template <class System> bool refuses_aio(System& system) {
    AioContextId context = 0;
    const long made = system.io_setup(1, &context);
    if (made == 0) {
        system.io_destroy(context);
    } else if (System::k_real && (made == -ENOSYS || made == -EPERM)) {
        WARN("not tried: this kernel refuses io_setup, errno " << -made);
        return true;
    }
    return false;
}

// A context, and requests for it whose memory stays where it is.
template <class System> struct Aio {
    System& system;
    AioContextId context = 0;
    std::array<AioControlBlock, 80> blocks;
    std::array<AioControlBlock*, 80> pointers;
    unsigned next = 0;

    Aio(System& owner, unsigned requests) : system(owner) {
        REQUIRE(system.io_setup(requests, &context) == 0);
    }
    Aio(const Aio&) = delete;
    Aio& operator=(const Aio&) = delete;
    ~Aio() { system.io_destroy(context); }

    // A read; its data is the number of requests before it.
    AioControlBlock& read(int fd, void* buffer, std::size_t size, std::int64_t offset, int resfd = -1) {
        AioControlBlock& block = blocks[next];
        block = AioControlBlock{};
        block.data = next++;
        block.fd = static_cast<std::uint32_t>(fd);
        block.buffer = reinterpret_cast<std::uint64_t>(buffer);
        block.size = size;
        block.offset = offset;
        block.flags = resfd >= 0 ? k_aio_resfd : 0;
        block.resfd = resfd >= 0 ? static_cast<std::uint32_t>(resfd) : 0;
        return block;
    }

    long submit(AioControlBlock& block) {
        AioControlBlock* pointer = &block;
        return system.io_submit(context, 1, &pointer);
    }

    long submit_all() {
        for (unsigned i = 0; i < next; ++i)
            pointers[i] = &blocks[i];
        return system.io_submit(context, static_cast<long>(next), pointers.data());
    }

    // "0:100 1:-14": data and result of each completion in order.
    std::string take(long most = 64) {
        std::array<AioCompletion, 80> out;
        const long count = system.io_getevents(context, 0, most, out.data());
        if (count < 0) return std::to_string(count);
        std::string text;
        for (long i = 0; i < count; ++i) {
            const AioCompletion& one = out[static_cast<std::size_t>(i)];
            const bool whole = one.data < next && one.result2 == 0 &&
                               one.control_block == reinterpret_cast<std::uint64_t>(&blocks[one.data]);
            text += (i == 0 ? "" : " ") + (whole ? std::to_string(one.data) : "?") + ":" +
                    std::to_string(one.result);
        }
        return text;
    }
};

bool holds_file_bytes(const std::array<unsigned char, 512>& buffer, std::size_t size, std::uint64_t offset) {
    for (std::size_t i = 0; i < size; ++i) {
        if (buffer[i] != file_byte(offset + i)) return false;
    }
    return true;
}

TEMPLATE_TEST_CASE("regular file: read goes on where it was, pread does not move it", "[S-12][S-95]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    const int file = system.regular_file(300);
    std::array<unsigned char, 512> buffer{};
    CHECK(system.read(file, buffer.data(), 100) == 100);
    CHECK(holds_file_bytes(buffer, 100, 0));
    CHECK(system.pread(file, buffer.data(), 50, 250) == 50);
    CHECK(holds_file_bytes(buffer, 50, 250));
    CHECK(system.read(file, buffer.data(), 500) == 200);
    CHECK(holds_file_bytes(buffer, 200, 100));
    CHECK(system.read(file, buffer.data(), 1) == 0);
    CHECK(system.pread(file, buffer.data(), 500, 200) == 100);
    CHECK(system.pread(file, buffer.data(), 1, 300) == 0);
    CHECK(system.pread(file, buffer.data(), 1, -1) == -k_einval);
    CHECK(system.pread(file, nullptr, 1, 0) == -k_efault);
    CHECK(system.pread(file, nullptr, 1, 300) == 0);
    CHECK(system.pread(77, buffer.data(), 1, 0) == -k_ebadf);
    CHECK(put(system, file, 1) == -k_ebadf);
    CHECK(system.recv(file, buffer.data(), 1, 0) == -k_enotsock);
    CHECK(mask(system, file) == 0x5);
    CHECK(Watcher(system).add(file, k_in, 1) == -k_eperm);
}

TEMPLATE_TEST_CASE("pread: only what has places can be read at one", "[S-95]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    unsigned char byte = 0;
    const Pair sockets = unix_pair(system);
    const Pair pipe = pipe_pair(system);
    CHECK(system.pread(sockets.a, &byte, 1, 0) == -k_espipe);
    CHECK(system.pread(pipe.a, &byte, 1, 0) == -k_espipe);
    CHECK(system.pread(pipe.b, &byte, 1, 0) == -k_espipe);
    CHECK(system.pread(event(system, 1), &byte, 8, 0) == -k_espipe);
    CHECK(system.pread(Watcher(system).fd, &byte, 1, 0) == -k_espipe);
    CHECK(system.pread(system.plain_file(), &byte, 1, 0) == 0);
}

TEMPLATE_TEST_CASE("io_setup: what it refuses", "[S-154]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    const Aio aio(system, 1);
    AioContextId context = 0;
    CHECK(system.io_setup(1, nullptr) == -k_efault);
    CHECK(system.io_setup(0, &context) == -k_einval);
    CHECK(system.io_setup(5'000'000, &context) == -k_einval);
    CHECK(system.io_setup(4'000'000, &context) == -k_eagain);
    CHECK(context == 0);
    context = 5;
    CHECK(system.io_setup(1, &context) == -k_einval);
}

TEMPLATE_TEST_CASE("io_submit: a read of what is in the page cache is complete when it returns",
                   "[S-159][S-160]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 8);
    const int file = system.regular_file(300);
    const int counter = event(system);
    std::array<unsigned char, 512> whole{};
    std::array<unsigned char, 512> tail{};
    aio.read(file, whole.data(), 200, 0, counter);
    aio.read(file, tail.data(), 500, 250, counter);
    aio.read(file, tail.data(), 500, 300, counter);
    aio.read(file, tail.data(), 0, 0, counter);
    CHECK(aio.submit_all() == 4);
    CHECK(holds_file_bytes(whole, 200, 0));
    CHECK(holds_file_bytes(tail, 50, 250));
    CHECK(tail[50] == 0);
    CHECK(read_counter(system, counter) == 4);
    CHECK(aio.take() == "0:200 1:50 2:0 3:0");
    CHECK(aio.take().empty());
}

TEMPLATE_TEST_CASE("io_submit: what is refused, and what went before it", "[S-156][S-157]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 8);
    const int file = system.regular_file(100);
    const int counter = event(system);
    std::array<unsigned char, 512> buffer{};
    const auto answer = [&](auto change) {
        AioControlBlock& block = aio.read(file, buffer.data(), 10, 0, counter);
        change(block);
        return aio.submit(block);
    };
    CHECK(system.io_submit(aio.context + 1, 0, nullptr) == -k_einval);
    CHECK(system.io_submit(aio.context, -1, nullptr) == -k_einval);
    CHECK(system.io_submit(aio.context, 0, nullptr) == 0);
    CHECK(system.io_submit(aio.context, 1, nullptr) == -k_efault);
    AioControlBlock* nothing = nullptr;
    CHECK(system.io_submit(aio.context, 1, &nothing) == -k_efault);
    CHECK(answer([](AioControlBlock& block) { block.fd = 99; }) == -k_ebadf);
    CHECK(answer([](AioControlBlock& block) { block.resfd = 99; }) == -k_ebadf);
    CHECK(answer([&](AioControlBlock& block) { block.resfd = block.fd; }) == -k_einval);
    CHECK(answer([](AioControlBlock& block) { block.opcode = 6; }) == -k_einval);
    CHECK(answer([](AioControlBlock& block) { block.reserved = 1; }) == -k_einval);
    CHECK(answer([](AioControlBlock& block) { block.size = ~std::uint64_t{0}; }) == -k_einval);
    CHECK(answer([](AioControlBlock& block) { block.offset = -1; }) == -k_einval);
    CHECK(answer([](AioControlBlock& block) { block.flags = 0xfffffffe; }) == 1);
    const Pair pipe = pipe_pair(system);
    CHECK(answer([&](AioControlBlock& block) { block.fd = static_cast<std::uint32_t>(pipe.b); }) == -k_ebadf);
    const Watcher watcher(system);
    CHECK(answer([&](AioControlBlock& block) { block.fd = static_cast<std::uint32_t>(watcher.fd); }) ==
          -k_einval);
    CHECK(take(system, counter, 8) == -k_eagain);
    CHECK(aio.take() == "7:10");

    aio.next = 0;
    aio.read(file, buffer.data(), 10, 0);
    aio.read(99, buffer.data(), 10, 0);
    aio.read(file, buffer.data(), 10, 0);
    CHECK(aio.submit_all() == 1);
    CHECK(aio.take() == "0:10");
}

TEMPLATE_TEST_CASE("io_submit: what fails while it reads is told by its event", "[S-158]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 8);
    const Pair pipe = pipe_pair(system);
    const int counter = event(system);
    std::uint64_t value = 0;
    aio.read(system.regular_file(100), nullptr, 10, 0, counter);
    aio.read(pipe.a, &value, 8, 0, counter);
    aio.read(event(system, 3), &value, 8, 0, counter);
    CHECK(aio.submit_all() == 3);
    CHECK(read_counter(system, counter) == 3);
    CHECK(aio.take() == "0:-14 1:-11 2:8");
    CHECK(value == 3);
}

TEMPLATE_TEST_CASE("io_submit: the eventfd makes one edge for what completed before the wait",
                   "[S-161][S-162]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 8);
    const int file = system.regular_file(100);
    const int counter = event(system);
    Watcher watcher(system);
    watcher.add(counter, k_in | k_et, 7);
    std::array<unsigned char, 512> buffer{};
    CHECK(aio.submit(aio.read(file, buffer.data(), 10, 0, counter)) == 1);
    CHECK(aio.submit(aio.read(file, buffer.data(), 10, 0, counter)) == 1);
    CHECK(watcher.wait() == "7:1");
    CHECK(watcher.wait().empty());
    CHECK(aio.submit(aio.read(file, buffer.data(), 10, 0, counter)) == 1);
    CHECK(watcher.wait() == "7:1");
    CHECK(aio.take() == "0:10 1:10 2:10");
    CHECK(read_counter(system, counter) == 3);
}

TEMPLATE_TEST_CASE("io_submit: a completion raises a full counter to the end, and no further",
                   "[S-96][S-163]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 8);
    const int file = system.regular_file(100);
    const int counter = event(system);
    Watcher watcher(system);
    watcher.add(counter, k_in | k_et, 7);
    CHECK(add_to(system, counter, ~std::uint64_t{0} - 1) == 8);
    CHECK(watcher.wait() == "7:1");
    std::array<unsigned char, 512> buffer{};
    CHECK(aio.submit(aio.read(file, buffer.data(), 10, 0, counter)) == 1);
    CHECK(mask(system, counter) == 0x9);
    CHECK(watcher.wait() == "7:9");
    CHECK(aio.submit(aio.read(file, buffer.data(), 10, 0, counter)) == 1);
    CHECK(watcher.wait() == "7:9");
    CHECK(read_counter(system, counter) == ~std::uint64_t{0});
    CHECK(aio.take() == "0:10 1:10");
}

TEMPLATE_TEST_CASE("io_getevents: as many as are asked for, in the order of completion", "[S-164][S-166]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 80);
    const int file = system.regular_file(100);
    std::array<unsigned char, 512> buffer{};
    AioCompletion one;
    CHECK(system.io_getevents(aio.context + 1, 0, 1, &one) == -k_einval);
    CHECK(system.io_getevents(aio.context, -1, 1, &one) == -k_einval);
    CHECK(system.io_getevents(aio.context, 0, -1, &one) == -k_einval);
    CHECK(system.io_getevents(aio.context, 2, 1, &one) == -k_einval);
    CHECK(system.io_getevents(aio.context, 0, 0, &one) == 0);
    CHECK(system.io_getevents(aio.context, 1, 1, nullptr) == 0);
    for (std::int64_t i = 0; i < 70; ++i)
        aio.read(file, buffer.data(), 1 + static_cast<std::size_t>(i), 0);
    CHECK(aio.submit_all() == 70);
    CHECK(system.io_getevents(aio.context, 1, 1, nullptr) == -k_efault);
    CHECK(aio.take(3) == "0:1 1:2 2:3");
    std::array<AioCompletion, 64> many;
    CHECK(system.io_getevents(aio.context, 1, 64, many.data()) == 64);
    CHECK(aio.take() == "67:68 68:69 69:70");
}

TEMPLATE_TEST_CASE("io_submit: at least as many as were asked for fit, and taking them makes room", "[S-155]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 4);
    const int file = system.regular_file(100);
    std::array<unsigned char, 512> buffer{};
    unsigned accepted = 0;
    long answer = 1;
    while (accepted < 2000 && answer == 1) {
        aio.next = 0;
        answer = aio.submit(aio.read(file, buffer.data(), 1, 0));
        accepted += answer == 1 ? 1U : 0U;
    }
    CHECK(answer == -k_eagain);
    CHECK((TestType::k_real ? accepted >= 4 : accepted == 4));
    CHECK(aio.take(1) == "0:1");
    aio.next = 0;
    CHECK(aio.submit(aio.read(file, buffer.data(), 1, 0)) == 1);
}

TEMPLATE_TEST_CASE("io_destroy: the context is gone, and what nobody took with it", "[S-168]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    if (refuses(system, Facility::aio)) return;
    if (refuses_aio(system)) return;
    Aio aio(system, 4);
    const int file = system.regular_file(100);
    std::array<unsigned char, 512> buffer{};
    CHECK(aio.submit(aio.read(file, buffer.data(), 1, 0)) == 1);
    CHECK(system.io_destroy(aio.context + 1) == -k_einval);
    CHECK(system.io_destroy(aio.context) == 0);
    CHECK(system.io_destroy(aio.context) == -k_einval);
    CHECK(aio.take() == std::to_string(-k_einval));
    CHECK(aio.submit(aio.read(file, buffer.data(), 1, 0)) == -k_einval);
}

} // namespace
} // namespace edgecase::fake::conformance
