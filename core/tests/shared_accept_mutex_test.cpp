// The lock in memory that processes share: who can take it, and who can give it back. Its processes are only
// numbers here; real_workers_test.cpp has real ones.
#include "core/shared_accept_mutex.hpp"

#include "core/tests/catch.hpp"

namespace edgecase {
namespace {

constexpr std::uint32_t k_first = 100;
constexpr std::uint32_t k_second = 200;

struct TwoProcesses {
    SharedAcceptMutex::Word word{0};
    SharedAcceptMutex first{word, k_first};
    SharedAcceptMutex second{word, k_second};
};

} // namespace

TEST_CASE("shared accept mutex: one process has it until it gives it back", "[listener-stays-watched]") {
    TwoProcesses two;
    CHECK(two.first.try_lock());
    CHECK(two.word == k_first);
    CHECK_FALSE(two.second.try_lock());
    CHECK_FALSE(two.first.try_lock()); // nor twice by the same
    two.first.unlock();
    CHECK(two.word == 0);
    CHECK(two.second.try_lock());
    CHECK(two.word == k_second);
}

TEST_CASE("shared accept mutex: who does not have it cannot give it back", "[listener-stays-watched]") {
    TwoProcesses two;
    REQUIRE(two.first.try_lock());
    two.second.unlock();
    CHECK(two.word == k_first);
    two.first.unlock();
    two.first.unlock();
    CHECK(two.word == 0);
}

TEST_CASE("shared accept mutex: a dead process loses it, and only what it had", "[listener-stays-watched]") {
    TwoProcesses two;
    CHECK_FALSE(SharedAcceptMutex::force_unlock(two.word, k_first)); // it died without
    REQUIRE(two.first.try_lock());
    CHECK_FALSE(SharedAcceptMutex::force_unlock(two.word, k_second)); // another died
    CHECK_FALSE(two.second.try_lock());
    CHECK(SharedAcceptMutex::force_unlock(two.word, k_first));
    CHECK_FALSE(SharedAcceptMutex::force_unlock(two.word, k_first));
    CHECK(two.second.try_lock());
}

TEST_CASE("shared accept mutex: a reactor sees two functions", "[listener-stays-watched]") {
    TwoProcesses two;
    const AcceptMutex first = two.first.mutex();
    const AcceptMutex second = two.second.mutex();
    CHECK(first.exists());
    CHECK(first.try_lock(first.context));
    CHECK_FALSE(second.try_lock(second.context));
    second.unlock(second.context);
    CHECK(two.word == k_first);
    first.unlock(first.context);
    CHECK(second.try_lock(second.context));
}

} // namespace edgecase
