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
};

[[nodiscard]] std::unique_ptr<Worker> make_worker(fake::Model& model, WorkerHost& host, unsigned number);

} // namespace edgecase
