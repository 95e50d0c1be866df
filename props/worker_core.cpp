#include <array>
#include <cstddef>
#include <memory>

#include "core/reactor.ipp" // IWYU pragma: keep
#include "fakekernel/fiber.hpp"
#include "props/core_options.hpp"
#include "props/model_parts.hpp"
#include "props/worker.hpp"

namespace edgecase {

namespace {

constexpr unsigned k_most_reads = 256; // of one handler

class CoreWorker final : public Worker, private fake::CallObserver {
public:
    CoreWorker(fake::Model& model, WorkerHost& host, unsigned number)
        : model_(model), host_(host), number_(number), kernel_(fake::ModelBackend(model, 0), script_, *this),
          log_(LogLevel::info, LogSink{&write_log, this}) {}

    fake::Script& script() override { return script_; }

    void start(const Config& config, fake::Pid pid, const std::vector<int>& listening) override {
        kernel_.reset();
        kernel_.backend() = fake::ModelBackend(model_, pid);
        options_ = core_options(config);
        options_.timer_resolution_ms = 0; // it has no interval timer
        pid_ = pid;
        listening_ = listening;
        listeners_.assign(listening.size(), Listener{});
        ends_ = false;
        call_ = fake::Call::epoll_wait; // of an earlier run, if its reactor does not come up
        fiber_.start([](void* self) { static_cast<CoreWorker*>(self)->live(); }, this);
    }

    WorkerStand go_on(bool stops_at_calls) override {
        stops_at_calls_ = stops_at_calls;
        fiber_.resume();
        return fiber_.is_suspended() ? stand_ : WorkerStand::ended;
    }

    void end() override {
        ends_ = true;
        go_on(false);
    }

    void die() override { fiber_.abandon(); }

    [[nodiscard]] bool is_alive() const override { return fiber_.is_suspended() || fiber_.is_running(); }
    [[nodiscard]] bool is_running() const override { return fiber_.is_running(); }
    [[nodiscard]] fake::Pid pid() const override { return pid_; }
    [[nodiscard]] fake::Call call() const override { return call_; }
    [[nodiscard]] std::size_t blocks_in_use() const override { return kernel_.blocks_in_use(); }

    [[nodiscard]] bool rests(int listening_fd) const override {
        for (const Listener& listener : listeners_) {
            if (listener.is_open() && listener.connection->fd == listening_fd) {
                return listener.connection->read.timer_set;
            }
        }
        return false;
    }

private:
    // The life of the process. If it dies, the frames are unwound and the reactor is left as it was: it owns nothing
    // but memory of the kernel.
    void live() {
        Reactor<ModelKernel>* const reactor =
            ::new (static_cast<void*>(storage_.data())) Reactor<ModelKernel>(kernel_, log_);
        reactor_ = reactor;
        if (options_.accept_mutex) {
            reactor->use_accept_mutex({[](void* self) {
                                           CoreWorker& own = *static_cast<CoreWorker*>(self);
                                           return own.host_.worker_tries_mutex(own.number_);
                                       },
                                       [](void* self) {
                                           CoreWorker& own = *static_cast<CoreWorker*>(self);
                                           own.host_.worker_unlocks_mutex(own.number_);
                                       },
                                       this});
        }
        if (reactor->init(options_) == Status::ok) {
            listen();
            while (!ends_) {
                host_.on_worker_turn(number_);
                static_cast<void>(reactor->process_events_and_timers());
            }
            close_all();
        }
        std::destroy_at(reactor);
    }

    void listen() {
        for (std::size_t i = 0; i < listening_.size(); ++i) {
            listeners_[i].data = this;
            listeners_[i].handler = &take;
            if (reactor_->listen(listeners_[i], listening_[i]) != Status::ok) {
                kernel_.close(listening_[i]);
            }
        }
    }

    void close_all() {
        for (Connection& connection : reactor_->connections()) {
            if (connection.fd == -1) {
                continue;
            }
            // The others have copies of a listening descriptor.
            if (connection.read.accept) {
                reactor_->close_shared_connection(connection);
            } else if (connection.data == this) {
                reactor_->close_connection(connection);
            }
        }
    }

    static void take(Listener& listener, Connection& connection) {
        CoreWorker& own = *static_cast<CoreWorker*>(listener.data);
        connection.data = &own;
        connection.read.handler = &read;
        connection.write.handler = [](Event&) {};
        const bool edges = own.options_.capabilities.clear_event;
        if (own.reactor_->add_event(connection.read, edges ? k_clear_event : k_level_event) != Status::ok) {
            own.reactor_->close_connection(connection);
        }
    }

    static void read(Event& event) {
        CoreWorker& own = *static_cast<CoreWorker*>(event.connection->data);
        SysResult result;
        for (unsigned i = 0; i < k_most_reads && event.ready; ++i) {
            result = own.reactor_->recv(*event.connection, own.buffer_.data(), own.buffer_.size());
        }
        if (event.eof || event.error) {
            own.reactor_->close_connection(*event.connection);
        }
    }

    static void write_log(void* self, LogLevel level, int error, std::string_view line) {
        CoreWorker& own = *static_cast<CoreWorker*>(self);
        own.host_.on_worker_log(own.number_, level, error, line);
    }

    void stop(WorkerStand stand, fake::Call call) {
        stand_ = stand;
        call_ = call;
        fiber_.stop();
    }

    // fake::CallObserver

    void before_call(fake::Call call, int) override {
        if (stops_at_calls_) {
            stop(WorkerStand::before_call, call);
        }
        if (script_.concerns(call)) {
            script_.count(call);
        }
        host_.before_worker_call(number_, call);
    }

    void after_call(fake::Record& record, const EpollEvent* events) override {
        host_.after_worker_call(number_, record, events);
        if (stops_at_calls_) {
            stop(WorkerStand::in_call, static_cast<fake::Call>(record.what));
        }
    }

    // In its sleep, each time that there is still nothing.
    bool act_during(fake::Call call) override {
        if (!ends_) {
            stop(WorkerStand::asleep, call);
        }
        if (ends_) {
            kernel_.signal();
        }
        return true;
    }

    void injected(fake::Call call, int fd, const fake::ScriptAnswer& answer, std::size_t size,
                  int timeout_ms) override {
        host_.worker_injected(number_, call, fd, answer, size, timeout_ms);
    }

    int scripted_wait(EpollEvent*, int&) override { return -1; }
    void falls_asleep(int, std::int64_t until_ns) override { host_.worker_falls_asleep(number_, until_ns); }
    bool act_while_asleep() override { return false; }
    void interrupts_sleep() override {}
    void ticks() override {}
    void alarm_comes() override {}
    void completions_taken(const AioCompletion*, std::size_t) override {}
    void would_block(fake::Call call, int) override { host_.worker_would_block(number_, call); }

    fake::Model& model_;
    WorkerHost& host_;
    unsigned number_;
    fake::Script script_; // its own faults; those of the subject are not for it
    ModelKernel kernel_;
    fake::Fiber fiber_;
    Log log_;
    Options options_;
    fake::Pid pid_ = 0;
    std::vector<int> listening_;
    std::vector<Listener> listeners_;
    bool stops_at_calls_ = false;
    bool ends_ = false;
    WorkerStand stand_ = WorkerStand::ended;
    fake::Call call_ = fake::Call::epoll_wait;
    std::array<std::byte, 4096> buffer_{}; // what is read goes here and is not looked at
    alignas(Reactor<ModelKernel>) std::array<std::byte, sizeof(Reactor<ModelKernel>)> storage_;
    Reactor<ModelKernel>* reactor_ = nullptr;
};

} // namespace

std::unique_ptr<Worker> make_worker(fake::Model& model, WorkerHost& host, unsigned number) {
    return std::make_unique<CoreWorker>(model, host, number);
}

} // namespace edgecase
