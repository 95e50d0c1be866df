// The answers of the model, for one of its processes.
#pragma once

#include "fakekernel/model.hpp"

namespace edgecase::fake {

class ModelBackend {
public:
    ModelBackend(Model& model, Pid pid) : model_(&model), pid_(pid) {}

    SysResult epoll_create1(int flags) { return model_->epoll_create1(pid_, flags); }
    SysResult epoll_ctl(int epfd, int operation, int fd, const EpollEvent* event) {
        return model_->epoll_ctl(pid_, epfd, operation, fd, event);
    }
    SysResult harvest(int epfd, EpollEvent* events, int most) {
        return model_->harvest(pid_, epfd, events, most);
    }
    SysResult eventfd(unsigned initial, int flags) { return model_->eventfd(pid_, initial, flags); }
    SysResult read(int fd, void* buffer, std::size_t size) { return model_->read(pid_, fd, buffer, size); }
    SysResult write(int fd, const void* bytes, std::size_t size) {
        return model_->write(pid_, fd, bytes, size);
    }
    SysResult recv(int fd, void* buffer, std::size_t size, int flags) {
        return model_->recv(pid_, fd, buffer, size, flags);
    }
    SysResult send(int fd, const void* bytes, std::size_t size, int flags) {
        return model_->send(pid_, fd, bytes, size, flags);
    }
    SysResult sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) {
        return model_->sendmsg(pid_, fd, pieces, count, flags);
    }
    SysResult accept4(int fd, int flags) { return model_->accept4(pid_, fd, flags); }
    SysResult pread(int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return model_->pread(pid_, fd, buffer, size, offset);
    }
    SysResult io_setup(unsigned requests, AioContextId* context) {
        return model_->io_setup(pid_, requests, context);
    }
    SysResult io_submit(AioContextId context, long count, AioControlBlock** blocks) {
        return model_->io_submit(pid_, context, count, blocks);
    }
    SysResult io_getevents(AioContextId context, long least, long most, AioCompletion* completions) {
        return model_->io_getevents(pid_, context, least, most, completions);
    }
    SysResult io_destroy(AioContextId context) { return model_->io_destroy(pid_, context); }
    SysResult accept(int fd) { return model_->accept4(pid_, fd, 0); }
    SysResult fcntl(int fd, int command, int argument) { return model_->fcntl(pid_, fd, command, argument); }
    // __sock_create(): of IPv4 the model has TCP and UDP.
    SysResult socket(int domain, int type) {
        if (domain != k_af_inet) {
            return SysResult::fail(k_eafnosupport);
        }
        const int flags = type & (k_sock_nonblock | k_sock_cloexec);
        switch (type & ~flags) {
        case edgecase::k_sock_stream: return model_->socket(pid_, FileKind::tcp, flags);
        case k_sock_dgram: return model_->socket(pid_, FileKind::udp, flags);
        default: return SysResult::fail(k_esocktnosupport);
        }
    }
    // The loopback is the only network: no route leads anywhere else (ip_route_connect()). 0.0.0.0 is this host.
    SysResult connect(int fd, const InetAddress& address) {
        const bool here = address.address >> 24 == 127 || address.address == 0;
        return here ? model_->connect(pid_, fd, address.port) : SysResult::fail(k_enetunreach);
    }
    SysResult getsockopt_error(int fd) { return model_->getsockopt_error(pid_, fd); }
    SysResult close(int fd) { return model_->close(pid_, fd); }

    [[nodiscard]] std::uint64_t now_ns() const { return model_->now_ns(); }
    [[nodiscard]] std::int64_t next_deadline_ns() const { return model_->next_deadline_ns(); }
    void advance(std::uint64_t ns) { model_->advance(ns); }

    // A wait sleeps, and does no longer: exclusive watches ask who does (S-70).
    void begin_wait(int epfd) { at_epoll(epfd, &Model::begin_wait); }
    void end_wait(int epfd) { at_epoll(epfd, &Model::end_wait); }

    // Whether a handler ran since this was last asked.
    bool take_interruption() { return model_->take_interruption(pid_); }

    [[nodiscard]] bool nonblocking(int fd) const {
        const int file = model_->file_of(pid_, fd);
        return file < 0 || model_->nonblocking(file);
    }

    // Whether bytes flow through it, so that a call may move some of them and leave the rest.
    [[nodiscard]] bool is_stream(int fd) const {
        const int file = model_->file_of(pid_, fd);
        if (file < 0) {
            return true;
        }
        const FileKind kind = model_->kind(file);
        return kind != FileKind::eventfd && kind != FileKind::epoll && kind != FileKind::timerfd &&
               kind != FileKind::signalfd;
    }

    // A stream that answered short or EAGAIN has no room for now. (An eventfd has no buffer to be full.)
    void hold_back_writes(int fd) {
        const int file = model_->file_of(pid_, fd);
        if (file >= 0 && is_stream(fd)) {
            model_->hold_back_writes(file);
        }
    }

private:
    // Nobody, if it was closed in the meantime.
    void at_epoll(int epfd, void (Model::*tell)(int)) {
        if (const int file = model_->file_of(pid_, epfd);
            file >= 0 && model_->kind(file) == FileKind::epoll) {
            (model_->*tell)(file);
        }
    }

    Model* model_;
    Pid pid_;
};

} // namespace edgecase::fake
