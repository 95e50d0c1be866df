#include "core/connection_table.hpp"

#include <vector>

#include "core/tests/catch.hpp"

namespace edgecase {
namespace {

struct Fixture {
    explicit Fixture(std::uint32_t connections, std::uint32_t channels = 1) : memory(connections + channels) {
        table.attach(memory.data(), connections, channels);
    }
    std::vector<Connection> memory;
    ConnectionTable table;
};

void do_nothing(Event&) {}

} // namespace

TEST_CASE("connection table: slots come in index order first, then the one freed last",
          "[interest-matches-active]") {
    Fixture f(3);
    Connection* a = f.table.get(10);
    Connection* b = f.table.get(11);
    Connection* c = f.table.get(12);
    REQUIRE(a != nullptr);
    REQUIRE(b != nullptr);
    REQUIRE(c != nullptr);
    CHECK(a->slot == 0);
    CHECK(b->slot == 1);
    CHECK(c->slot == 2);
    CHECK(f.table.get(13) == nullptr);
    CHECK(f.table.free_connections() == 0);
    f.table.free(*a);
    f.table.free(*c);
    CHECK(f.table.free_connections() == 2);
    CHECK(f.table.get(14) == c);
    CHECK(f.table.get(15) == a);
    CHECK(f.table.get(16) == nullptr);
}

TEST_CASE("connection table: the first user has generation 0, and freeing raises it",
          "[stale-event-dropped]") {
    Fixture f(2);
    Connection* a = f.table.get(10);
    REQUIRE(a != nullptr);
    CHECK(a->generation == 0);
    CHECK(a->instance() == 0);
    CHECK(a->epoll_data() == 0);
    CHECK(f.table.find(0, 0) == a);
    f.table.free(*a);
    CHECK(a->generation == 1);
    CHECK(f.table.find(0, 0) == nullptr);
    CHECK(f.table.find(0, 1) == nullptr);
    REQUIRE(f.table.get(11) == a);
    CHECK(a->instance() == 1);
    CHECK(a->epoll_data() == std::uint64_t{1} << 32);
    CHECK(f.table.find(0, 1) == a);
    CHECK(f.table.find(0, 0) == nullptr);
    CHECK(f.table.find(7, 0) == nullptr);
}

TEST_CASE("connection table: generations wrap", "[stale-event-dropped]") {
    Fixture f(2);
    f.table.at(0).generation = ~std::uint32_t{0};
    Connection* a = f.table.get(10);
    REQUIRE(a != nullptr);
    CHECK(a->generation == ~std::uint32_t{0});
    f.table.free(*a);
    CHECK(a->generation == 0);
}

TEST_CASE("connection table: freeing resets both events", "[interest-matches-active]") {
    Fixture f(2);
    Connection* a = f.table.get(10);
    REQUIRE(a != nullptr);
    CHECK_FALSE(a->read.write);
    CHECK(a->write.write);
    for (Event* event : {&a->read, &a->write}) {
        CHECK(event->connection == a);
        event->handler = do_nothing;
        event->accept = event->active = event->ready = event->eof = true;
        event->error = event->pending_eof = event->timedout = true;
    }
    a->data = &f;
    f.table.free(*a);
    CHECK(a->fd == -1);
    REQUIRE(f.table.get(11) == a);
    CHECK(a->fd == 11);
    CHECK(a->data == nullptr);
    for (const Event* event : {&a->read, &a->write}) {
        CHECK(event->connection == a);
        CHECK(event->handler == nullptr);
        CHECK_FALSE(event->accept);
        CHECK_FALSE(event->active);
        CHECK_FALSE(event->ready);
        CHECK_FALSE(event->eof);
        CHECK_FALSE(event->error);
        CHECK_FALSE(event->pending_eof);
        CHECK_FALSE(event->timedout);
        CHECK_FALSE(event->timer_set);
        CHECK_FALSE(event->posted());
    }
    CHECK_FALSE(a->read.write);
    CHECK(a->write.write);
}

TEST_CASE("connection table: a channel has its own slot, behind the connections", "[stale-event-dropped]") {
    Fixture f(2, 2);
    CHECK(f.table.slots() == 4);
    CHECK(f.table.connections() == 2);
    Connection& channel = f.table.open_channel(1, 9);
    CHECK(channel.slot == 3);
    CHECK(f.table.find(3, 0) == &channel);
    f.table.close_channel(1);
    CHECK(channel.generation == 1);
    CHECK(f.table.find(3, 0) == nullptr);
    REQUIRE(f.table.get(10) != nullptr);
    REQUIRE(f.table.get(11) != nullptr);
    CHECK(f.table.get(12) == nullptr);
    CHECK(f.table.end() - f.table.begin() == 4);
}

TEST_CASE("connection table: without memory it has nothing to give", "[fds-balanced]") {
    ConnectionTable table;
    CHECK_FALSE(table.attached());
    CHECK(table.get(3) == nullptr);
    CHECK(table.begin() == table.end());
    Fixture f(2);
    CHECK(f.table.attached());
    CHECK(f.table.detach() == f.memory.data());
    CHECK_FALSE(f.table.attached());
    CHECK(f.table.get(3) == nullptr);
    CHECK(f.table.slots() == 0);
}

} // namespace edgecase
