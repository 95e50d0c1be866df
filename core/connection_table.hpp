// The connections of one reactor: a table of slots with fixed addresses, and the list of those that are free.
// The last slots belong to the reactor's own channels (notify, AIO) and are never handed out.
//
// A slot's generation says which of its users is meant. It is raised when the user leaves, so whatever still
// names that user (an event in a harvested batch, an entry left behind in epoll) is stale from that moment
// (stale-event-dropped). It has 32 bits and wraps.
//
// The table lies in memory that it is given and calls nobody: descriptors, timers and queues are its
// caller's.
#pragma once

#include <cstdint>

#include "core/check.hpp"
#include "core/event.hpp"

namespace edgecase {

class ConnectionTable {
public:
    ConnectionTable() = default;
    ConnectionTable(const ConnectionTable&) = delete;
    ConnectionTable& operator=(const ConnectionTable&) = delete;

    // Makes connections + channels free slots in memory, which holds that many Connection objects. Slots are
    // handed out in the order of their index at first, and then the one that was given back last comes first.
    void attach(void* memory, std::uint32_t connections, std::uint32_t channels);

    // Forgets the memory and returns it.
    void* detach();
    [[nodiscard]] bool attached() const { return slots_ != nullptr; }

    // A fresh connection for the descriptor, both events idle and without a handler; null if every slot is
    // taken.
    Connection* get(int fd);

    // Gives the slot back: both events are reset, fd is -1, the generation is raised. The events must not be
    // posted nor have a timer, and the connection must not be reusable.
    void free(Connection& connection);

    // The same for the slot of a channel, which is always the same one.
    Connection& open_channel(std::uint32_t channel, int fd);
    void close_channel(std::uint32_t channel);

    // The connection that slot and generation name, as long as it is open; null otherwise.
    [[nodiscard]] Connection* find(std::uint32_t slot, std::uint32_t generation) const;

    // Any slot, free or not.
    [[nodiscard]] Connection& at(std::uint32_t slot) const {
        EDGECASE_CHECK(slot < slot_count_, "there is no such slot", slot, slot_count_);
        return slots_[slot];
    }

    [[nodiscard]] Connection* begin() const { return slots_; }
    [[nodiscard]] Connection* end() const { return slots_ + slot_count_; }
    [[nodiscard]] std::uint32_t slots() const { return slot_count_; }        // channels included
    [[nodiscard]] std::uint32_t connections() const { return connections_; } // channels left out
    [[nodiscard]] std::uint32_t free_connections() const { return free_count_; }

private:
    void close(Connection& connection);

    Connection* slots_ = nullptr;
    std::uint32_t slot_count_ = 0;
    std::uint32_t connections_ = 0;
    std::uint32_t free_count_ = 0;
    std::uint32_t free_head_ = k_no_slot;
};

} // namespace edgecase
