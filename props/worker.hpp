// Another worker: a process that accepts from copies of the subject's listening descriptors, as nginx's workers do
// when they were forked by one master. It has a reactor of core/ and a kernel of its own, and does the least that a
// server can: it accepts, reads, and closes at the end. It is sound: what a scenario does to it is to let it run and
// to kill it.
//
// It runs on a fiber and can be stopped at each of its system calls, as a poster can; its wait does not let time pass
// but stops it, and it goes on only when it is told to.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/epoll_abi.hpp"
#include "core/log.hpp"
#include "fakekernel/model.hpp"
#include "fakekernel/script.hpp"
#include "fakekernel/trace.hpp"
#include "props/scenario.hpp"

namespace edgecase {

// Where a worker stands when it has stopped.
enum class WorkerStand : std::uint8_t {
    before_call, // the call is not made yet
    in_call,     // the call is made and has not returned
    asleep,      // its wait has found nothing
    ended,
};

// What a worker tells its owner, on the worker's stack. number: 1 for the first.
class WorkerHost {
public:
    // May throw to end the run (the budget).
    virtual void before_worker_call(unsigned number, fake::Call call) = 0;
    virtual void after_worker_call(unsigned number, fake::Record& record, const EpollEvent* events) = 0;
    // One of its turns begins; its wait has found nothing, and ends at that time, -1: never.
    virtual void on_worker_turn(unsigned number) = 0;
    virtual void worker_falls_asleep(unsigned number, std::int64_t until_ns) = 0;
    // The script answers a call of it, as for the subject (fake::CallObserver::injected).
    virtual void worker_injected(unsigned number, fake::Call call, int fd, const fake::ScriptAnswer& answer,
                                 std::size_t size, int timeout_ms) = 0;
    virtual void worker_would_block(unsigned number, fake::Call call) = 0;
    virtual void on_worker_log(unsigned number, LogLevel level, int error, std::string_view line) = 0;

    // The accept mutex, which stands outside.
    virtual bool worker_tries_mutex(unsigned number) = 0;
    virtual void worker_unlocks_mutex(unsigned number) = 0;

protected:
    ~WorkerHost() = default;
};

class Worker {
public:
    virtual ~Worker() = default;

    // What its calls are answered with, in whatever life.
    virtual fake::Script& script() = 0;

    // Becomes the process pid, which has these listening descriptors, and stands at the beginning of its life.
    virtual void start(const Config& config, fake::Pid pid, const std::vector<int>& listening) = 0;

    // Goes on until it sleeps, or, if it stops at its calls, to the next of them. Only while it is alive.
    virtual WorkerStand go_on(bool stops_at_calls) = 0;

    // Ends as it should: closes what it has and frees its memory. Only while it is alive.
    virtual void end() = 0;

    // Is no more, wherever it stands; its descriptors are its process's.
    virtual void die() = 0;

    [[nodiscard]] virtual bool is_alive() const = 0;
    // Whether it is in the middle of something that its owner is waiting for.
    [[nodiscard]] virtual bool is_running() const = 0;
    [[nodiscard]] virtual fake::Pid pid() const = 0;
    [[nodiscard]] virtual fake::Call call() const = 0; // at which it stands
    [[nodiscard]] virtual std::size_t blocks_in_use() const = 0;
    // Whether this listener of its own has a timer that will put it back into epoll.
    [[nodiscard]] virtual bool rests(int listening_fd) const = 0;
};

[[nodiscard]] std::unique_ptr<Worker> make_worker(fake::Model& model, WorkerHost& host, unsigned number);

} // namespace edgecase
