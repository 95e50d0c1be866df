#include "core/reusable_queue.hpp"

#include "core/check.hpp"

namespace edgecase {

void ReusableQueue::add(Connection& connection) {
    EDGECASE_CHECK(connection.fd != -1, "a free slot is made reusable", connection.slot);
    remove(connection);
    connection.reusable = true;
    connection.previous = last_;
    connection.next = k_no_slot;
    if (last_ == k_no_slot) {
        first_ = connection.slot;
    } else {
        table_.at(last_).next = connection.slot;
    }
    last_ = connection.slot;
    ++size_;
}

void ReusableQueue::remove(Connection& connection) {
    if (!connection.reusable) {
        return;
    }
    if (connection.previous == k_no_slot) {
        first_ = connection.next;
    } else {
        table_.at(connection.previous).next = connection.next;
    }
    if (connection.next == k_no_slot) {
        last_ = connection.previous;
    } else {
        table_.at(connection.next).previous = connection.previous;
    }
    connection.reusable = false;
    connection.next = connection.previous = k_no_slot;
    --size_;
}

Connection* ReusableQueue::first() const {
    return first_ == k_no_slot ? nullptr : &table_.at(first_);
}

} // namespace edgecase
