// The example server on a thread of its own, on the real kernel. Whoever wants to look into it asks the loop to
// look, through notify.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "core/examples/echo_server.hpp"
#include "core/linux_reactor.hpp"
#include "core/tests/catch.hpp"
#include "core/tests/live_socket.hpp"
#include "core/tests/recorded_log.hpp"

namespace edgecase {

extern template class EchoServer<NativeKernel>;

class LiveServer {
public:
    struct Settings {
        Options options;
        EchoOptions echo;
        AcceptMutex mutex;
    };

    // Listens on a copy of the socket, and runs.
    explicit LiveServer(const ListeningSocket& socket) : LiveServer(socket, Settings{}) {}
    LiveServer(const ListeningSocket& socket, const Settings& settings)
        : reactor(kernel_, log.log), server(kernel_, reactor, settings.echo) {
        if (settings.mutex.exists()) {
            reactor.use_accept_mutex(settings.mutex);
        }
        REQUIRE(reactor.init(settings.options) == Status::ok);
        REQUIRE(server.start() == Status::ok);
        REQUIRE(server.listen(socket.copy()) == Status::ok);
        thread_ = std::thread([this] { run(); });
    }
    LiveServer(const LiveServer&) = delete;
    LiveServer& operator=(const LiveServer&) = delete;
    ~LiveServer() { end(); }

    // Has the loop do it, and waits until it is done. From any thread, so nothing is asserted in Catch's way.
    void on_loop(std::function<void()> deed) {
        Errand errand(*this, std::move(deed));
        if (reactor.notify(errand) != Status::ok) {
            give_up("notify failed");
        }
        std::unique_lock<std::mutex> lock(mutex_);
        if (!done_.wait_for(lock, std::chrono::seconds(k_patience_s), [&] { return errand.done; })) {
            give_up("the loop does not run what it was asked for");
        }
    }

    // Asks the loop again and again until it holds: whether it did in time.
    bool comes_true(const std::function<bool()>& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(k_patience_s);
        bool held = false;
        while (!held && std::chrono::steady_clock::now() < end) {
            on_loop([&] { held = condition(); });
        }
        return held;
    }

    std::uint32_t sessions() {
        std::uint32_t count = 0;
        on_loop([&] { count = server.open_sessions(); });
        return count;
    }

    // Ends the loop; reactor and log are the caller's now.
    void end() {
        if (thread_.joinable()) {
            on_loop([this] { running_ = false; });
            thread_.join();
            server.close_all();
            reactor.done();
        }
    }

private:
    struct Errand : NotifyTask {
        Errand(LiveServer& of, std::function<void()> what)
            : NotifyTask{&Errand::run}, server(of), deed(std::move(what)) {}

        static void run(NotifyTask& task) {
            auto& self = static_cast<Errand&>(task);
            LiveServer& server = self.server;
            self.deed();
            const std::lock_guard<std::mutex> lock(server.mutex_);
            self.done = true; // and it is gone as soon as the lock is free
            server.done_.notify_all();
        }

        LiveServer& server;
        std::function<void()> deed;
        bool done = false;
    };

    [[noreturn]] static void give_up(const char* why) {
        std::fprintf(stderr, "live server: %s\n", why);
        std::abort();
    }

    void run() {
        while (running_) {
            static_cast<void>(reactor.process_events_and_timers());
        }
    }

    NativeKernel kernel_;
    bool running_ = true; // the loop's
    std::thread thread_;
    std::mutex mutex_; // of Errand::done
    std::condition_variable done_;

public:
    RecordedLog log;
    NativeReactor reactor;
    EchoServer<NativeKernel> server;
};

} // namespace edgecase
