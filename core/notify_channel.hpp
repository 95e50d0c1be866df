// How another thread wakes the loop: an eventfd in epoll, edge-triggered, whose reports run what was asked
// for.
//
// The descriptor is not read at each report: every write makes a new edge, whatever the counter says
// (eventfd(2) in Linux wakes its waiters on each write). It is read back to 0 once in a great while, and when
// it is full.
//
// Invariants: a task whose notify answered ok runs at least once after that notify began, before the loop
// sleeps again (notify-reaches-handler); no lock is held across a system call, and none is taken at all.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/cycle.hpp"
#include "core/kernel.hpp"
#include "core/options.hpp"
#include "core/status.hpp"

namespace edgecase {

// Something that notify() can ask to run on the loop. The caller owns it; it must outlive its last notify.
struct NotifyTask {
    void (*run)(NotifyTask&);
};

template <Kernel K> class NotifyChannel {
public:
    // So many different tasks can wait for the loop at once.
    static constexpr std::size_t k_tasks = 8;

    NotifyChannel(K& kernel, Cycle& cycle) : kernel_(kernel), cycle_(cycle) {}
    NotifyChannel(const NotifyChannel&) = delete;
    NotifyChannel& operator=(const NotifyChannel&) = delete;

    // Makes the eventfd and adds it to epoll. On error nothing is left open, and one EMERG line says why.
    Status open(int epoll_fd, std::uint32_t rewind_after);

    // Closes it if it is open; tasks that still wait are dropped. No thread may be in notify().
    void close();

    [[nodiscard]] bool is_open() const { return fd_ != -1; }

    // Asks the loop to run the task: from any thread, while the channel is open. A task that waits already is
    // not entered twice. Error: no place is free, or the write failed; in that case the task keeps waiting
    // and runs with the next notify that succeeds. Both write one ALERT line.
    Status notify(NotifyTask& task);

    // Whether the loop must see to the tasks although epoll will not say so: a counter that seemed full was
    // read back, which takes pending reports away, and the write that should have made up for it failed.
    // Taken once, before a wait: a loop that is in its wait by then makes up for it before the next. A channel that is
    // closed owes nothing, whatever a thread that was in notify() all the same may have left.
    [[nodiscard]] bool take_owed_report() {
        return owed_.load(std::memory_order_relaxed) && owed_.exchange(false, std::memory_order_acq_rel) &&
               is_open();
    }

    // Another rewind_after, for a reactor that is set up again while it runs.
    void set_rewind_after(std::uint32_t rewind_after) { rewind_after_ = rewind_after; }

private:
    static void on_report(Event& event);
    bool enter(NotifyTask& task);
    SysResult wake();
    SysResult rewind(std::uint64_t& count);
    void count_delivery();
    void run_tasks();

    K& kernel_;
    Cycle& cycle_;
    int fd_ = -1;
    std::atomic<bool> owed_{false};
    std::uint32_t deliveries_ = 0;
    std::uint32_t rewind_after_ = 0;
    std::array<std::atomic<NotifyTask*>, k_tasks> tasks_{};
    static_assert(std::atomic<NotifyTask*>::is_always_lock_free);
};

} // namespace edgecase
