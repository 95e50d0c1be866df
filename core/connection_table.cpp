#include "core/connection_table.hpp"

#include <new>

#include "core/check.hpp"

namespace edgecase {

namespace {

// Puts an event into the state in which its slot's user finds it.
void reset(Event& event, Connection& connection) {
    event = Event();
    event.connection = &connection;
}

void open(Connection& connection, int fd) {
    EDGECASE_CHECK(fd >= 0, "a connection is opened without a descriptor", fd);
    EDGECASE_CHECK(connection.fd == -1, "a slot is opened twice", connection.slot, connection.fd);
    connection.fd = fd;
    connection.data = nullptr;
}

} // namespace

void ConnectionTable::attach(void* memory, std::uint32_t connections, std::uint32_t channels) {
    EDGECASE_CHECK(!attached(), "the table has its memory already");
    slots_ = static_cast<Connection*>(memory);
    connections_ = connections;
    slot_count_ = connections + channels;
    for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
        Connection& connection = *new (slots_ + slot) Connection;
        connection.slot = slot;
        connection.next = slot + 1 < connections ? slot + 1 : k_no_slot;
        reset(connection.read, connection);
        reset(connection.write, connection);
        connection.write.write = true;
    }
    free_head_ = connections != 0 ? 0 : k_no_slot;
    free_count_ = connections;
}

void* ConnectionTable::detach() {
    void* memory = slots_;
    slots_ = nullptr;
    slot_count_ = connections_ = free_count_ = 0;
    free_head_ = k_no_slot;
    return memory;
}

Connection* ConnectionTable::get(int fd) {
    if (free_head_ == k_no_slot) {
        return nullptr;
    }
    Connection& connection = slots_[free_head_];
    free_head_ = connection.next;
    --free_count_;
    connection.next = k_no_slot;
    open(connection, fd);
    return &connection;
}

void ConnectionTable::free(Connection& connection) {
    EDGECASE_CHECK(connection.slot < connections_, "a channel's slot is freed as a connection",
                   connection.slot);
    close(connection);
    connection.next = free_head_;
    free_head_ = connection.slot;
    ++free_count_;
}

Connection& ConnectionTable::open_channel(std::uint32_t channel, int fd) {
    Connection& connection = at(connections_ + channel);
    open(connection, fd);
    return connection;
}

void ConnectionTable::close_channel(std::uint32_t channel) {
    close(at(connections_ + channel));
}

Connection* ConnectionTable::find(std::uint32_t slot, std::uint32_t generation) const {
    if (slot >= slot_count_) {
        return nullptr;
    }
    Connection& connection = slots_[slot];
    return connection.generation == generation && connection.fd != -1 ? &connection : nullptr;
}

void ConnectionTable::close(Connection& connection) {
    EDGECASE_CHECK(connection.fd != -1, "a free slot is freed", connection.slot, connection.generation);
    EDGECASE_CHECK(!connection.read.posted() && !connection.write.posted(),
                   "a slot is freed with a posted event", connection.slot);
    EDGECASE_CHECK(!connection.read.timer_set && !connection.write.timer_set,
                   "a slot is freed with a timer set", connection.slot);
    EDGECASE_CHECK(!connection.reusable, "a slot is freed while it is reusable", connection.slot);
    reset(connection.read, connection);
    reset(connection.write, connection);
    connection.write.write = true;
    connection.close = connection.idle = false;
    connection.fd = -1;
    connection.data = nullptr;
    ++connection.generation;
}

} // namespace edgecase
