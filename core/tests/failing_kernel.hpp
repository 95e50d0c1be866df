// LinuxKernel with failures: a test plans which call of a kind answers what in place of the real answer, what
// a wait gives, and what time it is. For unit tests only; the model of Linux is in fakekernel/.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/linux_kernel.hpp"

namespace edgecase {

class FailingKernel {
public:
    // From now on, skip calls of this name are made as usual and the next times ones answer result without
    // being made.
    void plan(const std::string& call, SysResult result, unsigned times = 1, unsigned skip = 0) {
        plans_[call] = Plan{result, times, skip};
    }

    void fail(const std::string& call, int error, unsigned times = 1, unsigned skip = 0) {
        plan(call, SysResult::fail(error), times, skip);
    }

    // The next wait gives this, whatever is ready.
    void script_wait(std::vector<EpollEvent> events) { scripted_ = std::move(events); }

    // The next io_getevents gives these, whatever is complete.
    void script_completions(std::vector<AioCompletion> completions) { completions_ = std::move(completions); }

    unsigned calls(const std::string& call) const {
        const auto found = counts_.find(call);
        return found == counts_.end() ? 0 : found->second;
    }

    SysResult epoll_create1(int flags) {
        return run("epoll_create1", [&] { return linux_.epoll_create1(flags); });
    }

    SysResult epoll_ctl(int epfd, int op, int fd, EpollEvent* event) {
        last_mask = event->events;
        last_op = op;
        return run("epoll_ctl", [&] { return linux_.epoll_ctl(epfd, op, fd, event); });
    }

    SysResult epoll_wait(int epfd, EpollEvent* events, int most, int timeout_ms) {
        last_timeout_ms = timeout_ms;
        if (before_wait) {
            std::exchange(before_wait, nullptr)();
        }
        if (scripted_) {
            std::copy(scripted_->begin(), scripted_->end(), events);
            const auto count = static_cast<std::int64_t>(scripted_->size());
            scripted_.reset();
            return SysResult::ok(count);
        }
        const bool too_long = longest_wait_ms >= 0 && (timeout_ms < 0 || timeout_ms > longest_wait_ms);
        const int real_ms = too_long ? longest_wait_ms : timeout_ms;
        return run("epoll_wait", [&] { return linux_.epoll_wait(epfd, events, most, real_ms); });
    }

    SysResult eventfd(unsigned initial, int flags) {
        return run("eventfd", [&] { return linux_.eventfd(initial, flags); });
    }

    SysResult read(int fd, void* buffer, std::size_t size) {
        return run("read", [&] { return linux_.read(fd, buffer, size); });
    }

    SysResult write(int fd, const void* bytes, std::size_t size) {
        const SysResult result = run("write", [&] { return linux_.write(fd, bytes, size); });
        if (after_write) {
            std::exchange(after_write, nullptr)();
        }
        return result;
    }

    SysResult recv(int fd, void* buffer, std::size_t size, int flags) {
        return run("recv", [&] { return linux_.recv(fd, buffer, size, flags); });
    }

    SysResult send(int fd, const void* bytes, std::size_t size, int flags) {
        return run("send", [&] { return linux_.send(fd, bytes, size, flags); });
    }

    SysResult sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) {
        last_pieces = count;
        return run("sendmsg", [&] { return linux_.sendmsg(fd, pieces, count, flags); });
    }

    SysResult accept4(int fd, int flags) {
        return run("accept4", [&] { return linux_.accept4(fd, flags); });
    }

    SysResult pread(int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return run("pread", [&] { return linux_.pread(fd, buffer, size, offset); });
    }

    SysResult io_setup(unsigned requests, AioContextId* context) {
        return run("io_setup", [&] { return linux_.io_setup(requests, context); });
    }

    SysResult io_submit(AioContextId context, long count, AioControlBlock** list) {
        return run("io_submit", [&] { return linux_.io_submit(context, count, list); });
    }

    SysResult io_getevents(AioContextId context, long least, long most, AioCompletion* completions) {
        if (completions_) {
            std::copy(completions_->begin(), completions_->end(), completions);
            const auto count = static_cast<std::int64_t>(completions_->size());
            completions_.reset();
            return SysResult::ok(count);
        }
        return run("io_getevents", [&] { return linux_.io_getevents(context, least, most, completions); });
    }

    // One that is planned to fail destroys nevertheless, so that no test leaves a context behind.
    SysResult io_destroy(AioContextId context) {
        const SysResult real = linux_.io_destroy(context);
        return run("io_destroy", [&] { return real; });
    }

    SysResult accept(int fd) {
        return run("accept", [&] { return linux_.accept(fd); });
    }

    SysResult fcntl(int fd, int command, int argument) {
        return run("fcntl", [&] { return linux_.fcntl(fd, command, argument); });
    }

    SysResult socket(int domain, int type) {
        return run("socket", [&] { return linux_.socket(domain, type); });
    }

    SysResult connect(int fd, const InetAddress& address) {
        if (before_connect) {
            std::exchange(before_connect, nullptr)();
        }
        return run("connect", [&] { return linux_.connect(fd, address); });
    }

    SysResult getsockopt_error(int fd) {
        return run("getsockopt_error", [&] { return linux_.getsockopt_error(fd); });
    }

    // The alarm is the test's to ring: nothing is armed.
    SysResult setitimer(Msec interval) {
        return run("setitimer", [&] {
            interval_ms = interval;
            return SysResult::ok(0);
        });
    }

    // A close that is planned to fail closes nevertheless, as Linux does.
    SysResult close(int fd) {
        const SysResult real = linux_.close(fd);
        return run("close", [&] { return real; });
    }

    Msec monotonic_ms() { return clock_ms ? *clock_ms : linux_.monotonic_ms(); }
    bool take_alarm() { return std::exchange(alarm, false); }

    void* allocate(std::size_t bytes, std::size_t alignment) {
        if (run("allocate", [] { return SysResult::ok(0); }).failed()) {
            return nullptr;
        }
        ++blocks;
        return linux_.allocate(bytes, alignment);
    }

    void release(void* memory, std::size_t bytes, std::size_t alignment) {
        blocks -= memory != nullptr ? 1 : 0;
        linux_.release(memory, bytes, alignment);
    }

    std::function<void()> before_wait;    // runs once, inside the next wait
    std::function<void()> before_connect; // runs once
    std::function<void()> after_write; // runs once: the next write is done and its caller does not know yet
    std::optional<Msec> clock_ms;
    bool alarm = false;
    Msec interval_ms = 0; // of the interval timer
    int blocks = 0;       // of memory, not given back
    int last_timeout_ms = 0;
    int longest_wait_ms = -1; // not -1: a wait sleeps no longer, whatever it is asked, so that no test hangs
    int last_op = 0;
    std::size_t last_pieces = 0; // of sendmsg
    std::uint32_t last_mask = 0;

private:
    struct Plan {
        SysResult result;
        unsigned times;
        unsigned skip;
    };

    template <class Call> SysResult run(const char* name, Call call) {
        const std::optional<SysResult> planned = take_plan(name);
        return planned ? *planned : call();
    }

    std::optional<SysResult> take_plan(const char* name) {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++counts_[name];
        const auto found = plans_.find(name);
        if (found == plans_.end()) {
            return std::nullopt;
        }
        Plan& plan = found->second;
        if (plan.skip != 0) {
            --plan.skip;
            return std::nullopt;
        }
        const SysResult result = plan.result;
        if (--plan.times == 0) {
            plans_.erase(found);
        }
        return result;
    }

    LinuxKernel linux_;
    std::mutex mutex_; // threads that notify write
    std::map<std::string, Plan> plans_;
    std::map<std::string, unsigned> counts_;
    std::optional<std::vector<EpollEvent>> scripted_;
    std::optional<std::vector<AioCompletion>> completions_;
};

static_assert(Kernel<FailingKernel>);

} // namespace edgecase
