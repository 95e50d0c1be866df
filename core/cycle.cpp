#include "core/cycle.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace edgecase {

Connection* Cycle::get_connection(int fd) {
    Connection* connection = connections.get(fd);
    if (connection == nullptr) {
        drain();
        connection = connections.get(fd);
    }
    if (connection == nullptr) {
        log_connections_exhausted(log, connections.connections());
    }
    return connection;
}

// Each leaves the queue before its handler runs: one that does not close is not asked again in this round, though it
// may make itself reusable. Handlers may close others of the queue. One that wants a connection itself gets none that
// is not free: handlers of a drain are not nested.
void Cycle::drain() {
    if (draining_) {
        return;
    }
    draining_ = true;
    for (std::uint32_t left = std::min(reusable.size(), k_most_drained); left > 0 && !reusable.empty();
         --left) {
        Connection& connection = *reusable.first();
        EDGECASE_CHECK(connection.read.handler != nullptr, "a reusable connection has no read handler",
                       connection.slot);
        log_debug_reusing_connection(log, connection);
        reusable.remove(connection);
        connection.close = true;
        connection.read.handler(connection.read);
    }
    draining_ = false;
}

} // namespace edgecase
