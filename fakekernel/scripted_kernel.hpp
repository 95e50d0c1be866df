// The kernel that a subject is given: it satisfies the seam of core/kernel.hpp, asks a backend (the model, or
// real Linux) for the answers, and puts the script on top. Every call is a scheduling point: before it, the
// budget is counted and the world may act; after it, the observer sees its record. A wait that must sleep
// lets virtual time pass, or lets the world act, until something wakes it.
//
// It does not judge and does not know names, scenarios or subjects: its owner does, through CallObserver.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/kernel.hpp"
#include "fakekernel/arena.hpp"
#include "fakekernel/call.hpp"
#include "fakekernel/script.hpp"
#include "fakekernel/trace.hpp"

namespace edgecase::fake {

// What the owner of a run does around the subject's calls.
class CallObserver {
public:
    // A call is about to be made. May act on the world; may throw to end the run (the budget).
    virtual void before_call(Call call, int fd) = 0;

    // A call was made, this is its record, without a label. For a wait, the entries it reported.
    virtual void after_call(Record& record, const EpollEvent* events) = 0;

    // The script answers the call that is being made. size is that of the call's buffer.
    virtual void injected(Call call, int fd, const ScriptAnswer& answer, std::size_t size,
                          int timeout_ms) = 0;

    // The result of a scripted wait, written to events; -1 when this wait is not scripted. most may be
    // lowered: the wait then reports no more than that.
    virtual int scripted_wait(EpollEvent* events, int& most) = 0;

    // A wait finds nothing and is about to sleep, for the first time in this call. until_ns -1: without an
    // end. A signal that arrives in here ends the sleep before any time passes.
    virtual void falls_asleep(int epfd, std::int64_t until_ns) = 0;

    // Lets the world act in the sleep, if the scenario has something for it; false when it has not.
    virtual bool act_during(Call call) = 0;
    virtual bool act_while_asleep() = 0;

    // Nothing can end the sleep: a signal will.
    virtual void interrupts_sleep() = 0;

    // The interval timer's signal arrives in a sleep.
    virtual void ticks() = 0;

    // The alarm is set, or set again: by a signal of the scenario or the interval timer, in a sleep or not.
    virtual void alarm_comes() = 0;

    // io_getevents took these, after its record.
    virtual void completions_taken(const AioCompletion* completions, std::size_t count) = 0;

    // A call other than a wait would have to sleep on a blocking descriptor.
    virtual void would_block(Call call, int fd) = 0;

protected:
    ~CallObserver() = default;
};

// Backend: the answers. See ModelBackend (model_backend.hpp) and LinuxBackend (linux_backend.hpp).
template <class Backend> class ScriptedKernel {
public:
    ScriptedKernel(Backend backend, Script& script, CallObserver& observer)
        : backend_(backend), script_(script), observer_(observer) {}

    [[nodiscard]] Backend& backend() { return backend_; }

    // Forgets the alarm and its interval, and takes back all memory. Only after the subject is gone.
    void reset() {
        arena_.reset();
        alarm_ = false;
        tick_every_ns_ = 0;
        interrupted_ = false;
        asleep_ = false;
    }

    // A signal arrives: it ends a sleep that is going on, and does nothing else.
    void signal() { interrupted_ = asleep_; }

    // The interval timer's signal arrives.
    void alarm() {
        set_alarm();
        signal();
    }

    // The process's interval timer: from now on the alarm comes at this interval, 0 for never (setitimer(2)).
    // It ends a sleep; while the process is awake it is noted and no more.
    void tick_every(std::uint64_t ns) {
        tick_every_ns_ = ns;
        next_tick_ns_ = backend_.now_ns() + ns;
    }

    // Blocks of the seam's memory that were not given back.
    [[nodiscard]] std::size_t blocks_in_use() const { return arena_.blocks_in_use(); }

    // The seam.

    SysResult epoll_create1(int flags) {
        return simple(Call::epoll_create1, -1, flags, [&] { return backend_.epoll_create1(flags); });
    }

    SysResult eventfd(unsigned initial, int flags) {
        return simple(Call::eventfd, -1, flags, [&] { return backend_.eventfd(initial, flags); });
    }

    SysResult epoll_ctl(int epfd, int operation, int fd, EpollEvent* event) {
        observer_.before_call(Call::epoll_ctl, fd);
        const ScriptAnswer answer = ask(Call::epoll_ctl, fd, static_cast<std::size_t>(operation), 0);
        const SysResult result = answer.error != 0 ? SysResult::fail(answer.error)
                                                   : backend_.epoll_ctl(epfd, operation, fd, event);
        Record record = record_of(Call::epoll_ctl, fd, result);
        record.b = operation;
        record.c = event != nullptr ? event->data : 0;
        record.value = result.failed() ? -1 : static_cast<std::int64_t>(event != nullptr ? event->events : 0);
        observer_.after_call(record, event);
        return result;
    }

    SysResult epoll_wait(int epfd, EpollEvent* events, int most, int timeout_ms) {
        observer_.before_call(Call::epoll_wait, epfd);
        const int asked = most; // a script may lower it
        note_ticks();
        const ScriptAnswer answer = ask(Call::epoll_wait, epfd, 0, timeout_ms);
        SysResult result;
        if (answer.error != 0) {
            result = SysResult::fail(answer.error);
        } else if (const int scripted = most > 0 ? observer_.scripted_wait(events, most) : -1;
                   scripted >= 0) {
            result = SysResult::ok(scripted);
        } else {
            result = wait(epfd, events, most, timeout_ms);
        }
        note_ticks();
        Record record = record_of(Call::epoll_wait, epfd, result);
        record.b = timeout_ms;
        record.c = static_cast<std::uint64_t>(asked);
        observer_.after_call(record, events);
        return result;
    }

    SysResult read(int fd, void* buffer, std::size_t size) {
        return transfer_in(Call::read, fd, buffer, size,
                           [&](std::size_t asked) { return backend_.read(fd, buffer, asked); });
    }

    SysResult recv(int fd, void* buffer, std::size_t size, int flags) {
        return transfer_in(Call::recv, fd, buffer, size,
                           [&](std::size_t asked) { return backend_.recv(fd, buffer, asked, flags); });
    }

    SysResult write(int fd, const void* bytes, std::size_t size) {
        return transfer_out(Call::write, fd, size,
                            [&](std::size_t asked) { return backend_.write(fd, bytes, asked); });
    }

    SysResult send(int fd, const void* bytes, std::size_t size, int flags) {
        return transfer_out(Call::send, fd, size,
                            [&](std::size_t asked) { return backend_.send(fd, bytes, asked, flags); });
    }

    // Cut short, the first bytes of its pieces go.
    SysResult sendmsg(int fd, const BytePiece* pieces, std::size_t count, int flags) {
        std::size_t size = 0;
        for (std::size_t i = 0; i < count; ++i) {
            size += pieces[i].size;
        }
        const auto move = [&](std::size_t asked) {
            if (asked == size) {
                return backend_.sendmsg(fd, pieces, count, flags);
            }
            cut_.assign(pieces, pieces + count);
            for (BytePiece& piece : cut_) {
                piece.size = std::min(piece.size, asked);
                asked -= piece.size;
            }
            return backend_.sendmsg(fd, cut_.data(), count, flags);
        };
        return transfer_out(Call::sendmsg, fd, size, move, count);
    }

    SysResult accept4(int fd, int flags) {
        observer_.before_call(Call::accept4, fd);
        const ScriptAnswer answer = ask(Call::accept4, fd, 0, 0);
        SysResult result = answer.error != 0 ? SysResult::fail(answer.error) : backend_.accept4(fd, flags);
        if (would_have_slept(Call::accept4, fd, result, answer)) {
            result = SysResult::fail(EINTR);
        }
        Record record = record_of(Call::accept4, fd, result);
        record.b = flags;
        observer_.after_call(record, nullptr);
        return result;
    }

    SysResult pread(int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return transfer_in(Call::pread, fd, buffer, size,
                           [&](std::size_t asked) { return backend_.pread(fd, buffer, asked, offset); });
    }

    SysResult io_setup(unsigned requests, AioContextId* context) {
        return simple(Call::io_setup, -1, requests, [&] { return backend_.io_setup(requests, context); });
    }

    // The record names the first request.
    SysResult io_submit(AioContextId context, long count, AioControlBlock** blocks) {
        const AioControlBlock first = count > 0 ? *blocks[0] : AioControlBlock{};
        const int fd = static_cast<int>(first.fd);
        observer_.before_call(Call::io_submit, fd);
        const ScriptAnswer answer = ask(Call::io_submit, fd, first.size, 0);
        const SysResult result =
            answer.error != 0 ? SysResult::fail(answer.error) : backend_.io_submit(context, count, blocks);
        Record record = record_of(Call::io_submit, fd, result);
        record.b = static_cast<std::int64_t>(first.size);
        record.c = first.data;
        observer_.after_call(record, nullptr);
        return result;
    }

    SysResult io_getevents(AioContextId context, long least, long most, AioCompletion* completions) {
        const SysResult result = simple(Call::io_getevents, -1, most, [&] {
            return backend_.io_getevents(context, least, most, completions);
        });
        if (result.value > 0) {
            observer_.completions_taken(completions, static_cast<std::size_t>(result.value));
        }
        return result;
    }

    // As a close: whatever the script answers, the context is gone.
    SysResult io_destroy(AioContextId context) {
        observer_.before_call(Call::io_destroy, -1);
        const ScriptAnswer answer = ask(Call::io_destroy, -1, 0, 0);
        SysResult result = backend_.io_destroy(context);
        if (answer.error != 0 && !result.failed()) {
            result = SysResult::fail(answer.error);
        }
        Record record = record_of(Call::io_destroy, -1, result);
        observer_.after_call(record, nullptr);
        return result;
    }

    SysResult accept(int fd) {
        observer_.before_call(Call::accept, fd);
        const ScriptAnswer answer = ask(Call::accept, fd, 0, 0);
        SysResult result = answer.error != 0 ? SysResult::fail(answer.error) : backend_.accept(fd);
        if (would_have_slept(Call::accept, fd, result, answer)) {
            result = SysResult::fail(EINTR);
        }
        Record record = record_of(Call::accept, fd, result);
        observer_.after_call(record, nullptr);
        return result;
    }

    SysResult fcntl(int fd, int command, int argument) {
        return simple(Call::fcntl, fd, command, [&] { return backend_.fcntl(fd, command, argument); });
    }

    SysResult socket(int domain, int type) {
        return simple(Call::socket, -1, type, [&] { return backend_.socket(domain, type); });
    }

    // The port is left out of the record: which one it is differs from kernel to kernel.
    SysResult connect(int fd, const InetAddress& address) {
        return simple(Call::connect, fd, 0, [&] { return backend_.connect(fd, address); });
    }

    SysResult getsockopt_error(int fd) {
        return simple(Call::getsockopt, fd, 0, [&] { return backend_.getsockopt_error(fd); });
    }

    // The timer is this kernel's own, on either backend: it runs on the virtual clock.
    SysResult setitimer(Msec interval_ms) {
        return simple(Call::setitimer, -1, static_cast<int>(interval_ms), [&] {
            tick_every(interval_ms * 1'000'000);
            return SysResult::ok(0);
        });
    }

    // A close that fails has closed all the same: the number is free on Linux whatever close answers.
    SysResult close(int fd) {
        observer_.before_call(Call::close, fd);
        const ScriptAnswer answer = ask(Call::close, fd, 0, 0);
        SysResult result = backend_.close(fd);
        if (answer.error != 0 && !result.failed()) {
            result = SysResult::fail(answer.error);
        }
        Record record = record_of(Call::close, fd, result);
        observer_.after_call(record, nullptr);
        return result;
    }

    Msec monotonic_ms() { return backend_.now_ns() / 1'000'000; }

    bool take_alarm() {
        note_ticks();
        const bool taken = alarm_;
        alarm_ = false;
        return taken;
    }

    void* allocate(std::size_t bytes, std::size_t alignment) {
        observer_.before_call(Call::allocate, -1);
        const ScriptAnswer answer = ask(Call::allocate, -1, bytes, 0);
        void* block = answer.error != 0 ? nullptr : arena_.allocate(bytes, alignment);
        Record record = record_of(Call::allocate, static_cast<int>(bytes),
                                  block != nullptr ? SysResult::ok(0) : SysResult::fail(answer.error));
        observer_.after_call(record, nullptr);
        return block;
    }

    void release(void* block, std::size_t bytes, std::size_t) { arena_.release(block, bytes); }

private:
    static constexpr int k_most_naps = 1000; // times a sleep may be resumed before it counts as endless

    static Record record_of(Call call, int fd, SysResult result) {
        Record record;
        record.kind = RecordKind::call;
        record.what = static_cast<std::uint8_t>(call);
        record.error = static_cast<std::int16_t>(result.error);
        record.value = result.value;
        record.a = fd;
        return record;
    }

    ScriptAnswer ask(Call call, int fd, std::size_t size, int timeout_ms) {
        if (!script_.concerns(call)) [[likely]] {
            return {};
        }
        const ScriptAnswer answer = script_.answer(call);
        if (answer.error != 0 || answer.shortened) {
            observer_.injected(call, fd, answer, size, timeout_ms);
        }
        return answer;
    }

    template <class Answer>
    SysResult simple(Call call, int fd, std::int64_t argument, Answer answer_of_backend) {
        observer_.before_call(call, fd);
        const ScriptAnswer answer = ask(call, fd, 0, 0);
        const SysResult result = answer.error != 0 ? SysResult::fail(answer.error) : answer_of_backend();
        Record record = record_of(call, fd, result);
        record.b = argument;
        observer_.after_call(record, nullptr);
        return result;
    }

    template <class Move>
    SysResult transfer_in(Call call, int fd, void* buffer, std::size_t size, Move move) {
        observer_.before_call(call, fd);
        const ScriptAnswer answer = ask(call, fd, size, 0);
        SysResult result;
        if (answer.error != 0) {
            result = SysResult::fail(answer.error);
        } else if (!answer.shortened || answer.bytes >= size) {
            result = move(size);
        } else if (answer.bytes == 0 || !backend_.is_stream(fd)) {
            // Scripted outright: nothing is taken from the descriptor.
            if (answer.bytes != 0) {
                std::memset(buffer, 0, answer.bytes);
            }
            result = SysResult::ok(static_cast<std::int64_t>(answer.bytes));
        } else {
            result = move(answer.bytes);
        }
        return moved(call, fd, size, result, answer);
    }

    // pieces: of a gathered call, for its record.
    template <class Move>
    SysResult transfer_out(Call call, int fd, std::size_t size, Move move, std::size_t pieces = 0) {
        observer_.before_call(call, fd);
        const ScriptAnswer answer = ask(call, fd, size, 0);
        SysResult result;
        if (answer.error != 0) {
            result = SysResult::fail(answer.error);
            if (answer.error == EAGAIN) {
                backend_.hold_back_writes(fd);
            }
        } else if (!answer.shortened || answer.bytes >= size) {
            result = move(size);
        } else if (answer.bytes == 0 || !backend_.is_stream(fd)) {
            result = SysResult::ok(static_cast<std::int64_t>(answer.bytes));
        } else {
            result = move(answer.bytes);
            backend_.hold_back_writes(fd); // as Linux answers short: the buffer is full for now
        }
        return moved(call, fd, size, result, answer, pieces);
    }

    // The backend answers EAGAIN where a blocking descriptor would sleep; the observer is told.
    bool would_have_slept(Call call, int fd, SysResult result, const ScriptAnswer& answer) {
        if (result.error != EAGAIN || answer.error != 0 || backend_.nonblocking(fd)) {
            return false;
        }
        observer_.would_block(call, fd);
        return true;
    }

    SysResult moved(Call call, int fd, std::size_t size, SysResult result, const ScriptAnswer& answer,
                    std::size_t pieces = 0) {
        if (would_have_slept(call, fd, result, answer)) {
            result = SysResult::fail(EINTR);
        }
        Record record = record_of(call, fd, result);
        record.b = static_cast<std::int64_t>(size);
        record.c = pieces;
        observer_.after_call(record, nullptr);
        return result;
    }

    // epoll_wait(2): time passes only here. An event and the timeout on the same instant give the event
    // (S-153); events win over a signal (S-142).
    SysResult wait(int epfd, EpollEvent* events, int most, int timeout_ms) {
        note_ticks();
        SysResult result = backend_.harvest(epfd, events, most);
        if (result.failed() || result.value > 0 || timeout_ms == 0) [[likely]] {
            return result;
        }
        const std::int64_t until_ns = timeout_ms < 0 ? -1
                                                     : static_cast<std::int64_t>(backend_.now_ns()) +
                                                           timeout_ms * std::int64_t{1'000'000};
        asleep_ = true;
        interrupted_ = false;
        backend_.take_interruption(); // what was handled before the sleep does not end it
        backend_.begin_wait(epfd);
        observer_.falls_asleep(epfd, until_ns);
        for (int nap = 0;; ++nap) {
            const bool timed_out = until_ns >= 0 && static_cast<std::int64_t>(backend_.now_ns()) >= until_ns;
            if (!timed_out && !interrupted_) {
                nap_once(until_ns, nap);
            }
            result = backend_.harvest(epfd, events, most);
            if (result.failed() || result.value > 0) {
                break;
            }
            const bool handled = backend_.take_interruption();
            if (interrupted_ || handled) {
                result = SysResult::fail(EINTR);
                break;
            }
            if (timed_out) {
                break;
            }
            backend_.end_wait(epfd); // woken for nothing, it goes to sleep again
            backend_.begin_wait(epfd);
        }
        backend_.end_wait(epfd);
        asleep_ = false;
        interrupted_ = false;
        return result;
    }

    void nap_once(std::int64_t until_ns, int nap) {
        if (observer_.act_during(Call::epoll_wait)) {
            return;
        }
        std::int64_t next_ns = backend_.next_deadline_ns();
        if (until_ns >= 0 && (next_ns < 0 || next_ns > until_ns)) {
            next_ns = until_ns;
        }
        if (until_ns < 0 && observer_.act_while_asleep()) {
            return;
        }
        if (tick_every_ns_ != 0 && (next_ns < 0 || static_cast<std::int64_t>(next_tick_ns_) < next_ns)) {
            sleep_until(static_cast<std::int64_t>(next_tick_ns_));
            observer_.ticks();
            note_ticks();
            interrupted_ = true;
            return;
        }
        if (next_ns >= 0 && nap < k_most_naps) {
            sleep_until(next_ns);
            return;
        }
        observer_.interrupts_sleep();
        interrupted_ = true;
    }

    void sleep_until(std::int64_t ns) {
        const std::int64_t now_ns = static_cast<std::int64_t>(backend_.now_ns());
        backend_.advance(static_cast<std::uint64_t>(std::max<std::int64_t>(0, ns - now_ns)));
    }

    void set_alarm() {
        alarm_ = true;
        observer_.alarm_comes();
    }

    // Ticks that are due by now are one alarm, as signals that come before they are taken are one.
    void note_ticks() {
        if (tick_every_ns_ == 0) [[likely]] {
            return;
        }
        if (const std::uint64_t now_ns = backend_.now_ns(); now_ns >= next_tick_ns_) {
            set_alarm();
            next_tick_ns_ += ((now_ns - next_tick_ns_) / tick_every_ns_ + 1) * tick_every_ns_;
        }
    }

    Backend backend_;
    Script& script_;
    CallObserver& observer_;
    Arena arena_;
    std::vector<BytePiece> cut_;      // the pieces of a sendmsg that the script cuts short
    std::uint64_t tick_every_ns_ = 0; // of the interval timer; 0: it is off
    std::uint64_t next_tick_ns_ = 0;
    bool alarm_ = false;
    bool asleep_ = false;
    bool interrupted_ = false;
};

} // namespace edgecase::fake
