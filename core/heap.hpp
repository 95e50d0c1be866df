// Memory for a kernel's allocate and release on an ordinary host: aligned, and null instead of an exception.
#pragma once

#include <cstddef>
#include <new>

namespace edgecase {

inline void* heap_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    return ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
}

inline void heap_release(void* memory, std::size_t /*bytes*/, std::size_t alignment) noexcept {
    ::operator delete (memory, std::align_val_t{alignment});
}

} // namespace edgecase
