// Descriptors and the open file descriptions behind them: numbers, dup, fcntl, close and what the last close
// does.
#include "fakekernel/model.hpp"

namespace edgecase::fake {

int Model::lowest_free(Pid pid, std::uint32_t from) const {
    return table(pid).lowest_free(from, processes_[pid].open_files);
}

Index Model::new_file(FileKind kind, Index object, int status_flags) {
    const Index file = files_.acquire();
    files_[file].kind = kind;
    files_[file].object = object;
    files_[file].status_flags = status_flags;
    return file;
}

void Model::install_at(Pid pid, int number, Index file, bool close_on_exec) {
    table(pid).install(number, file, close_on_exec);
    ++files_[file].references;
}

// fs.file-max (S-4): nobody here has CAP_SYS_ADMIN, which would be let through.
bool Model::has_room_for_files(std::size_t count) const {
    return files_.live() + count <= options_.max_files;
}

// The number that a new descriptor will get. It is taken before the description is made, so EMFILE comes before ENFILE
// (S-4).
SysResult Model::reserve(Pid pid) const {
    const int number = lowest_free(pid);
    if (number < 0) return SysResult::fail(k_emfile);
    return has_room_for_files(1) ? SysResult::ok(number) : SysResult::fail(k_enfile);
}

// For calls that have checked that there is a number; S-79.
SysResult Model::open_file(Pid pid, FileKind kind, Index object, int status_flags, bool close_on_exec) {
    const int number = lowest_free(pid);
    install_at(pid, number, new_file(kind, object, status_flags), close_on_exec);
    return SysResult::ok(number);
}

// The numbers that two new descriptors will get; the first is taken before the second (S-5, S-79).
SysResult Model::reserve_two(Pid a, Pid b, int* numbers) const {
    const int first = lowest_free(a);
    if (first < 0) return SysResult::fail(k_emfile);
    const int second = lowest_free(b, a == b ? static_cast<std::uint32_t>(first) + 1 : 0);
    if (second < 0) return SysResult::fail(k_emfile);
    if (!has_room_for_files(2)) return SysResult::fail(k_enfile);
    numbers[0] = first;
    numbers[1] = second;
    return SysResult::ok(0);
}

void Model::unreference(Index file) {
    if (--files_[file].references == 0 && files_[file].holds == 0) release_file(file);
}

void Model::let_go(Index file) {
    if (--files_[file].holds == 0 && files_[file].references == 0) release_file(file);
}

// __fput(): eventpoll_release() takes the watches away first (S-40, S-73), then the file's own release runs.
void Model::release_file(Index file) {
    while (files_[file].first_waiter != k_none)
        remove_watch(files_[file].first_waiter);
    const Index object = files_[file].object;
    const FileKind kind = files_[file].kind;
    if (!held_.empty()) std::erase(held_, file);
    switch (kind) {
    case FileKind::epoll: release_epoll(object); break;
    case FileKind::eventfd:
        forget_eventfd(file);
        eventfds_.release(object);
        break;
    case FileKind::pipe_read:
    case FileKind::pipe_write: release_pipe_end(object, kind); break;
    case FileKind::unix_stream:
    case FileKind::unix_dgram:
    case FileKind::unix_seqpacket: release_unix(object, false); break;
    case FileKind::tcp: release_tcp(object); break;
    case FileKind::udp: release_udp(object); break;
    case FileKind::timerfd: release_timerfd(object); break;
    case FileKind::signalfd: release_signalfd(file, object); break;
    case FileKind::regular: regular_.release(object); break;
    case FileKind::standard: break;
    }
    files_.release(file);
    if (file == standard_file_) standard_file_ = k_none;
}

SysResult Model::close(Pid pid, int fd) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    table(pid).remove(fd);
    unreference(file);
    return SysResult::ok(0);
}

SysResult Model::dup(Pid pid, int fd) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const int number = lowest_free(pid);
    if (number < 0) return SysResult::fail(k_emfile);
    install_at(pid, number, file, false);
    return SysResult::ok(number);
}

SysResult Model::dup2(Pid pid, int old_fd, int new_fd) {
    if (old_fd != new_fd) return dup3(pid, old_fd, new_fd, 0);
    return find_file(pid, old_fd) == k_none ? SysResult::fail(k_ebadf) : SysResult::ok(new_fd);
}

// ksys_dup3() and do_dup2(): the new reference is taken before the old occupant is closed.
SysResult Model::dup3(Pid pid, int old_fd, int new_fd, int flags) {
    if ((flags & ~k_o_cloexec) != 0) return SysResult::fail(k_einval);
    if (old_fd == new_fd) return SysResult::fail(k_einval);
    if (new_fd < 0 || static_cast<std::uint32_t>(new_fd) >= processes_[pid].open_files) {
        return SysResult::fail(k_ebadf);
    }
    const Index file = find_file(pid, old_fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const Index occupant = find_file(pid, new_fd);
    const bool close_on_exec = (flags & k_o_cloexec) != 0;
    if (occupant == k_none) {
        install_at(pid, new_fd, file, close_on_exec);
        return SysResult::ok(new_fd);
    }
    ++files_[file].references;
    table(pid).replace(new_fd, file, close_on_exec);
    unreference(occupant);
    return SysResult::ok(new_fd);
}

SysResult Model::fcntl(Pid pid, int fd, int command, int argument) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    switch (command) {
    case k_f_dupfd:
    case k_f_dupfd_cloexec: {
        if (argument < 0 || static_cast<std::uint32_t>(argument) >= processes_[pid].open_files) {
            return SysResult::fail(k_einval);
        }
        const int number = lowest_free(pid, static_cast<std::uint32_t>(argument));
        if (number < 0) return SysResult::fail(k_emfile);
        install_at(pid, number, file, command == k_f_dupfd_cloexec);
        return SysResult::ok(number);
    }
    case k_f_getfd: return SysResult::ok(table(pid).close_on_exec(fd) ? k_fd_cloexec : 0);
    case k_f_setfd: table(pid).set_close_on_exec(fd, (argument & k_fd_cloexec) != 0); return SysResult::ok(0);
    case k_f_getfl: return SysResult::ok(files_[file].status_flags);
    case k_f_setfl: return change_status_flags(file, argument);
    default: return SysResult::fail(k_einval);
    }
}

// fcntl(2), F_SETFL: access mode and creation flags are ignored. O_DIRECT and O_ASYNC are not modelled.
SysResult Model::change_status_flags(Index file, int flags) {
    constexpr int k_changeable = k_o_append | k_o_nonblock | k_o_noatime;
    File& description = files_[file];
    description.status_flags = (description.status_flags & ~k_changeable) | (flags & k_changeable);
    return SysResult::ok(0);
}

// ioctl(FIONBIO): works on every kind (S-95).
SysResult Model::ioctl_fionbio(Pid pid, int fd, int on) {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const int flags = files_[file].status_flags;
    return change_status_flags(file, on != 0 ? flags | k_o_nonblock : flags & ~k_o_nonblock);
}

int Model::give(Pid from, int fd, Pid to) {
    const Index file = find_file(from, fd);
    const int number = lowest_free(to);
    if (file == k_none || number < 0) return -1;
    const bool close_on_exec = table(from).close_on_exec(fd);
    install_at(to, number, file, close_on_exec);
    close(from, fd);
    return number;
}

int Model::install(Pid to, int file) {
    const int number = lowest_free(to);
    if (number >= 0) install_at(to, number, index(file), false);
    return number;
}

} // namespace edgecase::fake
