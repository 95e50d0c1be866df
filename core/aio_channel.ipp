// Definitions of aio_channel.hpp.
#pragma once

#include <array>
#include <cerrno>
#include <new>

#include "core/aio_channel.hpp"
#include "core/check.hpp"
#include "core/repeat.hpp"

namespace edgecase {

template <Kernel K> Status AioChannel<K>::open(int epoll_fd, std::uint32_t requests) {
    // Memory before what must be closed again.
    if (open_table(requests) != Status::ok) {
        return Status::error;
    }
    if (open_eventfd(epoll_fd) != Status::ok) {
        release_table();
        return Status::error;
    }
    return Status::ok;
}

template <Kernel K> void AioChannel<K>::close() {
    if (fd_ == -1) {
        return;
    }
    destroy_context();
    for (std::uint32_t place = 0; place < capacity_; ++place) {
        if (FileAio* file = requests_[place].file; file != nullptr) {
            file->active = false;
            file->ready = true;
        }
    }
    close_eventfd();
    release_table();
}

template <Kernel K> Status AioChannel<K>::open_table(std::uint32_t requests) {
    const std::size_t bytes = requests * sizeof(Request);
    void* memory = kernel_.allocate(bytes, alignof(Request));
    if (memory == nullptr) {
        log_allocation_failed(cycle_.log, bytes, ENOMEM);
        return Status::error;
    }
    requests_ = static_cast<Request*>(memory);
    capacity_ = requests;
    in_flight_ = 0;
    for (std::uint32_t place = 0; place < requests; ++place) {
        Request& request = *new (requests_ + place) Request;
        request.next_free = place + 1 < requests ? place + 1 : k_no_slot;
    }
    first_free_ = 0;
    return Status::ok;
}

template <Kernel K> void AioChannel<K>::release_table() {
    kernel_.release(requests_, capacity_ * sizeof(Request), alignof(Request));
    requests_ = nullptr;
    capacity_ = 0;
    first_free_ = k_no_slot;
    in_flight_ = 0;
}

template <Kernel K> Status AioChannel<K>::open_eventfd(int epoll_fd) {
    const SysResult made = kernel_.eventfd(0, k_efd_cloexec | k_efd_nonblock);
    if (made.failed()) {
        log_eventfd_failed(cycle_.log, made.error);
        return Status::error;
    }
    fd_ = static_cast<int>(made.value);
    log_debug_aio_eventfd(cycle_.log, fd_);

    Connection& own = cycle_.connections.open_channel(k_aio_channel, fd_);
    context_ = 0;
    const SysResult set_up = kernel_.io_setup(capacity_, &context_);
    if (set_up.failed()) {
        log_io_setup_failed(cycle_.log, set_up.error);
        close_eventfd();
        return Status::error;
    }
    EpollEvent event{k_epollin | k_epollet, own.epoll_data()};
    const SysResult added = kernel_.epoll_ctl(epoll_fd, k_epoll_ctl_add, fd_, &event);
    if (added.failed()) {
        log_eventfd_add_failed(cycle_.log, added.error);
        destroy_context();
        close_eventfd();
        return Status::error;
    }
    own.data = this;
    own.read.handler = on_report;
    own.read.active = true; // the write half is inert, as that of the notify channel
    refused_ = false;
    return Status::ok;
}

template <Kernel K> void AioChannel<K>::close_eventfd() {
    PostedQueue::unpost(connection().read);
    cycle_.connections.close_channel(k_aio_channel);
    const SysResult closed = kernel_.close(fd_);
    fd_ = -1;
    if (closed.failed()) {
        log_eventfd_close_failed(cycle_.log, closed.error);
    }
}

template <Kernel K> void AioChannel<K>::destroy_context() {
    const SysResult destroyed = kernel_.io_destroy(context_);
    context_ = 0;
    if (destroyed.failed()) {
        log_io_destroy_failed(cycle_.log, destroyed.error);
    }
}

template <Kernel K>
FileRead AioChannel<K>::read(FileAio& file, int fd, void* buffer, std::size_t size, std::int64_t offset) {
    // What is in flight or complete comes first, whether AIO is still on or not: a buffer that the kernel
    // writes to is not read into twice.
    if (!file.ready) {
        log_second_aio_post(cycle_.log, fd);
        return FileRead::again();
    }
    if (file.complete) {
        return collect(file, fd);
    }
    return is_on() ? submit(file, fd, buffer, size, offset) : read_now(fd, buffer, size, offset);
}

template <Kernel K> FileRead AioChannel<K>::collect(FileAio& file, int fd) {
    file.complete = false;
    PostedQueue::unpost(file); // its owner came first
    if (file.result < 0) {
        const int error = static_cast<int>(-file.result);
        log_aio_read_failed(cycle_.log, fd, error);
        return FileRead::failed(error);
    }
    return FileRead::done(file.result);
}

template <Kernel K>
FileRead AioChannel<K>::submit(FileAio& file, int fd, void* buffer, std::size_t size, std::int64_t offset) {
    const std::uint32_t place = first_free_;
    if (place == k_no_slot) {
        return read_now(fd, buffer, size, offset);
    }
    Request& request = requests_[place];
    AioControlBlock block;
    block.data = std::uint64_t{request.generation} << 32 | place;
    block.fd = static_cast<std::uint32_t>(fd);
    block.buffer = reinterpret_cast<std::uintptr_t>(buffer);
    block.size = size;
    block.offset = offset;
    block.flags = k_aio_resfd;
    block.resfd = static_cast<std::uint32_t>(fd_);
    AioControlBlock* blocks = &block; // the kernel has copied it when io_submit returns

    const SysResult submitted = kernel_.io_submit(context_, 1, &blocks);
    if (submitted.value == 1) {
        first_free_ = request.next_free;
        request.file = &file;
        ++in_flight_;
        file.active = true;
        file.ready = false;
        return FileRead::again();
    }
    if (!submitted.failed() || submitted.error == EAGAIN) {
        return read_now(fd, buffer, size, offset); // the kernel has no room for it
    }
    log_io_submit_failed(cycle_.log, fd, submitted.error);
    if (submitted.error == ENOSYS) {
        refused_ = true;
        return read_now(fd, buffer, size, offset);
    }
    return FileRead::failed(submitted.error);
}

template <Kernel K>
FileRead AioChannel<K>::read_now(int fd, void* buffer, std::size_t size, std::int64_t offset) {
    const auto pread = [&] { return kernel_.pread(fd, buffer, size, offset); };
    const SysResult result = repeat_interrupted(cycle_.log, "pread", fd, pread(), pread);
    if (result.failed()) {
        log_pread_failed(cycle_.log, fd, result.error);
        return FileRead::failed(result.error);
    }
    return FileRead::done(result.value);
}

template <Kernel K> void AioChannel<K>::free_request(std::uint32_t place) {
    Request& request = requests_[place];
    request.file = nullptr;
    ++request.generation;
    request.next_free = first_free_;
    first_free_ = place;
    --in_flight_;
}

template <Kernel K> void AioChannel<K>::on_report(Event& event) {
    AioChannel& channel = *static_cast<AioChannel*>(event.connection->data);
    log_debug_aio_report(channel.cycle_.log);
    channel.read_counter();
    channel.take_completions();
}

template <Kernel K> void AioChannel<K>::read_counter() {
    std::uint64_t count = 0;
    const auto read = [this, &count] { return kernel_.read(fd_, &count, sizeof count); };
    const SysResult result = repeat_interrupted(cycle_.log, "read", fd_, read(), read);
    log_debug_aio_counter(cycle_.log, result.value);
    if (result.failed() && result.error != EAGAIN) {
        log_aio_counter_failed(cycle_.log, result.error);
    } else if (!result.failed() && result.value != static_cast<std::int64_t>(sizeof count)) {
        log_aio_counter_short(cycle_.log, result.value);
    }
}

template <Kernel K> void AioChannel<K>::take_completions() {
    constexpr long k_batch = 64;
    std::array<AioCompletion, k_batch> completions;
    const auto take = [&] { return kernel_.io_getevents(context_, 1, k_batch, completions.data()); };
    // No more batches than requests: each that is not the last takes one at the least.
    for (std::uint32_t batches = capacity_; in_flight_ > 0 && batches > 0; --batches) {
        const SysResult taken = repeat_interrupted(cycle_.log, "io_getevents", fd_, take(), take);
        log_debug_io_getevents(cycle_.log, taken.value);
        if (taken.error == EAGAIN) {
            // Interrupted for too long. No report will come for what is complete already: the next turn sees
            // to it.
            cycle_.posted.post(connection().read);
            return;
        }
        if (taken.failed()) {
            log_io_getevents_failed(cycle_.log, taken.error);
            return;
        }
        if (taken.value == 0) {
            return;
        }
        for (std::int64_t i = 0; i < taken.value; ++i) {
            complete(completions[static_cast<std::size_t>(i)]);
        }
    }
}

template <Kernel K> void AioChannel<K>::complete(const AioCompletion& completion) {
    log_debug_aio_completion(cycle_.log, completion.data, completion.result);
    const auto place = static_cast<std::uint32_t>(completion.data);
    const auto generation = static_cast<std::uint32_t>(completion.data >> 32);
    if (place >= capacity_ || requests_[place].generation != generation || requests_[place].file == nullptr) {
        log_completion_without_request(cycle_.log, completion.data);
        return;
    }
    FileAio& file = *requests_[place].file;
    free_request(place);
    file.complete = true;
    file.active = false;
    file.ready = true;
    file.result = completion.result;
    cycle_.posted.post(file);
}

} // namespace edgecase
