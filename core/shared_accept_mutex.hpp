// The accept mutex of processes: one word in memory that they share, which holds the pid of who has the lock;
// nginx's ngx_shmtx_t where it has atomic operations, without its semaphore. The owner maps the memory
// (MAP_SHARED, before it forks), gives each process one of these, and, when a process has died, gives back
// what that one held.
//
// It is not fair, and nobody waits: a reactor that does not get it tries again within accept_mutex_delay.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/accept_mutex.hpp"

namespace edgecase {

class SharedAcceptMutex {
public:
    // 0: nobody has it, as in memory that was just mapped. Plain to any process, since it has no address in it.
    using Word = std::atomic<std::uint32_t>;
    static_assert(Word::is_always_lock_free);

    // pid: of the process that uses this object; not 0, and no other living process has it. The word must
    // outlive the object.
    SharedAcceptMutex(Word& word, std::uint32_t pid) : word_(word), pid_(pid) {}
    SharedAcceptMutex(const SharedAcceptMutex&) = delete;
    SharedAcceptMutex& operator=(const SharedAcceptMutex&) = delete;

    // Whether it took the lock: not if anybody has it, this process included.
    bool try_lock() { return exchange(word_, 0, pid_); }

    // Nothing happens if this process does not have it.
    void unlock() { static_cast<void>(exchange(word_, pid_, 0)); }

    // For whoever has learned that a process is dead (by waitpid): gives the lock back if that process died
    // with it, and says whether it did. A process that lives must not be named.
    static bool force_unlock(Word& word, std::uint32_t dead_pid) { return exchange(word, dead_pid, 0); }

    [[nodiscard]] AcceptMutex mutex() {
        return {[](void* self) { return static_cast<SharedAcceptMutex*>(self)->try_lock(); },
                [](void* self) { static_cast<SharedAcceptMutex*>(self)->unlock(); }, this};
    }

private:
    static bool exchange(Word& word, std::uint32_t from, std::uint32_t to) {
        return word.compare_exchange_strong(from, to, std::memory_order_acq_rel, std::memory_order_relaxed);
    }

    Word& word_;
    std::uint32_t pid_;
};

} // namespace edgecase
