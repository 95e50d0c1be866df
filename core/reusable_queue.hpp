// Connections that their owners can do without, such as those kept alive between two requests: nginx's reusable
// queue. When every slot is taken, those that have been reusable longest are closed to make room (cycle.hpp).
//
// A list through the slots of the connection table, in the order of becoming reusable. A connection that is freed
// must have left it.
#pragma once

#include <cstdint>

#include "core/connection_table.hpp"

namespace edgecase {

class ReusableQueue {
public:
    explicit ReusableQueue(ConnectionTable& table) : table_(table) {}
    ReusableQueue(const ReusableQueue&) = delete;
    ReusableQueue& operator=(const ReusableQueue&) = delete;

    // Makes the connection the last one to go, wherever it was.
    void add(Connection& connection);

    // No effect on one that is not in the queue.
    void remove(Connection& connection);

    // The first one to go; null if there is none.
    [[nodiscard]] Connection* first() const;

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

private:
    ConnectionTable& table_;
    std::uint32_t first_ = k_no_slot;
    std::uint32_t last_ = k_no_slot;
    std::uint32_t size_ = 0;
};

} // namespace edgecase
