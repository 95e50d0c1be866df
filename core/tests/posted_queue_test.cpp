#include "core/posted_queue.hpp"

#include <functional>
#include <string>

#include "core/tests/catch.hpp"

namespace edgecase {
namespace {

// An event with a name; its handler notes the name and then does what the test says.
struct NamedEvent : Event {
    NamedEvent(std::string name_, std::string& ran_) : name(std::move(name_)), ran(&ran_) {
        handler = [](Event& event) {
            auto& self = static_cast<NamedEvent&>(event);
            *self.ran += self.name;
            if (self.then) {
                self.then();
            }
        };
    }
    std::string name;
    std::string* ran;
    std::function<void()> then;
};

struct Fixture {
    PostedQueue queue;
    PostedQueue other;
    std::string ran;
    NamedEvent a{"a", ran}, b{"b", ran}, c{"c", ran};
};

} // namespace

TEST_CASE("posted queue: events run in the order of posting, each once", "[posted-runs-once]") {
    Fixture f;
    CHECK(f.queue.empty());
    f.queue.post(f.b);
    f.queue.post(f.a);
    f.queue.post(f.c);
    f.queue.post(f.b);
    CHECK(f.queue.size() == 3);
    CHECK(f.queue.contains(f.c));
    CHECK(f.b.posted());
    f.queue.run();
    CHECK(f.ran == "bac");
    CHECK(f.queue.empty());
    CHECK_FALSE(f.b.posted());
    f.queue.run();
    CHECK(f.ran == "bac");
}

TEST_CASE("posted queue: posting an event that waits in another queue does not move it",
          "[posted-runs-once]") {
    Fixture f;
    f.queue.post(f.a);
    f.other.post(f.a);
    CHECK(f.queue.contains(f.a));
    CHECK_FALSE(f.other.contains(f.a));
    f.other.run();
    CHECK(f.ran.empty());
    f.queue.run();
    CHECK(f.ran == "a");
}

TEST_CASE("posted queue: a deleted event does not run, wherever it stands", "[posted-runs-once]") {
    Fixture f;
    NamedEvent* victim = GENERATE(0, 1) == 0 ? &f.a : &f.b;
    f.queue.post(f.a);
    f.queue.post(f.b);
    f.queue.post(f.c);
    PostedQueue::unpost(*victim);
    PostedQueue::unpost(*victim);
    f.queue.run();
    CHECK(f.ran == (victim == &f.a ? "bc" : "ac"));
}

TEST_CASE("posted queue: an event that posts itself runs again in the next run only", "[bounded-turn]") {
    Fixture f;
    f.a.then = [&] { f.queue.post(f.a); };
    f.queue.post(f.a);
    f.queue.post(f.b);
    f.queue.run();
    CHECK(f.ran == "ab");
    CHECK(f.queue.contains(f.a));
    f.queue.run();
    CHECK(f.ran == "aba");
    PostedQueue::unpost(f.a);
    CHECK(f.queue.empty());
}

TEST_CASE("posted queue: a handler may delete the next event and post it again", "[posted-runs-once]") {
    Fixture f;
    f.queue.post(f.a);
    f.queue.post(f.b);
    f.queue.post(f.c);

    SECTION("deleted") {
        f.a.then = [&] { PostedQueue::unpost(f.b); };
        f.queue.run();
        CHECK(f.ran == "ac");
    }
    SECTION("deleted and posted again: it waits for the next run") {
        f.a.then = [&] {
            PostedQueue::unpost(f.b);
            f.queue.post(f.b);
        };
        f.queue.run();
        CHECK(f.ran == "ac");
        CHECK(f.queue.size() == 1);
        f.queue.run();
        CHECK(f.ran == "acb");
    }
    SECTION("posted while its turn is still to come: it runs once") {
        f.a.then = [&] { f.queue.post(f.c); };
        f.queue.run();
        CHECK(f.ran == "abc");
        CHECK(f.queue.empty());
    }
    SECTION("everything is deleted") {
        f.a.then = [&] {
            PostedQueue::unpost(f.b);
            PostedQueue::unpost(f.c);
        };
        f.queue.run();
        CHECK(f.ran == "a");
        CHECK(f.queue.empty());
    }
    SECTION("moved to another queue") {
        f.a.then = [&] {
            PostedQueue::unpost(f.b);
            f.other.post(f.b);
        };
        f.queue.run();
        CHECK(f.ran == "ac");
        f.other.run();
        CHECK(f.ran == "acb");
    }
}

TEST_CASE("posted queue: what stands in a run is counted and found", "[posted-runs-once]") {
    Fixture f;
    f.queue.post(f.a);
    f.queue.post(f.b);
    f.a.then = [&] {
        CHECK(f.queue.size() == 1);
        CHECK(f.queue.contains(f.b));
        CHECK_FALSE(f.queue.contains(f.a));
        CHECK_FALSE(f.queue.empty());
        f.queue.post(f.c);
        CHECK(f.queue.size() == 2);
    };
    f.queue.run();
    CHECK(f.ran == "ab");
}

} // namespace edgecase
