// The interest list: epoll_create, epoll_ctl and what removes a watch (fs/eventpoll.c do_epoll_ctl,
// ep_insert, ep_modify, ep_remove).
#include "fakekernel/model.hpp"

namespace edgecase::fake {

SysResult Model::epoll_create(Pid pid, int size) {
    if (size <= 0) return SysResult::fail(k_einval); // S-1
    return epoll_create1(pid, 0);
}

SysResult Model::epoll_create1(Pid pid, int flags) {
    if ((flags & ~k_epoll_cloexec) != 0) return SysResult::fail(k_einval); // S-2
    const SysResult number = reserve(pid);                                 // S-4
    if (number.failed()) return number;
    const Index epoll = epolls_.acquire();
    const SysResult result =
        open_file(pid, FileKind::epoll, epoll, k_o_rdwr, (flags & k_epoll_cloexec) != 0); // S-3
    epolls_[epoll].file = find_file(pid, static_cast<int>(result.value));
    return result;
}

// The key is the pair of description and number (S-71). Few epolls watch one file, so its own list is
// searched.
Index Model::find_watch(Index epoll, Index file, int fd) const {
    Index watch = files_[file].first_waiter;
    while (watch != k_none && (watches_[watch].epoll != epoll || watches_[watch].fd != fd)) {
        watch = watches_[watch].next_waiter;
    }
    return watch;
}

// The order of the checks is S-8.
SysResult Model::epoll_ctl(Pid pid, int epfd, int op, int fd, const EpollEvent* event) {
    const bool has_event = op != k_epoll_ctl_del;
    if (has_event && event == nullptr) return SysResult::fail(k_efault);
    std::uint32_t events = has_event ? event->events : 0;
    const std::uint64_t data = has_event ? event->data : 0;

    const Index epoll_file = find_file(pid, epfd);
    if (epoll_file == k_none) return SysResult::fail(k_ebadf);
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (!can_poll(files_[file].kind)) return SysResult::fail(k_eperm); // S-12
    events &= ~k_epollwakeup;                                          // S-17: no sleep support
    if (epoll_file == file || files_[epoll_file].kind != FileKind::epoll) return SysResult::fail(k_einval);
    const bool to_epoll = files_[file].kind == FileKind::epoll;
    if (has_event && (events & k_epollexclusive) != 0) { // S-67 to S-69
        if (op == k_epoll_ctl_mod) return SysResult::fail(k_einval);
        if (op == k_epoll_ctl_add && (to_epoll || (events & ~k_ep_exclusive_ok_bits) != 0)) {
            return SysResult::fail(k_einval);
        }
    }
    const Index epoll = files_[epoll_file].object;
    bool check_paths = false;
    if (op == k_epoll_ctl_add && (to_epoll || files_[epoll_file].first_waiter != k_none)) {
        check_paths = true;
        scratch_.clear();
        if (to_epoll && nests_too_deep(epoll, files_[file].object)) return SysResult::fail(k_eloop); // S-84
    }

    const Index watch = find_watch(epoll, file, fd);
    switch (op) {
    case k_epoll_ctl_add:
        if (watch != k_none) return SysResult::fail(k_eexist); // S-13
        return insert_watch(pid, epoll, file, fd, events | k_epollerr | k_epollhup, data,
                            check_paths); // S-15
    case k_epoll_ctl_del:
        if (watch == k_none) return SysResult::fail(k_enoent);
        remove_watch(watch);
        return SysResult::ok(0);
    case k_epoll_ctl_mod:
        if (watch == k_none) return SysResult::fail(k_enoent);
        if ((watches_[watch].events & k_epollexclusive) != 0) return SysResult::fail(k_einval); // S-68
        modify_watch(pid, watch, events | k_epollerr | k_epollhup, data);
        return SysResult::ok(0);
    default: return SysResult::fail(k_einval); // S-14
    }
}

// ep_insert(): a file that is ready is queued at once (S-29, S-60).
SysResult Model::insert_watch(Pid pid, Index epoll, Index file, int fd, std::uint32_t events,
                              std::uint64_t data, bool check_paths) {
    const Index watch = watches_.acquire();
    {
        Watch& item = watches_[watch];
        item.data = data;
        item.events = events;
        item.fd = fd;
        item.epoll = epoll;
        item.file = file;
        item.process = pid;
        Epoll& owner = epolls_[epoll];
        item.previous_interest = owner.last_interest;
        if (owner.last_interest != k_none) {
            watches_[owner.last_interest].next_interest = watch;
        } else {
            owner.first_interest = watch;
        }
        owner.last_interest = watch;
        ++owner.watches;
    }
    add_waiter(watch);
    if (check_paths) {
        if (files_[file].kind != FileKind::epoll) scratch_.push_back(file);
        if (too_many_paths()) { // S-86
            remove_watch(watch);
            return SysResult::fail(k_einval);
        }
    }
    watches_[watch].serial = ++last_serial_;
    if (poll_watch(watch, pid) != 0) queue_and_tell(watch);
    return SysResult::ok(0);
}

// ep_modify(): a queued item keeps its place, an unqueued one that is ready is appended; what is no longer
// met is only dropped by the next harvest (S-37, S-38, S-59).
void Model::modify_watch(Pid pid, Index watch, std::uint32_t events, std::uint64_t data) {
    watches_[watch].events = events;
    watches_[watch].data = data;
    if (poll_watch(watch, pid) != 0) queue_and_tell(watch);
}

void Model::queue_and_tell(Index watch) {
    if (watches_[watch].queued) return;
    queue_ready(watch);
    wake_epoll(watches_[watch].epoll); // S-20
}

void Model::remove_watch(Index watch) {
    Watch& item = watches_[watch];
    Epoll& owner = epolls_[item.epoll];
    remove_waiter(watch);
    if (item.queued) unqueue_ready(watch); // S-39
    if (item.previous_interest != k_none) {
        watches_[item.previous_interest].next_interest = item.next_interest;
    } else {
        owner.first_interest = item.next_interest;
    }
    if (item.next_interest != k_none) {
        watches_[item.next_interest].previous_interest = item.previous_interest;
    } else {
        owner.last_interest = item.previous_interest;
    }
    --owner.watches;
    watches_.release(watch);
}

// ep_clear_and_put(): the interest set lives until the last reference goes (S-76, S-87).
void Model::release_epoll(Index epoll) {
    while (epolls_[epoll].first_interest != k_none)
        remove_watch(epolls_[epoll].first_interest);
    epolls_.release(epoll);
}

} // namespace edgecase::fake
