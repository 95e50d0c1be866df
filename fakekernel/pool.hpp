// A pool of objects of one kind, named by index. Objects live in one vector and freed ones are taken again,
// so that nothing is allocated once the pool has reached its working size. A reference into the pool is good
// until the next acquire() of the same pool: an index is what one keeps.
//
// Invariant: live() is the number of indices handed out by acquire() and not yet given to release().
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define EDGECASE_POISON_POOLS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDGECASE_POISON_POOLS 1
#endif
#endif
#if defined(EDGECASE_POISON_POOLS)
#include <sanitizer/asan_interface.h>
#endif

namespace edgecase::fake {

using Index = std::uint32_t;
inline constexpr Index k_none = 0xffffffff;

template <class T> class Pool {
public:
    Pool() = default;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() { unpoison_all(); }

    // An object in its initial state.
    Index acquire() {
        const Index index = acquire_raw();
        items_[index] = T{};
        return index;
    }

    // An object in whatever state its last user left it: for blocks of bytes.
    Index acquire_raw() {
        Index index = 0;
        if (!free_.empty()) {
            index = free_.back();
            free_.pop_back();
        } else {
            if (used_ == items_.size()) grow();
            index = used_++;
        }
        unpoison(index);
        return index;
    }

    void release(Index index) {
        free_.push_back(index); // within capacity: grow() reserved it
        poison(index);
    }

    // Every object is gone; the memory stays. Costs two stores.
    void reset() {
        poison_all();
        used_ = 0;
        free_.clear();
    }

    T& operator[](Index index) { return items_[index]; }
    const T& operator[](Index index) const { return items_[index]; }
    [[nodiscard]] std::size_t live() const { return used_ - free_.size(); }
    [[nodiscard]] Index limit() const { return used_; }

private:
    void grow() {
        unpoison_all();
        items_.resize(items_.empty() ? 16 : items_.size() * 2);
        free_.reserve(items_.size());
        repoison();
    }

#if defined(EDGECASE_POISON_POOLS)
    void poison(Index index) {
        ASAN_POISON_MEMORY_REGION(&items_[index], sizeof(T));
    }
    void unpoison(Index index) {
        ASAN_UNPOISON_MEMORY_REGION(&items_[index], sizeof(T));
    }
    void poison_all() {
        ASAN_POISON_MEMORY_REGION(items_.data(), used_ * sizeof(T));
    }
    void unpoison_all() {
        ASAN_UNPOISON_MEMORY_REGION(items_.data(), items_.size() * sizeof(T));
    }
    void repoison() {
        for (const Index index : free_)
            poison(index);
        for (Index index = used_; index < items_.size(); ++index)
            poison(index);
    }
#else
    void poison(Index) {}
    void unpoison(Index) {}
    void poison_all() {}
    void unpoison_all() {}
    void repoison() {}
#endif

    std::vector<T> items_;
    std::vector<Index> free_;
    Index used_ = 0;
};

} // namespace edgecase::fake
