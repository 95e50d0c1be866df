// Several threads notify one reactor on the real kernel. Run it under ThreadSanitizer too: nothing in between
// adds an order that notify does not promise.
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/linux_reactor.hpp"
#include "core/tests/catch.hpp"
#include "core/tests/open_descriptors.hpp"
#include "core/tests/recorded_log.hpp"

namespace edgecase {
namespace {

// What one thread asks for, and what the loop saw of it when it ran.
struct Counter : NotifyTask {
    Counter() : NotifyTask{run_counter} {}

    static void run_counter(NotifyTask& task) {
        auto& self = static_cast<Counter&>(task);
        self.seen = self.asked.load(std::memory_order_relaxed);
    }

    std::atomic<int> asked{0};
    int seen = 0;
};

constexpr int k_rounds = 20'000;

bool all_seen(const std::vector<Counter>& counters) {
    for (const Counter& counter : counters) {
        if (counter.seen != k_rounds) {
            return false;
        }
    }
    return true;
}

} // namespace

TEST_CASE("notify channel: threads that notify at once lose nothing", "[notify-reaches-handler]") {
    const DescriptorBalance balance;
    RecordedLog log;
    LinuxKernel kernel;
    NativeReactor reactor(kernel, log.log);
    Options options;
    options.notify_rewind_after = GENERATE(2U, 0xffffffffU);
    REQUIRE(reactor.init(options) == Status::ok);

    std::vector<Counter> counters(4);
    std::vector<std::thread> threads;
    threads.reserve(counters.size());
    for (Counter& counter : counters) {
        threads.emplace_back([&reactor, &counter] {
            for (int round = 1; round <= k_rounds; ++round) {
                counter.asked.store(round, std::memory_order_relaxed);
                if (reactor.notify(counter) != Status::ok) {
                    std::abort();
                }
            }
        });
    }
    // A lost notification shows as a wait that nothing ends: ten seconds are for ever here.
    for (int waits = 0; waits < 4 * k_rounds + 1 && !all_seen(counters); ++waits) {
        const Msec before = kernel.monotonic_ms();
        CHECK(reactor.process_events(10'000, 0) == Status::ok);
        if (kernel.monotonic_ms() - before > 9'000) {
            break;
        }
    }
    CHECK(all_seen(counters));
    for (std::thread& thread : threads) {
        thread.join();
    }
    reactor.done();
    CHECK(log.take().empty());
}

} // namespace edgecase
