#include "core/timers.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/tests/catch.hpp"

namespace edgecase {
namespace {

// A heap with memory, and events that note when they fire.
struct Fixture {
    struct TimedEvent : Event {
        Fixture* fixture = nullptr;
        std::size_t number = 0;
        std::function<void()> then;
    };

    explicit Fixture(std::size_t count) : memory(count), events(count) {
        for (std::size_t i = 0; i < count; ++i) {
            events[i].fixture = this;
            events[i].number = i;
            events[i].handler = [](Event& event) {
                auto& self = static_cast<TimedEvent&>(event);
                self.fixture->fired.push_back(self.number);
                if (self.then) {
                    self.then();
                }
            };
        }
        timers.attach(memory.data(), static_cast<std::uint32_t>(count));
    }

    std::vector<Timers::Entry> memory;
    std::vector<TimedEvent> events;
    std::vector<std::size_t> fired;
    Timers timers;
};

using Order = std::vector<std::size_t>;

} // namespace

TEST_CASE("timers: the nearest is infinite when none is set, and 0 when one is due", "[timers-on-time]") {
    Fixture f(2);
    CHECK(f.timers.empty());
    CHECK(f.timers.nearest(5) == k_timer_infinite);
    f.timers.add(f.events[0], 1000, 500);
    CHECK(f.events[0].timer_set);
    CHECK(f.events[0].timer_key == 1500);
    CHECK(f.timers.nearest(1000) == 500);
    CHECK(f.timers.nearest(1499) == 1);
    CHECK(f.timers.nearest(1500) == 0);
    CHECK(f.timers.nearest(9000) == 0);
}

TEST_CASE("timers: one fires when its key is reached and not before", "[timers-on-time]") {
    Fixture f(2);
    f.timers.add(f.events[0], 0, 10);
    f.timers.expire(9);
    CHECK(f.fired.empty());
    f.events[0].then = [&] {
        CHECK(f.events[0].timedout);
        CHECK_FALSE(f.events[0].timer_set);
    };
    f.timers.expire(10);
    CHECK(f.fired == Order{0});
    CHECK(f.timers.size() == 0);
    f.timers.expire(1000);
    CHECK(f.fired == Order{0});
}

TEST_CASE("timers: equal keys fire in the order of adding", "[timers-on-time]") {
    Fixture f(9);
    for (const std::size_t i : {4U, 1U, 8U, 0U, 6U, 2U, 7U, 3U, 5U}) {
        f.timers.add(f.events[i], 100, 1);
    }
    f.timers.expire(101);
    CHECK(f.fired == Order{4, 1, 8, 0, 6, 2, 7, 3, 5});
}

TEST_CASE("timers: adding again within 300 ms of the present key keeps it", "[timers-on-time]") {
    Fixture f(1);
    f.timers.add(f.events[0], 1000, 1000);
    f.timers.add(f.events[0], 1299, 1000);
    CHECK(f.events[0].timer_key == 2000);
    f.timers.add(f.events[0], 1000, 701);
    CHECK(f.events[0].timer_key == 2000);
    f.timers.add(f.events[0], 1300, 1000);
    CHECK(f.events[0].timer_key == 2300);
    f.timers.add(f.events[0], 1300, 700);
    CHECK(f.events[0].timer_key == 2000);
    CHECK(f.timers.size() == 1);
}

TEST_CASE("timers: a timer that its handler sets again waits for the next run, even if it is due",
          "[timers-on-time][bounded-turn]") {
    Fixture f(2);
    f.events[0].then = [&] { f.timers.add(f.events[0], 50, 0); };
    f.timers.add(f.events[0], 0, 10);
    f.timers.add(f.events[1], 0, 50);
    f.timers.expire(50);
    CHECK(f.fired == Order{0, 1});
    CHECK(f.events[0].timer_set);
    f.events[0].then = nullptr;
    f.timers.expire(50);
    CHECK(f.fired == Order{0, 1, 0});
}

TEST_CASE("timers: a handler may delete the timer that is due next", "[timers-on-time]") {
    Fixture f(3);
    for (auto& event : f.events) {
        f.timers.add(event, 0, 1);
    }
    f.events[0].then = [&] {
        f.timers.remove(f.events[1]);
        f.timers.remove(f.events[1]);
    };
    f.timers.expire(1);
    CHECK(f.fired == Order{0, 2});
    CHECK_FALSE(f.events[1].timedout);
}

TEST_CASE("timers: keys may wrap", "[timers-on-time]") {
    Fixture f(3);
    const Msec now = ~Msec{0} - 10;
    f.timers.add(f.events[0], now, 20);
    f.timers.add(f.events[1], now, 5);
    f.timers.add(f.events[2], now, 12);
    CHECK(f.timers.nearest(now) == 5);
    f.timers.expire(now + 5);
    CHECK(f.fired == Order{1});
    CHECK(f.timers.nearest(now + 5) == 7);
    f.timers.expire(now + 19);
    CHECK(f.fired == Order{1, 2});
    f.timers.expire(now + 20);
    CHECK(f.fired == Order{1, 2, 0});
}

TEST_CASE("timers: the longest delay is in the future", "[timers-on-time]") {
    Fixture f(1);
    f.timers.add(f.events[0], 7, k_timer_infinite);
    CHECK(f.timers.nearest(7) == k_timer_longest_ms);
    f.timers.expire(7);
    CHECK(f.fired.empty());
    f.timers.remove(f.events[0]);
}

TEST_CASE("timers: memory can be taken away when none is set", "[timers-on-time]") {
    Fixture f(1);
    CHECK(f.timers.capacity() == 1);
    CHECK(f.timers.memory() == f.memory.data());
    f.timers.attach(nullptr, 0);
    CHECK(f.timers.capacity() == 0);
}

TEST_CASE("timers: five thousand random additions and removals leave the order right", "[timers-on-time]") {
    Fixture f(200);
    std::uint64_t state = 12345;
    const auto random = [&state](std::uint64_t below) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state >> 33) % below;
    };
    Msec now = 0;
    for (int round = 0; round < 5000; ++round) {
        auto& event = f.events[random(f.events.size())];
        switch (random(4)) {
        case 0: f.timers.remove(event); break;
        case 1: {
            now += random(200);
            std::vector<std::size_t> due;
            for (const auto& e : f.events) {
                if (e.timer_set && e.timer_key <= now) {
                    due.push_back(e.number);
                }
            }
            const auto key = [&](std::size_t number) { return f.events[number].timer_key; };
            f.fired.clear();
            f.timers.expire(now);
            CHECK(std::is_sorted(f.fired.begin(), f.fired.end(),
                                 [&](std::size_t a, std::size_t b) { return key(a) < key(b); }));
            std::vector<std::size_t> ran = f.fired;
            std::sort(ran.begin(), ran.end());
            REQUIRE(ran == due);
            break;
        }
        default: f.timers.add(event, now, random(2000)); break;
        }
        Msec least = k_timer_infinite;
        for (const auto& e : f.events) {
            least = e.timer_set ? std::min(least, e.timer_key) : least;
        }
        REQUIRE(f.timers.nearest(0) == least);
    }
}

} // namespace edgecase
