// Reusable connections: which are closed when connections run out, and what their handlers may do meanwhile.
#include "core/tests/door.hpp"

namespace edgecase {
namespace {

// A reactor whose few slots are all taken by reusable connections, which note their number and close themselves when
// asked to. Number 0 became reusable first.
struct FullHouse {
    explicit FullHouse(unsigned count = 4) {
        loop.start(Loop::options(count, 8));
        for (unsigned i = 0; i < count; ++i) {
            Connection& guest = loop.open();
            guests.push_back(&guest);
            Loop::handlers(guest).read = [this, i](Event& event) {
                loop.happened.push_back(std::to_string(i) + (event.connection->close ? " closes" : " reads"));
                if (event.connection->close) {
                    loop.reactor.close_connection(*event.connection);
                }
            };
            loop.reactor.make_reusable(guest);
        }
    }

    // Somebody who wants a slot.
    Connection* newcomer() {
        const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        Connection* connection = loop.reactor.get_connection(fd);
        if (connection == nullptr) {
            ::close(fd);
        }
        return connection;
    }

    // Runs in place of the guest's own handler, which goes on by itself.
    void before_closing(unsigned guest, std::function<void()> then) {
        Handlers& handlers = Loop::handlers(*guests[guest]);
        handlers.read = [then = std::move(then), own = handlers.read](Event& event) {
            then();
            own(event);
        };
    }

    Loop loop;
    std::vector<Connection*> guests;
};

} // namespace

TEST_CASE("reusable: those that have been reusable longest are closed when connections run out",
          "[fds-balanced]") {
    FullHouse house(4);
    house.loop.reactor.keep_connection(*house.guests[0]);
    house.loop.reactor.make_reusable(*house.guests[1]); // again: the last one to go
    CHECK(house.newcomer() != nullptr);
    CHECK(house.loop.happened == Lines{"2 closes", "3 closes", "1 closes"});
    CHECK(house.guests[0]->fd != -1);
    CHECK_FALSE(house.guests[0]->close);
    CHECK(house.loop.reactor.connections().free_connections() == 2);
    CHECK(house.loop.log.take().empty());
}

TEST_CASE("reusable: nobody is closed while a slot is free", "[fds-balanced]") {
    FullHouse house(4);
    house.loop.reactor.close_connection(*house.guests[3]);
    CHECK(house.newcomer() != nullptr);
    CHECK(house.loop.happened.empty());
}

TEST_CASE("reusable: at most 32 are closed at a time", "[bounded-turn]") {
    FullHouse house(40);
    CHECK(house.newcomer() != nullptr);
    CHECK(house.loop.happened.size() == 32);
    CHECK(house.guests[32]->fd != -1);
}

TEST_CASE("reusable: a handler that does not close is not asked again in the same round", "[bounded-turn]") {
    FullHouse house(4);
    unsigned asked = 0;
    const bool stays_reusable = GENERATE(true, false);
    for (Connection* guest : house.guests) {
        Loop::handlers(*guest).read = [&, stays_reusable](Event& event) {
            ++asked;
            if (stays_reusable) {
                house.loop.reactor.make_reusable(*event.connection);
            }
        };
    }
    CHECK(house.newcomer() == nullptr);
    CHECK(asked == 4);
    CHECK(house.loop.log.take() == Lines{"alert: 4 worker_connections are not enough"});
    CHECK(house.newcomer() == nullptr);
    CHECK(asked == (stays_reusable ? 8 : 4));
}

TEST_CASE("reusable: a handler that closes the next one in the queue, or the rest", "[stale-event-dropped]") {
    FullHouse house(4);
    house.before_closing(0, [&] { house.loop.reactor.close_connection(*house.guests[1]); });
    house.before_closing(2, [&] { house.loop.reactor.keep_connection(*house.guests[3]); });
    CHECK(house.newcomer() != nullptr);
    CHECK(house.loop.happened == Lines{"0 closes", "2 closes"});
    CHECK(house.guests[3]->fd != -1);
}

TEST_CASE("reusable: a handler that wants a connection itself is not made room for", "[bounded-turn]") {
    FullHouse house(4);
    bool was_refused = false;
    house.before_closing(0, [&] { was_refused = house.newcomer() == nullptr; });
    CHECK(house.newcomer() != nullptr);
    CHECK(was_refused);
    CHECK(house.loop.happened.size() == 4);
    CHECK(house.loop.log.take() == Lines{"alert: 4 worker_connections are not enough"});
}

TEST_CASE("reusable: closing and freeing leave the queue", "[fds-balanced]") {
    FullHouse house(4);
    const int fd = house.guests[0]->fd;
    house.loop.reactor.free_connection(*house.guests[0]);
    house.loop.reactor.close_shared_connection(*house.guests[1]);
    Connection& next = house.loop.adopt(fd);
    house.loop.open();
    CHECK_FALSE(next.reusable);
    CHECK(house.newcomer() != nullptr);
    CHECK(house.loop.happened == Lines{"2 closes", "3 closes"});
}

TEST_CASE("reusable: the report of one that was closed to make room is stale", "[stale-event-dropped]") {
    FullHouse house(4);
    house.loop.reactor.keep_connection(*house.guests[0]);
    for (Connection* guest : house.guests) {
        CHECK(house.loop.reactor.add_connection(*guest) == Status::ok);
    }
    Loop::handlers(*house.guests[0]).read = [&](Event&) {
        house.loop.happened.push_back("0 reads");
        CHECK(house.newcomer() != nullptr);
    };
    house.loop.kernel.script_wait({{k_epollin, house.guests[0]->epoll_data()},
                                   {k_epollin | k_epollout, house.guests[1]->epoll_data()},
                                   {k_epollin, house.guests[2]->epoll_data()}});
    CHECK(house.loop.poll() == Status::ok);
    CHECK(house.loop.happened == Lines{"0 reads", "1 closes", "2 closes", "3 closes"});
}

TEST_CASE("reusable: room is made for a connection that is accepted", "[listener-stays-watched]") {
    FullHouse house(4);
    house.loop.reactor.close_connection(*house.guests[3]);
    Door door(house.loop);
    door.open();
    door.knock();
    CHECK(house.loop.poll() == Status::ok);
    CHECK(door.accepted.size() == 1);
    CHECK(house.loop.happened == Lines{"0 closes", "1 closes", "2 closes"});
    CHECK(door.watched());
}

TEST_CASE("reusable: a listener that is closed to make room for its connection gives it up",
          "[stale-event-dropped][fds-balanced]") {
    FullHouse house(4);
    house.loop.reactor.close_connection(*house.guests[3]);
    Door door(house.loop);
    door.open();
    door.knock();
    house.before_closing(0, [&] { house.loop.reactor.close_connection(*door.listener.connection); });
    CHECK(house.loop.poll() == Status::ok);
    CHECK(door.accepted.empty());
    CHECK_FALSE(door.listener.is_open());
    CHECK(house.loop.reactor.connections().free_connections() == 4);
}

TEST_CASE("reusable: at the end the idle ones are asked to close", "[fds-balanced]") {
    FullHouse house(4);
    house.guests[1]->idle = house.guests[2]->idle = true;
    house.before_closing(1, [&] { house.loop.reactor.close_connection(*house.guests[2]); });
    house.loop.reactor.close_idle_connections();
    CHECK(house.loop.happened == Lines{"1 closes"});
    CHECK(house.guests[0]->fd != -1);
    CHECK_FALSE(house.loop.reactor.connections().at(house.guests[2]->slot).idle);
}

TEST_CASE("reusable: the tables go while connections are reusable, and come again", "[fds-balanced]") {
    const std::array<int, 2> ends = make_pair();
    {
        FailingKernel kernel;
        RecordedLog log;
        TestReactor reactor(kernel, log.log);
        REQUIRE(reactor.init(Loop::options(2, 8)) == Status::ok);
        Connection* connection = reactor.get_connection(ends[0]);
        REQUIRE(connection != nullptr);
        reactor.make_reusable(*connection);
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

} // namespace edgecase
