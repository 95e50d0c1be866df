// The descriptors of one process: number to open file description, the close-on-exec flag of each number, and
// the lowest free number (S-79, fs/file.c alloc_fd).
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "fakekernel/pool.hpp"

namespace edgecase::fake {

class FdTable {
public:
    // The description behind a number, k_none if it is not open.
    [[nodiscard]] Index find(int fd) const {
        return static_cast<std::uint32_t>(fd) < end_ ? slots_[static_cast<std::uint32_t>(fd)].file : k_none;
    }

    [[nodiscard]] bool close_on_exec(int fd) const {
        return find(fd) != k_none && slots_[static_cast<std::uint32_t>(fd)].close_on_exec;
    }

    void set_close_on_exec(int fd, bool on) { slots_[static_cast<std::uint32_t>(fd)].close_on_exec = on; }

    // The lowest free number from `from` on and below `limit`, -1 if there is none.
    [[nodiscard]] int lowest_free(std::uint32_t from, std::uint32_t limit) const {
        if (from < lowest_) from = lowest_;
        for (std::uint32_t word = from / 64; word < taken_.size(); ++word) {
            std::uint64_t free = ~taken_[word];
            if (word == from / 64) free &= ~std::uint64_t{0} << (from % 64);
            if (free == 0) continue;
            const std::uint32_t fd = word * 64 + static_cast<std::uint32_t>(std::countr_zero(free));
            return fd < limit ? static_cast<int>(fd) : -1;
        }
        const auto beyond = static_cast<std::uint32_t>(taken_.size()) * 64;
        const std::uint32_t fd = from > beyond ? from : beyond;
        return fd < limit ? static_cast<int>(fd) : -1;
    }

    // `number` must be free.
    void install(int number, Index file, bool close_on_exec) {
        const auto fd = static_cast<std::uint32_t>(number);
        if (fd >= slots_.size()) {
            slots_.resize((fd + 64) / 64 * 64);
            taken_.resize(slots_.size() / 64);
        }
        if (fd >= end_) end_ = fd + 1;
        slots_[fd] = Slot{file, close_on_exec};
        taken_[fd / 64] |= std::uint64_t{1} << (fd % 64);
        if (fd == lowest_) ++lowest_;
        ++open_;
    }

    // `number` must be open.
    void remove(int number) {
        const auto fd = static_cast<std::uint32_t>(number);
        slots_[fd] = Slot{};
        taken_[fd / 64] &= ~(std::uint64_t{1} << (fd % 64));
        if (fd < lowest_) lowest_ = fd;
        --open_;
    }

    // Another description behind an open number (dup2).
    void replace(int number, Index file, bool close_on_exec) {
        slots_[static_cast<std::uint32_t>(number)] = Slot{file, close_on_exec};
    }

    void reset() {
        for (std::uint32_t fd = 0; fd < end_; ++fd)
            slots_[fd] = Slot{};
        for (std::uint32_t word = 0; word < (end_ + 63) / 64; ++word)
            taken_[word] = 0;
        end_ = 0;
        lowest_ = 0;
        open_ = 0;
    }

    [[nodiscard]] std::uint32_t open_count() const { return open_; }
    // One more than the highest number that was ever open.
    [[nodiscard]] std::uint32_t end() const { return end_; }

private:
    struct Slot {
        Index file = k_none;
        bool close_on_exec = false;
    };

    std::vector<Slot> slots_;
    std::vector<std::uint64_t> taken_;
    std::uint32_t end_ = 0;
    std::uint32_t lowest_ = 0; // no number below it is free
    std::uint32_t open_ = 0;
};

} // namespace edgecase::fake
