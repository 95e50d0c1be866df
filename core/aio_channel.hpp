// File AIO: reads that the kernel completes while the loop goes on, and an eventfd in epoll, edge-triggered,
// by which it says so. Reads that the kernel does not take are made at once, with pread.
//
// Requests are places of a table; what the kernel carries is place and generation, never an address, so a
// completion of no request is noticed. The counter of the eventfd says nothing that is needed: whatever it
// answers, completions are taken until there are none.
//
// Invariant: a read that was accepted is complete exactly once, or is discarded by close(), which returns only
// when nothing is in flight (aio-completes-once).
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cycle.hpp"
#include "core/file_aio.hpp"
#include "core/kernel.hpp"
#include "core/status.hpp"

namespace edgecase {

template <Kernel K> class AioChannel {
public:
    AioChannel(K& kernel, Cycle& cycle) : kernel_(kernel), cycle_(cycle) {}
    AioChannel(const AioChannel&) = delete;
    AioChannel& operator=(const AioChannel&) = delete;

    // Makes the table for so many requests at a time, the eventfd and the kernel's context, and adds the
    // eventfd to epoll. On error nothing is left, one EMERG line says why, and files are read synchronously.
    Status open(int epoll_fd, std::uint32_t requests);

    // Waits for what is in flight and discards it: active is 0 and ready 1 afterwards, and nothing writes to
    // its buffers. What is complete and posted stays so. No effect if it is not open.
    void close();

    // Whether reads go through AIO: it is open, and the kernel never answered that it has none (ENOSYS).
    [[nodiscard]] bool is_on() const { return fd_ != -1 && !refused_; }

    // See Reactor::read_file.
    FileRead read(FileAio& file, int fd, void* buffer, std::size_t size, std::int64_t offset);

private:
    struct Request {
        FileAio* file = nullptr;      // null: the place is free
        std::uint32_t generation = 0; // which user of the place
        std::uint32_t next_free = k_no_slot;
    };

    Status open_table(std::uint32_t requests);
    void release_table();
    Status open_eventfd(int epoll_fd);
    void close_eventfd();
    void destroy_context();
    FileRead submit(FileAio& file, int fd, void* buffer, std::size_t size, std::int64_t offset);
    FileRead read_now(int fd, void* buffer, std::size_t size, std::int64_t offset);
    FileRead collect(FileAio& file, int fd);
    void free_request(std::uint32_t place);

    static void on_report(Event& event);
    void read_counter();
    void take_completions();
    void complete(const AioCompletion& completion);
    [[nodiscard]] Connection& connection() const {
        return cycle_.connections.at(cycle_.connections.connections() + k_aio_channel);
    }

    K& kernel_;
    Cycle& cycle_;
    int fd_ = -1; // of the eventfd
    AioContextId context_ = 0;
    bool refused_ = false;
    Request* requests_ = nullptr;
    std::uint32_t capacity_ = 0;
    std::uint32_t first_free_ = k_no_slot;
    std::uint32_t in_flight_ = 0;
};

} // namespace edgecase
