// Fibers: who runs when, what becomes of stacks and exceptions. AddressSanitizer looks on.
#include "fakekernel/fiber.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "fakekernel/tests/catch.hpp"

namespace edgecase::fake {
namespace {

// A body made of a callable that outlives the run.
template <class Callable> void start(Fiber& fiber, Callable& callable) {
    fiber.start([](void* context) { (*static_cast<Callable*>(context))(); }, &callable);
}

// Notes that it was destroyed.
class Witness {
public:
    Witness(std::string& trace, char letter) : trace_(trace), letter_(letter) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() { trace_ += letter_; }

private:
    std::string& trace_;
    char letter_;
};

// Uses a good part of the stack, and writes all of it.
unsigned fill_stack(unsigned depth) {
    std::array<volatile unsigned char, 1024> frame{};
    for (std::size_t i = 0; i < frame.size(); ++i) {
        frame[i] = static_cast<unsigned char>(depth);
    }
    return depth == 0 ? frame[0] : frame[1023] + fill_stack(depth - 1);
}

} // namespace

TEST_CASE("fiber: it runs from stop to stop, and its owner in between") {
    std::string trace;
    Fiber fiber;
    auto body = [&] {
        trace += 'b';
        fiber.stop();
        trace += 'd';
        fiber.stop();
        trace += 'f';
    };
    start(fiber, body);
    trace += 'a';
    CHECK(fiber.is_suspended());
    fiber.resume();
    trace += 'c';
    CHECK(fiber.is_suspended());
    fiber.resume();
    trace += 'e';
    fiber.resume();
    CHECK_FALSE(fiber.is_suspended());
    CHECK(trace == "abcdef");
}

TEST_CASE("fiber: each of several goes on where it stood, in the order of its owner") {
    std::string trace;
    std::array<Fiber, 4> fibers;
    std::size_t running = 0;
    auto body = [&] {
        const std::size_t number = running;
        for (char letter = 'a'; letter < 'd'; ++letter) {
            trace += static_cast<char>('0' + number);
            trace += letter;
            fibers[number].stop();
        }
    };
    for (Fiber& fiber : fibers) {
        start(fiber, body);
    }
    for (const std::size_t next : {2U, 0U, 2U, 1U, 3U, 3U, 0U, 2U, 1U, 2U}) {
        running = next;
        fibers[next].resume();
    }
    CHECK(trace == "2a0a2b1a3a3b0b2c1b");
    CHECK_FALSE(fibers[2].is_suspended());
}

TEST_CASE("fiber: one may resume another, and waits for it") {
    std::string trace;
    Fiber outer;
    Fiber inner;
    auto inside = [&] {
        trace += 'c';
        CHECK(outer.is_running());
        inner.stop();
        trace += 'e';
    };
    auto outside = [&] {
        trace += 'a';
        outer.stop();
        trace += 'b';
        inner.resume();
        trace += 'd';
    };
    start(outer, outside);
    start(inner, inside);
    outer.resume();
    outer.resume();
    CHECK_FALSE(outer.is_suspended());
    inner.resume(); // by somebody else than the first time
    CHECK(trace == "abcde");
}

TEST_CASE("fiber: a stack is used again, by the next body and after deep calls") {
    Fiber fiber;
    const void* first = nullptr;
    const void* place = nullptr;
    unsigned sum = 0;
    auto body = [&] {
        const int local = 0;
        place = &local;
        sum += fill_stack(64);
        fiber.stop();
        sum += fill_stack(32);
    };
    for (int round = 0; round < 100; ++round) {
        start(fiber, body);
        fiber.resume();
        fiber.resume();
        first = first == nullptr ? place : first;
        CHECK(place == first);
        CHECK_FALSE(fiber.is_suspended());
    }
    CHECK(sum != 0);
}

TEST_CASE("fiber: ten thousand switches keep what stands on the stack") {
    Fiber fiber;
    std::uint64_t told = 0;
    auto body = [&] {
        std::uint64_t count = 0;
        for (;;) {
            told = ++count;
            fiber.stop();
        }
    };
    start(fiber, body);
    for (std::uint64_t expected = 1; expected <= 10'000; ++expected) {
        fiber.resume();
        REQUIRE(told == expected);
    }
    fiber.abandon();
}

TEST_CASE("fiber: an exception ends it and comes out where it was resumed") {
    Fiber fiber;
    std::string trace;
    auto body = [&] {
        const Witness witness(trace, 'w');
        fiber.stop();
        throw std::runtime_error("from the other stack");
    };
    start(fiber, body);
    fiber.resume();
    CHECK_THROWS_WITH(fiber.resume(), "from the other stack");
    CHECK(trace == "w");
    CHECK_FALSE(fiber.is_suspended());

    start(fiber, body); // and it can be used again
    fiber.resume();
    CHECK(fiber.is_suspended());
    fiber.abandon();
    CHECK(trace == "ww");
}

TEST_CASE("fiber: one that is abandoned is unwound where it stands") {
    std::string trace;
    Fiber fiber;
    auto body = [&] {
        const Witness outer(trace, 'o');
        try {
            const Witness inner(trace, 'i');
            fiber.stop();
            trace += "went on";
        } catch (const std::exception&) {
            trace += "caught";
        }
        trace += "went on";
    };
    start(fiber, body);
    fiber.resume();
    fiber.abandon();
    CHECK(trace == "io");
    CHECK_FALSE(fiber.is_suspended());
    fiber.abandon(); // nothing to abandon
    CHECK(trace == "io");
}

TEST_CASE("fiber: one that never began is abandoned without its body being called") {
    bool called = false;
    Fiber fiber;
    auto body = [&] { called = true; };
    start(fiber, body);
    fiber.abandon();
    CHECK_FALSE(called);
}

TEST_CASE("fiber: the end of a suspended one unwinds it") {
    std::string trace;
    const auto run = [&] {
        Fiber fiber;
        auto body = [&] {
            const Witness witness(trace, 'w');
            fiber.stop();
        };
        start(fiber, body);
        fiber.resume();
        trace += 'e';
    };
    run();
    CHECK(trace == "ew");
}

TEST_CASE("fiber: exceptions of its own and of its owner do not meet") {
    std::string trace;
    Fiber fiber;
    auto body = [&] {
        for (int round = 0; round < 3; ++round) {
            try {
                throw round;
            } catch (const int thrown) {
                trace += static_cast<char>('0' + thrown);
            }
            fiber.stop();
        }
    };
    start(fiber, body);
    for (char letter = 'a'; letter < 'd'; ++letter) {
        fiber.resume();
        try {
            throw letter;
        } catch (const char thrown) {
            trace += thrown;
        }
    }
    fiber.abandon();
    CHECK(trace == "0a1b2c");
}

} // namespace edgecase::fake
