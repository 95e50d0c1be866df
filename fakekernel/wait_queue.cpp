// Wait queues: a wakeup of a file goes through its waiters in order, and each of them is a watch that decides
// whether it was meant (kernel/sched/wait.c __wake_up_common, fs/eventpoll.c ep_poll_callback).
#include "fakekernel/model.hpp"

namespace edgecase::fake {

// At the head; an exclusive one at the tail (ep_ptable_queue_proc()). Hence two registrations of one file
// hear of a wakeup in the reverse order of their coming (S-75).
void Model::add_waiter(Index watch) {
    Watch& item = watches_[watch];
    File& file = files_[item.file];
    if ((item.events & k_epollexclusive) != 0) {
        item.previous_waiter = file.last_waiter;
        if (file.last_waiter != k_none) watches_[file.last_waiter].next_waiter = watch;
        if (file.first_waiter == k_none) file.first_waiter = watch;
        file.last_waiter = watch;
        return;
    }
    item.next_waiter = file.first_waiter;
    if (file.first_waiter != k_none) watches_[file.first_waiter].previous_waiter = watch;
    if (file.last_waiter == k_none) file.last_waiter = watch;
    file.first_waiter = watch;
}

void Model::remove_waiter(Index watch) {
    Watch& item = watches_[watch];
    File& file = files_[item.file];
    if (item.previous_waiter != k_none) watches_[item.previous_waiter].next_waiter = item.next_waiter;
    if (item.next_waiter != k_none) watches_[item.next_waiter].previous_waiter = item.previous_waiter;
    if (file.first_waiter == watch) file.first_waiter = item.next_waiter;
    if (file.last_waiter == watch) file.last_waiter = item.previous_waiter;
    item.next_waiter = k_none;
    item.previous_waiter = k_none;
}

// __wake_up_common(): stops behind the first exclusive waiter that took the wakeup, unless it is one for all
// (S-70). No callback changes the queue.
void Model::wake_waiters(Index file, std::uint32_t key, WakeLimit limit) {
    for (Index watch = files_[file].first_waiter; watch != k_none; watch = watches_[watch].next_waiter) {
        const bool taken = notice(watch, key);
        const bool exclusive = (watches_[watch].events & k_epollexclusive) != 0;
        if (taken && exclusive && limit == WakeLimit::one_exclusive) break;
    }
}

// ep_poll_callback(). Key 0: a wakeup that does not say why. Answers whether an exclusive waiter counts as
// woken. The overflow list has no counterpart: nothing wakes while a harvest runs.
bool Model::notice(Index watch, std::uint32_t key) {
    const std::uint32_t events = watches_[watch].events;
    const bool exclusive = (events & k_epollexclusive) != 0;
    // Disabled by ONESHOT: not even ERR and HUP (S-15); or not asked for (S-43, S-47).
    if ((events & ~k_ep_private_bits) == 0) return !exclusive;
    if (key != 0 && (key & events) == 0) return !exclusive;

    queue_ready(watch);

    const Index epoll = watches_[watch].epoll;
    bool taken = !exclusive;
    if (epolls_[epoll].waiters > 0) {
        if (exclusive) {
            const std::uint32_t direction = key & (k_epollin | k_epollout);
            taken = direction == 0 || (direction == k_epollin && (events & k_epollin) != 0) ||
                    (direction == k_epollout && (events & k_epollout) != 0);
        }
        wake_sleeper(epolls_[epoll]);
    }
    wake_up(epolls_[epoll].file, k_epollin); // ep_poll_safewake() (S-83)
    return taken;
}

// wake_up(&ep->wq): the sleepers are exclusive and take themselves off the queue.
void Model::wake_sleeper(Epoll& epoll) {
    if (epoll.waiters == 0) return;
    --epoll.waiters;
    ++epoll.woken;
}

// Both audiences of an epoll: who sleeps in its epoll_wait, and who watches it.
void Model::wake_epoll(Index epoll) {
    wake_sleeper(epolls_[epoll]);
    wake_up(epolls_[epoll].file, k_epollin);
}

void Model::begin_wait(int epoll_file) {
    ++epolls_[files_[index(epoll_file)].object].waiters;
}

void Model::end_wait(int epoll_file) {
    Epoll& epoll = epolls_[files_[index(epoll_file)].object];
    if (epoll.woken > 0) {
        --epoll.woken;
    } else if (epoll.waiters > 0) {
        --epoll.waiters;
    }
}

unsigned Model::waiting(int epoll_file) const {
    return epolls_[files_[index(epoll_file)].object].waiters;
}

unsigned Model::woken(int epoll_file) const {
    return epolls_[files_[index(epoll_file)].object].woken;
}

} // namespace edgecase::fake
