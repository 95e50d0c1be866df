#include "core/posted_queue.hpp"

#include "core/check.hpp"

namespace edgecase {

namespace {

void make_empty(PostedLink& ring) {
    ring.posted_next = ring.posted_previous = &ring;
}

bool is_empty(const PostedLink& ring) {
    return ring.posted_next == &ring;
}

// Moves everything of one ring to another, which must be empty.
void move_all(PostedLink& from, PostedLink& to) {
    if (is_empty(from)) {
        return;
    }
    to = from;
    to.posted_next->posted_previous = &to;
    to.posted_previous->posted_next = &to;
    make_empty(from);
}

std::size_t length(const PostedLink& ring) {
    std::size_t count = 0;
    for (const PostedLink* link = ring.posted_next; link != &ring; link = link->posted_next) {
        ++count;
    }
    return count;
}

bool holds(const PostedLink& ring, const Event& event) {
    for (const PostedLink* link = ring.posted_next; link != &ring; link = link->posted_next) {
        if (link == &event) {
            return true;
        }
    }
    return false;
}

} // namespace

PostedQueue::PostedQueue() {
    make_empty(waiting_);
    make_empty(running_);
}

void PostedQueue::post(Event& event) {
    if (event.posted()) {
        return;
    }
    event.posted_next = &waiting_;
    event.posted_previous = waiting_.posted_previous;
    waiting_.posted_previous->posted_next = &event;
    waiting_.posted_previous = &event;
}

void PostedQueue::unpost(Event& event) {
    if (!event.posted()) {
        return;
    }
    event.posted_previous->posted_next = event.posted_next;
    event.posted_next->posted_previous = event.posted_previous;
    event.posted_next = event.posted_previous = nullptr;
}

void PostedQueue::run() {
    EDGECASE_CHECK(!in_run_, "a handler runs the queue that is running it");
    in_run_ = true;
    move_all(waiting_, running_);
    while (!is_empty(running_)) {
        Event& event = static_cast<Event&>(*running_.posted_next);
        unpost(event);
        EDGECASE_CHECK(event.handler != nullptr, "a posted event has no handler");
        event.handler(event);
    }
    in_run_ = false;
}

bool PostedQueue::empty() const {
    return is_empty(waiting_) && is_empty(running_);
}

std::size_t PostedQueue::size() const {
    return length(running_) + length(waiting_);
}

bool PostedQueue::contains(const Event& event) const {
    return holds(running_, event) || holds(waiting_, event);
}

} // namespace edgecase
