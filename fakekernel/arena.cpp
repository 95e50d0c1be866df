#include "fakekernel/arena.hpp"

#include <algorithm>
#include <cstring>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDGECASE_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define EDGECASE_POISONS 1
#endif
#ifdef EDGECASE_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#endif

namespace edgecase::fake {

namespace {

constexpr std::size_t k_region_bytes = 256 * 1024;
constexpr int k_fill = 0xa5;

} // namespace

Arena::~Arena() {
    reset();
    for (Region& region : regions_) {
        ASAN_UNPOISON_MEMORY_REGION(region.bytes.get(), region.size);
    }
}

void* Arena::allocate(std::size_t bytes, std::size_t alignment) {
    if (bytes > k_large_bytes) {
        large_.emplace_back(std::calloc(bytes, 1));
        ++blocks_;
        return large_.back().get();
    }
    for (;; ++region_, used_ = 0) {
        if (region_ == regions_.size()) {
            const std::size_t wanted = k_region_bytes;
            regions_.push_back(Region{std::make_unique<std::byte[]>(wanted), wanted});
            ASAN_POISON_MEMORY_REGION(regions_.back().bytes.get(), wanted);
        }
        Region& region = regions_[region_];
        void* place = region.bytes.get() + used_;
        std::size_t room = region.size - used_;
        if (std::align(alignment, bytes, place, room) != nullptr) {
            used_ = region.size - room + bytes;
            ++blocks_;
            ASAN_UNPOISON_MEMORY_REGION(place, bytes);
            std::memset(place, k_fill, bytes);
            return place;
        }
    }
}

void Arena::release(void* block, std::size_t bytes) {
    if (block == nullptr) {
        return;
    }
    --blocks_;
    if (bytes <= k_large_bytes) {
        ASAN_POISON_MEMORY_REGION(block, bytes);
    }
}

void Arena::reset() {
    for (std::size_t i = 0; i < region_ && i < regions_.size(); ++i) {
        ASAN_POISON_MEMORY_REGION(regions_[i].bytes.get(), regions_[i].size);
    }
    if (region_ < regions_.size()) {
        ASAN_POISON_MEMORY_REGION(regions_[region_].bytes.get(), used_);
    }
    large_.clear();
    region_ = 0;
    used_ = 0;
    blocks_ = 0;
}

} // namespace edgecase::fake
