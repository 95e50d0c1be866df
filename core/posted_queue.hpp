// A queue of events to be handled later in the turn: nginx's posted events. Intrusive and first in, first
// out; it allocates nothing. An event is in one queue at most, and posting it again is no effect until it has
// run.
//
// Invariants: an event that was posted runs exactly once or is deleted (posted-runs-once); run() handles what
// was posted when it began and no more, so a handler that posts itself cannot keep it from ending
// (bounded-turn).
#pragma once

#include <cstddef>

#include "core/event.hpp"

namespace edgecase {

class PostedQueue {
public:
    PostedQueue();
    PostedQueue(const PostedQueue&) = delete;
    PostedQueue& operator=(const PostedQueue&) = delete;

    // Appends the event, unless it is in a queue already, this one or another: then it stays where it is.
    void post(Event& event);

    // Takes the event out of whatever queue it is in; no effect if it is in none.
    static void unpost(Event& event);

    // Calls the handler of each event that is in the queue now, in the order of posting. Handlers may post
    // any event (it waits for the next run, unless its turn in this one is still to come), delete any, the
    // next included, and close connections. Not to be called from a handler that it runs.
    void run();

    [[nodiscard]] bool empty() const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool contains(const Event& event) const;

private:
    PostedLink waiting_; // ring of what the next run will handle
    PostedLink running_; // ring of what the present run has still to handle
    bool in_run_ = false;
};

} // namespace edgecase
