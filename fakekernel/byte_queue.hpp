// First-in first-out queues of bytes, made of blocks from one pool: the contents of every pipe and socket. A
// queue with nothing in it owns no block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fakekernel/pool.hpp"

namespace edgecase::fake {

struct ByteQueue {
    Index head = k_none;
    Index tail = k_none;
    std::uint32_t head_offset = 0; // of the first byte in its block
    std::uint32_t tail_offset = 0; // behind the last byte in its block
    std::uint32_t size_bytes = 0;
};

class ByteStore {
public:
    static constexpr std::uint32_t k_block_bytes = 508;

    void append(ByteQueue& queue, const void* bytes, std::size_t size) {
        const auto* from = static_cast<const unsigned char*>(bytes);
        queue.size_bytes += static_cast<std::uint32_t>(size);
        while (size > 0) {
            if (queue.tail == k_none || queue.tail_offset == k_block_bytes) add_block(queue);
            const std::size_t chunk = std::min<std::size_t>(size, k_block_bytes - queue.tail_offset);
            std::memcpy(blocks_[queue.tail].bytes + queue.tail_offset, from, chunk);
            queue.tail_offset += static_cast<std::uint32_t>(chunk);
            from += chunk;
            size -= chunk;
        }
    }

    // Moves `size` bytes, which must be there, to `out`; null drops them.
    void take(ByteQueue& queue, void* out, std::size_t size) {
        auto* to = static_cast<unsigned char*>(out);
        queue.size_bytes -= static_cast<std::uint32_t>(size);
        while (size > 0) {
            Block& block = blocks_[queue.head];
            const std::uint32_t end = queue.head == queue.tail ? queue.tail_offset : k_block_bytes;
            const std::size_t chunk = std::min<std::size_t>(size, end - queue.head_offset);
            if (to != nullptr) {
                std::memcpy(to, block.bytes + queue.head_offset, chunk);
                to += chunk;
            }
            queue.head_offset += static_cast<std::uint32_t>(chunk);
            size -= chunk;
            if (queue.head_offset == end) drop_block(queue);
        }
    }

    // Copies `size` bytes, which must be there, from `offset` on, and leaves them.
    void peek(const ByteQueue& queue, std::size_t offset, void* out, std::size_t size) const {
        auto* to = static_cast<unsigned char*>(out);
        std::size_t begin = queue.head_offset;
        for (Index index = queue.head; size > 0; index = blocks_[index].next, begin = 0) {
            const std::size_t end = index == queue.tail ? queue.tail_offset : k_block_bytes;
            if (offset >= end - begin) {
                offset -= end - begin;
                continue;
            }
            const std::size_t chunk = std::min(size, end - begin - offset);
            std::memcpy(to, blocks_[index].bytes + begin + offset, chunk);
            to += chunk;
            size -= chunk;
            offset = 0;
        }
    }

    void clear(ByteQueue& queue) {
        while (queue.head != k_none) {
            const Index next = queue.head == queue.tail ? k_none : blocks_[queue.head].next;
            blocks_.release(queue.head);
            queue.head = next;
        }
        queue = ByteQueue{};
    }

    void reset() { blocks_.reset(); }
    [[nodiscard]] std::size_t live_blocks() const { return blocks_.live(); }

    // How many blocks a queue owns.
    [[nodiscard]] std::size_t blocks_of(const ByteQueue& queue) const {
        std::size_t count = 0;
        for (Index index = queue.head; index != k_none; index = blocks_[index].next) {
            ++count;
            if (index == queue.tail) break;
        }
        return count;
    }

private:
    struct Block {
        Index next;
        unsigned char bytes[k_block_bytes];
    };

    void add_block(ByteQueue& queue) {
        const Index index = blocks_.acquire_raw();
        blocks_[index].next = k_none;
        if (queue.tail == k_none) {
            queue.head = index;
            queue.head_offset = 0;
        } else {
            blocks_[queue.tail].next = index;
        }
        queue.tail = index;
        queue.tail_offset = 0;
    }

    void drop_block(ByteQueue& queue) {
        const Index gone = queue.head;
        if (gone == queue.tail) {
            queue.head = k_none;
            queue.tail = k_none;
            queue.tail_offset = 0;
        } else {
            queue.head = blocks_[gone].next;
        }
        queue.head_offset = 0;
        blocks_.release(gone);
    }

    Pool<Block> blocks_;
};

} // namespace edgecase::fake
