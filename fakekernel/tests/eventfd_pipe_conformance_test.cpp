// eventfd and pipes: sections I and J of the catalogue.
#include "fakekernel/tests/conformance/both.hpp"
#include "fakekernel/tests/conformance/differences.hpp"

namespace edgecase::fake::conformance {
namespace {

TEMPLATE_TEST_CASE("eventfd: its mask follows the counter", "[S-88][S-92]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int counter = event(system);
    constexpr std::uint64_t k_top = ~std::uint64_t{0};
    CHECK(mask(system, counter) == 0x4);
    CHECK(add_to(system, counter, 1) == 8);
    CHECK(mask(system, counter) == 0x5);
    CHECK(add_to(system, counter, k_top - 2) == 8);
    CHECK(mask(system, counter) == 0x1);
    CHECK(add_to(system, counter, 1) == -k_eagain);
    CHECK(add_to(system, counter, 0) == 8);
    CHECK(add_to(system, counter, k_top) == -k_einval);
    CHECK(read_counter(system, counter) == k_top - 1);
    CHECK(mask(system, counter) == 0x4);
}

TEMPLATE_TEST_CASE("eventfd: eight bytes in, eight bytes or more out, never a part", "[S-89][S-90][S-93]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const int counter = event(system, 3);
    CHECK(take(system, counter, 7) == -k_einval);
    CHECK(take(system, counter, 0) == -k_einval);
    CHECK(put(system, counter, 7) == -k_einval);
    check_version<TestType>("S-90", put(system, counter, 16), -k_einval, 8);
    CHECK(system.write(counter, nullptr, 8) == -k_efault);
    CHECK(take(system, counter, 16) == 8);
    CHECK(take(system, counter, 8) == -k_eagain);
    add_to(system, counter, 1);
    CHECK(system.read(counter, nullptr, 8) == -k_efault);
    CHECK(take(system, counter, 8) == -k_eagain);
    CHECK(system.recv(counter, nullptr, 8, 0) == -k_enotsock);
    CHECK(system.send(counter, nullptr, 8, 0) == -k_enotsock);
}

TEMPLATE_TEST_CASE("eventfd: flags, and a semaphore counts down by one", "[S-94][S-95]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    CHECK(system.eventfd(0, 2) == -k_einval);
    const int semaphore = event(system, 2, k_efd_semaphore);
    CHECK(read_counter(system, semaphore) == 1);
    CHECK(read_counter(system, semaphore) == 1);
    CHECK(take(system, semaphore, 8) == -k_eagain);
    CHECK(system.fcntl(semaphore, k_f_getfl, 0) == (k_o_rdwr | k_o_nonblock));
    const int large = event(system, 0xffffffff);
    CHECK(read_counter(system, large) == 0xffffffff);
}

TEMPLATE_TEST_CASE("pipe: the read end's mask, and never RDHUP", "[S-97][S-101]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pipe = pipe_pair(system);
    CHECK(mask(system, pipe.a) == 0);
    CHECK(take(system, pipe.a, 1) == -k_eagain);
    CHECK(take(system, pipe.a, 0) == 0);
    CHECK(put(system, pipe.a, 1) == -k_ebadf);
    CHECK(take(system, pipe.b, 1) == -k_ebadf);
    put(system, pipe.b, 10);
    CHECK(mask(system, pipe.a) == 0x1);
    system.close(pipe.b);
    CHECK(mask(system, pipe.a) == 0x11);
    CHECK(take(system, pipe.a, 100) == 10);
    CHECK(mask(system, pipe.a) == 0x10);
    CHECK(take(system, pipe.a, 100) == 0);
    int fds[2] = {-1, -1};
    CHECK(system.pipe2(fds, 1) == -k_einval);
    CHECK(system.pipe2(nullptr, 0) == -k_efault);
    REQUIRE(system.pipe2(fds, 0) == 0);
    CHECK(system.fcntl(fds[0], k_f_getfl, 0) == 0);
    CHECK(system.fcntl(fds[1], k_f_getfl, 0) == k_o_wronly);
}

TEMPLATE_TEST_CASE("pipe: the write end's mask, and EPIPE without a reader", "[S-98]",
                   EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pipe = pipe_pair(system);
    const Pair full = pipe_pair(system);
    CHECK(mask(system, pipe.b) == 0x4);
    CHECK(put(system, full.b, 65'536) == 65'536);
    CHECK(mask(system, full.b) == 0);
    system.close(pipe.a);
    system.close(full.a);
    CHECK(mask(system, pipe.b) == 0xc);
    CHECK(mask(system, full.b) == 0x8);
    CHECK(put(system, pipe.b, 1) == -k_epipe);
    CHECK(put(system, full.b, 1) == -k_epipe);
    CHECK(put(system, pipe.b, 0) == 0);
}

TEMPLATE_TEST_CASE("pipe: sixteen buffers of a page, and odd bytes merge", "[S-99]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    for (const std::size_t size : {std::size_t{1}, std::size_t{2048}, std::size_t{2049}, std::size_t{4095}}) {
        const Pair pipe = pipe_pair(system);
        long writes = 0;
        while (put(system, pipe.b, size) > 0)
            ++writes;
        CHECK(writes == (size == 1 ? 65'536 : (size == 2048 ? 32 : 16)));
        CHECK(take(system, pipe.a, 4095) == 4095);
        CHECK(mask(system, pipe.b) == (size == 2049 || size == 4095 ? 0x4 : 0));
        system.close(pipe.a);
        system.close(pipe.b);
    }
}

TEMPLATE_TEST_CASE("pipe: up to a page all or nothing, beyond it a part", "[S-100]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pipe = pipe_pair(system);
    CHECK(put(system, pipe.b, 15 * 4096) == 15 * 4096);
    CHECK(put(system, pipe.b, 5000) == 4096);
    CHECK(put(system, pipe.b, 5000) == -k_eagain);
    CHECK(put(system, pipe.b, 1) == -k_eagain);
    CHECK(take(system, pipe.a, 4096) == 4096);
    CHECK(put(system, pipe.b, 4000) == 4000);
    CHECK(put(system, pipe.b, 97) == -k_eagain);
    CHECK(put(system, pipe.b, 96) == 96);
}

TEMPLATE_TEST_CASE("pipe: what goes in comes out", "[S-99]", EDGECASE_BOTH_KERNELS) {
    TestType system;
    const Pair pipe = pipe_pair(system);
    unsigned char next_in = 0;
    unsigned char next_out = 0;
    for (const std::size_t size : {1U, 3000U, 5000U, 4096U, 9999U, 17U, 4095U, 2U}) {
        std::vector<unsigned char> bytes(size);
        for (unsigned char& byte : bytes)
            byte = next_in++;
        REQUIRE(system.write(pipe.b, bytes.data(), size) == static_cast<long>(size));
        std::vector<unsigned char> half(size / 2 + 1);
        const long count = system.read(pipe.a, half.data(), half.size());
        REQUIRE(count > 0);
        for (long i = 0; i < count; ++i) {
            if (half[static_cast<std::size_t>(i)] != next_out++)
                FAIL("byte " << i << " of a read of " << count);
        }
    }
}

} // namespace
} // namespace edgecase::fake::conformance
