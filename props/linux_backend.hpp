// The answers of the real kernel, for this process, on a virtual clock: a wait asks the kernel without
// sleeping, and the time it would have slept passes on the clock alone. So a scenario takes no time here
// either, and gives the same run as on the model.
#pragma once

#include <cstdint>

#include "core/linux_kernel.hpp"

namespace edgecase {

class LinuxBackend {
public:
    explicit LinuxBackend(std::uint64_t& now_ns) : now_ns_(&now_ns) {}

    SysResult epoll_create1(int flags) { return kernel_.epoll_create1(flags); }
    SysResult epoll_ctl(int epfd, int operation, int fd, EpollEvent* event) {
        return kernel_.epoll_ctl(epfd, operation, fd, event);
    }
    SysResult harvest(int epfd, EpollEvent* events, int most) {
        return kernel_.epoll_wait(epfd, events, most, 0);
    }
    SysResult eventfd(unsigned initial, int flags) { return kernel_.eventfd(initial, flags); }
    SysResult read(int fd, void* buffer, std::size_t size) { return kernel_.read(fd, buffer, size); }
    SysResult write(int fd, const void* bytes, std::size_t size) { return kernel_.write(fd, bytes, size); }
    SysResult recv(int fd, void* buffer, std::size_t size, int flags) {
        return kernel_.recv(fd, buffer, size, flags);
    }
    SysResult send(int fd, const void* bytes, std::size_t size, int flags) {
        return kernel_.send(fd, bytes, size, flags);
    }
    SysResult sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) {
        return kernel_.sendmsg(fd, pieces, count, flags);
    }
    SysResult accept4(int fd, int flags) { return kernel_.accept4(fd, flags); }
    SysResult pread(int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return kernel_.pread(fd, buffer, size, offset);
    }
    SysResult io_setup(unsigned requests, AioContextId* context) {
        return kernel_.io_setup(requests, context);
    }
    SysResult io_submit(AioContextId context, long count, AioControlBlock** blocks) {
        return kernel_.io_submit(context, count, blocks);
    }
    SysResult io_getevents(AioContextId context, long least, long most, AioCompletion* completions) {
        return kernel_.io_getevents(context, least, most, completions);
    }
    SysResult io_destroy(AioContextId context) { return kernel_.io_destroy(context); }
    SysResult accept(int fd) { return kernel_.accept(fd); }
    SysResult fcntl(int fd, int command, int argument) { return kernel_.fcntl(fd, command, argument); }
    SysResult socket(int domain, int type) { return kernel_.socket(domain, type); }
    SysResult connect(int fd, const InetAddress& address) { return kernel_.connect(fd, address); }
    SysResult getsockopt_error(int fd) { return kernel_.getsockopt_error(fd); }
    SysResult close(int fd) { return kernel_.close(fd); }

    [[nodiscard]] std::uint64_t now_ns() const { return *now_ns_; }
    [[nodiscard]] std::int64_t next_deadline_ns() const { return -1; }
    void advance(std::uint64_t ns) { *now_ns_ += ns; }

    // The kernel knows by itself.
    void begin_wait(int) {}
    void end_wait(int) {}

    // Signals are those of the scenario (ScriptedKernel::signal); the process has none of its own.
    bool take_interruption() { return false; }

    // Scripts do not run here, so nothing asks.
    [[nodiscard]] bool nonblocking(int) const { return true; }
    [[nodiscard]] bool is_stream(int) const { return true; }
    void hold_back_writes(int) {}

private:
    LinuxKernel kernel_;
    std::uint64_t* now_ns_; // shared with the world
};

} // namespace edgecase
