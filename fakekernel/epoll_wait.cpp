// The ready list and its harvest (fs/eventpoll.c ep_send_events, __ep_eventpoll_poll).
#include <utility>

#include "fakekernel/model.hpp"
#include "fakekernel/splitmix64.hpp"

namespace edgecase::fake {

// To the tail; a second wakeup of a queued item does not move it (S-28).
void Model::queue_ready(Index watch) {
    Watch& item = watches_[watch];
    if (item.queued) return;
    Epoll& epoll = epolls_[item.epoll];
    item.queued = true;
    item.next_ready = k_none;
    item.previous_ready = epoll.last_ready;
    if (epoll.last_ready != k_none) {
        watches_[epoll.last_ready].next_ready = watch;
    } else {
        epoll.first_ready = watch;
    }
    epoll.last_ready = watch;
}

void Model::unqueue_ready(Index watch) {
    Watch& item = watches_[watch];
    Epoll& epoll = epolls_[item.epoll];
    item.queued = false;
    if (item.previous_ready != k_none) {
        watches_[item.previous_ready].next_ready = item.next_ready;
    } else {
        epoll.first_ready = item.next_ready;
    }
    if (item.next_ready != k_none) {
        watches_[item.next_ready].previous_ready = item.previous_ready;
    } else {
        epoll.last_ready = item.previous_ready;
    }
    item.next_ready = k_none;
    item.previous_ready = k_none;
}

// ep_item_poll(): the state now, masked by the interest (S-31).
std::uint32_t Model::poll_watch(Index watch, Pid pid) {
    return poll_mask(watches_[watch].file, pid) & watches_[watch].events;
}

// __ep_eventpoll_poll(): re-polls the list and drops idle items up to the first that is ready (S-7, S-81).
std::uint32_t Model::poll_epoll(Index epoll, Pid pid) {
    Index watch = epolls_[epoll].first_ready;
    while (watch != k_none) {
        if (poll_watch(watch, pid) != 0) {
            wake_sleeper(epolls_[epoll]); // ep_done_scan(): the list is not empty
            return k_epollin | k_epollrdnorm;
        }
        const Index next = watches_[watch].next_ready;
        unqueue_ready(watch);
        watch = next;
    }
    return 0;
}

// epoll_wait with timeout 0. Order of the checks: S-21. ep_send_events(): each item of the list as it stood
// is taken from the head and polled again; idle ones vanish (S-30), level-triggered ones go back to the tail
// at once (S-32), ONESHOT ones are disabled (S-63), and what does not fit stays at the head (S-35). `last`
// bounds the walk: items that go back come behind it.
SysResult Model::harvest(Pid pid, int epfd, EpollEvent* out, int maxevents) {
    const Index file = find_file(pid, epfd);
    if (file == k_none && options_.profile.wait_looks_for_epoll_first) return SysResult::fail(k_ebadf);
    if (maxevents <= 0 || static_cast<std::uint32_t>(maxevents) > k_epoll_max_events) {
        return SysResult::fail(k_einval);
    }
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (files_[file].kind != FileKind::epoll) return SysResult::fail(k_einval);
    const Index epoll = files_[file].object;
    const auto limit = static_cast<std::size_t>(maxevents);

    harvested_.clear();
    const Index last = epolls_[epoll].last_ready;
    Index watch = epolls_[epoll].first_ready;
    while (watch != k_none && harvested_.size() < limit) {
        const Index next = watch == last ? k_none : watches_[watch].next_ready;
        const std::uint32_t events = poll_watch(watch, pid);
        if (events == 0) {
            unqueue_ready(watch);
        } else if (out == nullptr) { // S-22, S-23: the event is kept
            return SysResult::fail(k_efault);
        } else {
            Watch& item = watches_[watch];
            EpollEvent& entry = out[harvested_.size()];
            entry.events = events;
            entry.data = item.data;
            harvested_.push_back(Harvested{watch, item.serial});
            unqueue_ready(watch);
            if ((item.events & k_epolloneshot) != 0) {
                item.events &= k_ep_private_bits;
            } else if ((item.events & k_epollet) == 0) {
                queue_ready(watch);
            }
        }
        watch = next;
    }
    if (epolls_[epoll].first_ready != k_none) wake_sleeper(epolls_[epoll]); // ep_done_scan()
    return SysResult::ok(static_cast<std::int64_t>(harvested_.size()));
}

void Model::order_ready(int epoll_file, ReadyOrder order, std::uint64_t seed) {
    const Index epoll = files_[index(epoll_file)].object;
    scratch_.clear();
    while (epolls_[epoll].first_ready != k_none) {
        scratch_.push_back(epolls_[epoll].first_ready);
        unqueue_ready(epolls_[epoll].first_ready);
    }
    switch (order) {
    case ReadyOrder::fifo: break;
    case ReadyOrder::reverse:
        for (std::size_t i = 0; i + i + 1 < scratch_.size(); ++i) {
            std::swap(scratch_[i], scratch_[scratch_.size() - 1 - i]);
        }
        break;
    case ReadyOrder::shuffle:
        for (std::size_t left = scratch_.size(); left > 1; --left) {
            std::swap(scratch_[left - 1], scratch_[splitmix64(seed) % left]);
        }
        break;
    }
    for (const Index watch : scratch_)
        queue_ready(watch);
}

} // namespace edgecase::fake
