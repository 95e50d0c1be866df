// pipe(2), after fs/pipe.c.
#include <algorithm>

#include "fakekernel/model.hpp"
#include "fakekernel/wakeup_keys.hpp"

namespace edgecase::fake {
namespace {

constexpr std::uint32_t k_read_key = k_epollin | k_epollrdnorm;
constexpr std::uint32_t k_write_key = k_epollout | k_epollwrnorm;

} // namespace

SysResult Model::pipe2(Pid pid, int* fds, int flags) {
    return pipe_between(pid, pid, flags, fds);
}

// O_DIRECT (packet mode) and O_NOTIFICATION_PIPE are not modelled (S-102).
SysResult Model::pipe_between(Pid reader, Pid writer, int flags, int* fds) {
    if ((flags & ~(k_o_cloexec | k_o_nonblock)) != 0) return SysResult::fail(k_einval); // S-101
    if (!has_room_for_files(2))
        return SysResult::fail(k_enfile); // create_pipe_files() comes before the numbers
    int numbers[2] = {-1, -1};
    const SysResult reserved = reserve_two(reader, writer, numbers);
    if (reserved.failed()) return reserved;
    if (fds == nullptr) return SysResult::fail(k_efault);
    const Index pipe = pipes_.acquire();
    const int nonblock = flags & k_o_nonblock;
    const bool close_on_exec = (flags & k_o_cloexec) != 0;
    const Index read_file = new_file(FileKind::pipe_read, pipe, nonblock);
    const Index write_file = new_file(FileKind::pipe_write, pipe, k_o_wronly | nonblock);
    pipes_[pipe].reader = read_file;
    pipes_[pipe].writer = write_file;
    install_at(reader, numbers[0], read_file, close_on_exec);
    install_at(writer, numbers[1], write_file, close_on_exec);
    fds[0] = numbers[0];
    fds[1] = numbers[1];
    return SysResult::ok(0);
}

// pipe_read(): writers are woken only if a buffer was emptied while all were taken (S-49).
SysResult Model::read_pipe(Index file, void* buffer, std::size_t size) {
    if (size == 0) return SysResult::ok(0);
    Pipe& pipe = pipes_[files_[file].object];
    if (pipe.empty()) return pipe.writer == k_none ? SysResult::ok(0) : SysResult::fail(k_eagain);
    if (buffer == nullptr) return SysResult::fail(k_efault);
    std::size_t taken = 0;
    bool wake_writer = false;
    while (taken < size && !pipe.empty()) {
        Pipe::Buffer& page = pipe.at(pipe.tail);
        const std::size_t chunk = std::min<std::size_t>(page.size_bytes, size - taken);
        page.offset = static_cast<std::uint16_t>(page.offset + chunk);
        page.size_bytes = static_cast<std::uint16_t>(page.size_bytes - chunk);
        taken += chunk;
        if (page.size_bytes == 0) {
            wake_writer = wake_writer || pipe.full();
            ++pipe.tail;
        }
    }
    bytes_.take(pipe.bytes, buffer, taken);
    if (pipe.writer != k_none && files_[pipe.writer].held_back) release_writes(as_int(pipe.writer));
    if (wake_writer) wake_up(pipe.writer, k_write_key);
    return SysResult::ok(static_cast<std::int64_t>(taken));
}

// pipe_write(): the odd bytes go into the last buffer if they fit there (S-99), the rest into buffers of its
// own. Once the pipe was polled, each write wakes readers, even one that moved nothing (S-48).
SysResult Model::write_pipe(Index file, const void* bytes, std::size_t size) {
    if (size == 0) return SysResult::ok(0);
    Pipe& pipe = pipes_[files_[file].object];
    const bool was_empty = pipe.empty();
    SysResult result = SysResult::ok(0);
    if (pipe.reader == k_none) {
        result = SysResult::fail(k_epipe); // S-98
    } else if (files_[file].held_back) {
        return SysResult::fail(k_eagain);
    } else if (bytes == nullptr) {
        const bool has_room = !pipe.full() || fits_last_buffer(pipe, size) > 0;
        result = SysResult::fail(has_room ? k_efault : k_eagain);
    } else {
        std::size_t moved = fits_last_buffer(pipe, size);
        if (moved > 0) {
            Pipe::Buffer& last = pipe.at(pipe.head - 1);
            last.size_bytes = static_cast<std::uint16_t>(last.size_bytes + moved);
        }
        while (moved < size && !pipe.full()) {
            const std::size_t chunk = std::min<std::size_t>(size - moved, k_page_bytes);
            pipe.at(pipe.head) = Pipe::Buffer{0, static_cast<std::uint16_t>(chunk)};
            ++pipe.head;
            moved += chunk;
        }
        bytes_.append(pipe.bytes, bytes, moved);
        result =
            moved > 0 ? SysResult::ok(static_cast<std::int64_t>(moved)) : SysResult::fail(k_eagain); // S-100
    }
    if ((was_empty && pipe.reader != k_none) || pipe.poll_usage) wake_up(pipe.reader, k_read_key);
    return result;
}

// How many bytes go into the last buffer: what is beyond whole pages, if it fits behind what is there.
std::size_t Model::fits_last_buffer(Pipe& pipe, std::size_t size) {
    const std::size_t odd = size & (k_page_bytes - 1);
    if (odd == 0 || pipe.empty()) return 0;
    const Pipe::Buffer& last = pipe.at(pipe.head - 1);
    return last.offset + last.size_bytes + odd > k_page_bytes ? 0 : odd;
}

// pipe_release(): the end that is left hears of it without a key (S-50).
void Model::release_pipe_end(Index pipe_index, FileKind end) {
    Pipe& pipe = pipes_[pipe_index];
    (end == FileKind::pipe_read ? pipe.reader : pipe.writer) = k_none;
    const Index left = end == FileKind::pipe_read ? pipe.writer : pipe.reader;
    if (left != k_none) {
        files_[left].held_back = false;
        wake_up(left, k_no_key, WakeLimit::all);
        return;
    }
    bytes_.clear(pipe.bytes);
    pipes_.release(pipe_index);
}

} // namespace edgecase::fake
