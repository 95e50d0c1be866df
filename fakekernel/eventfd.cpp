// eventfd(2), after fs/eventfd.c.
#include <cstring>

#include "fakekernel/model.hpp"

namespace edgecase::fake {

SysResult Model::eventfd(Pid pid, unsigned initval, int flags) {
    constexpr int k_known = k_efd_semaphore | k_efd_cloexec | k_efd_nonblock;
    if ((flags & ~k_known) != 0) return SysResult::fail(k_einval); // S-94
    const SysResult number = reserve(pid);
    if (number.failed()) return number;
    const Index object = eventfds_.acquire();
    eventfds_[object].count = initval;
    eventfds_[object].semaphore = (flags & k_efd_semaphore) != 0;
    return open_file(pid, FileKind::eventfd, object, k_o_rdwr | (flags & k_efd_nonblock),
                     (flags & k_efd_cloexec) != 0); // S-95
}

// eventfd_read(): the counter is taken before the copy (S-93); each read that succeeds is an OUT edge (S-46).
SysResult Model::read_eventfd(Index file, void* buffer, std::size_t size) {
    Eventfd& event = eventfds_[files_[file].object];
    if (size < sizeof event.count) return SysResult::fail(k_einval); // S-89
    if (event.count == 0) return SysResult::fail(k_eagain);
    const std::uint64_t value = event.semaphore ? 1 : event.count;
    event.count -= value;
    files_[file].held_back = false;
    wake_up(file, k_epollout);
    if (buffer == nullptr) return SysResult::fail(k_efault);
    std::memcpy(buffer, &value, sizeof value);
    return SysResult::ok(sizeof value);
}

// eventfd_write(): exactly 8 bytes since 6.9 (S-90); each write that succeeds is an IN edge, of 0 too (S-44,
// S-45).
SysResult Model::write_eventfd(Index file, const void* bytes, std::size_t size) {
    Eventfd& event = eventfds_[files_[file].object];
    std::uint64_t value = 0;
    if (size < sizeof value || (size > sizeof value && options_.profile.eventfd_takes_eight_bytes))
        return SysResult::fail(k_einval);
    if (bytes == nullptr) return SysResult::fail(k_efault);
    std::memcpy(&value, bytes, sizeof value);
    if (value == k_eventfd_limit) return SysResult::fail(k_einval);
    if (k_eventfd_limit - event.count <= value) return SysResult::fail(k_eagain); // S-92
    if (files_[file].held_back) return SysResult::fail(k_eagain);
    event.count += value;
    wake_up(file, k_epollin);
    return SysResult::ok(sizeof value);
}

// eventfd_signal(): the kernel's own side never waits; the counter stops at its limit (S-96), and whoever waits is
// woken whatever it was.
void Model::signal_eventfd(Index file) {
    Eventfd& event = eventfds_[files_[file].object];
    if (event.count < k_eventfd_limit) ++event.count;
    wake_up(file, k_epollin);
}

} // namespace edgecase::fake
