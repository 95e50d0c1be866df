// A regular file in memory, open for reading. Its size is fixed, and what is in it is computed from the
// place, so that it costs no memory and every reader knows what it must find.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgecase::fake {

// Where the bytes of a file are, which is what decides when an AIO read of them completes (S-159).
enum class FileStore : std::uint8_t {
    page_cache, // they are there: inside io_submit
    device,     // they must be fetched: later, when the world says so (on Linux: O_DIRECT)
};

struct RegularFile {
    std::uint64_t size_bytes = 0;
    std::uint64_t position = 0; // of read(2)
    FileStore store = FileStore::page_cache;
};

// The byte of a regular file at an offset: two reads at places less than 64 kB apart differ somewhere early.
[[nodiscard]] constexpr unsigned char file_byte(std::uint64_t offset) {
    return static_cast<unsigned char>(offset * 167 + (offset >> 8) * 13);
}

// Writes those from an offset on.
void copy_file_bytes(std::uint64_t offset, unsigned char* to, std::size_t count);

} // namespace edgecase::fake
