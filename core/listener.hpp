// A listening descriptor that a reactor accepts from. Plain data of its owner, with a fixed address while it
// is open; the reactor keeps a list of those that are (acceptor.hpp).
//
// The owner sets handler and data, and shared_by_none and deferred_accept if they apply, before Reactor::listen(); the reactor
// sets the rest.
#pragma once

#include "core/event.hpp"

namespace edgecase {

struct Listener;

// Called for each connection that was accepted: non-blocking, close-on-exec, in a slot of its own, not yet in
// epoll; `ready` of its write event is set. The callee owns it: it sets handlers and adds it, or closes it.
// It may close any connection, this listener included, and open others.
using AcceptHandler = void (*)(Listener& listener, Connection& accepted);

struct Listener {
    AcceptHandler handler = nullptr;
    void* data = nullptr; // the owner's

    // The descriptor is this reactor's alone (nginx: a worker's own socket, made with SO_REUSEPORT): the
    // accept mutex is not about it.
    bool shared_by_none = false;

    // The descriptor has TCP_DEFER_ACCEPT: a connection is accepted when its first bytes are there, so `ready` of
    // its read event is set, too.
    bool deferred_accept = false;

    Connection* connection = nullptr; // null: not open
    Listener* next = nullptr;         // of the reactor's list
    void* acceptor = nullptr;

    [[nodiscard]] bool is_open() const { return connection != nullptr; }
};

} // namespace edgecase
