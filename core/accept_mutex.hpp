// The accept mutex: of several reactors that share listening descriptors, the one that has it watches them.
// What the reactor sees of it are two functions and what they work on, so that a lock in memory that
// processes share can stand behind it; nginx's ngx_shmtx_t, as far as accept uses it.
#pragma once

#include <atomic>

namespace edgecase {

struct AcceptMutex {
    // Takes the lock if nobody has it, without waiting: whether it did.
    bool (*try_lock)(void* context) = nullptr;

    // Gives the lock back. Only called by who has it.
    void (*unlock)(void* context) = nullptr;

    void* context = nullptr;

    [[nodiscard]] bool exists() const { return try_lock != nullptr; }
};

// The lock for reactors of one process, each on its own thread. Must outlive whoever was given its mutex().
class LocalAcceptMutex {
public:
    LocalAcceptMutex() = default;
    LocalAcceptMutex(const LocalAcceptMutex&) = delete;
    LocalAcceptMutex& operator=(const LocalAcceptMutex&) = delete;

    bool try_lock() { return !taken_.exchange(true, std::memory_order_acquire); }
    void unlock() { taken_.store(false, std::memory_order_release); }

    [[nodiscard]] AcceptMutex mutex() {
        return {[](void* self) { return static_cast<LocalAcceptMutex*>(self)->try_lock(); },
                [](void* self) { static_cast<LocalAcceptMutex*>(self)->unlock(); }, this};
    }

private:
    std::atomic<bool> taken_ = false;
};

} // namespace edgecase
