// Several processes that accept from one listening socket, as nginx's workers do.
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "core/examples/echo_server.hpp"
#include "core/linux_reactor.hpp"
#include "core/shared_accept_mutex.hpp"
#include "core/tests/catch.hpp"
#include "core/tests/live_server.hpp"
#include "core/tests/live_socket.hpp"
#include "core/tests/open_descriptors.hpp"

namespace edgecase {
namespace {

// What the parent asks of a worker: one byte each.
constexpr char k_how_many_sessions = 's';
constexpr char k_end = 'e';

// How the workers share the listener if there is no accept mutex.
enum class Sharing : std::uint8_t { plain, exclusive };

// What runs in the child: an echo server, and a connection to the parent.
class WorkerLoop {
public:
    // word: of the accept mutex; null: there is none.
    WorkerLoop(int control, SharedAcceptMutex::Word* word, Sharing sharing)
        : sharing_(sharing), log_(LogLevel::alert, LogSink{count_line, &alerts_}), reactor_(kernel_, log_),
          server_(kernel_, reactor_, EchoOptions{}), control_(control) {
        if (word != nullptr) {
            mutex_ = std::make_unique<SharedAcceptMutex>(*word, static_cast<std::uint32_t>(::getpid()));
        }
    }

    // The number of ALERT lines, or -1 if it could not run.
    int run(int listening) {
        Options options;
        options.accept_mutex_delay_ms = 5;
        options.exclusive_accept = sharing_ == Sharing::exclusive;
        if (mutex_ != nullptr) {
            reactor_.use_accept_mutex(mutex_->mutex());
        }
        if (reactor_.init(options) != Status::ok || server_.start() != Status::ok ||
            server_.listen(listening) != Status::ok) {
            return -1;
        }
        Connection* connection = reactor_.get_connection(control_);
        if (connection == nullptr) {
            return -1;
        }
        connection->data = this;
        connection->read.handler = [](Event& event) {
            static_cast<WorkerLoop*>(event.connection->data)->obey(*event.connection);
        };
        if (reactor_.add_event(connection->read, k_level_event) != Status::ok) {
            return -1;
        }
        while (running_) {
            static_cast<void>(reactor_.process_events_and_timers());
        }
        return alerts_;
    }

private:
    static void count_line(void* alerts, LogLevel /*level*/, int /*error*/, std::string_view /*line*/) {
        ++*static_cast<int*>(alerts);
    }

    void obey(Connection& connection) {
        char command = k_end; // also if the parent is gone
        static_cast<void>(reactor_.recv(connection, &command, 1));
        if (command == k_how_many_sessions) {
            const std::uint32_t count = server_.open_sessions();
            static_cast<void>(reactor_.send(connection, &count, sizeof count));
        } else {
            running_ = false;
        }
    }

    Sharing sharing_;
    int alerts_ = 0;
    bool running_ = true;
    std::unique_ptr<SharedAcceptMutex> mutex_;
    NativeKernel kernel_;
    Log log_;
    NativeReactor reactor_;
    EchoServer<NativeKernel> server_;
    int control_;
};

class Worker {
public:
    explicit Worker(const ListeningSocket& socket, SharedAcceptMutex::Word* word = nullptr,
                    Sharing sharing = Sharing::plain) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        const int listening = socket.copy();
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::close(ends[0]);
            ::_exit(WorkerLoop(ends[1], word, sharing).run(listening));
        }
        ::close(listening);
        ::close(ends[1]);
        control_ = ends[0];
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { static_cast<void>(die()); }

    [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

    [[nodiscard]] std::uint32_t sessions() const {
        REQUIRE(::send(control_, &k_how_many_sessions, 1, MSG_NOSIGNAL) == 1);
        std::uint32_t count = 0;
        REQUIRE(::recv(control_, &count, sizeof count, MSG_WAITALL) == sizeof count);
        return count;
    }

    // How many entries of its interest lists have EPOLLEXCLUSIVE, by what the kernel tells (proc(5), fdinfo).
    [[nodiscard]] unsigned watched_exclusively() const {
        unsigned found = 0;
        for (const auto& file :
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fdinfo")) {
            std::ifstream stream(file.path());
            for (std::string word; stream >> word;) {
                if (word == "events:") {
                    std::uint64_t events = 0;
                    stream >> std::hex >> events;
                    found += (events & k_epollexclusive) != 0 ? 1 : 0;
                }
            }
        }
        return found;
    }

    // Ends as it should: its exit code, which is the number of its ALERT lines.
    int end() {
        REQUIRE(::send(control_, &k_end, 1, MSG_NOSIGNAL) == 1);
        const int status = wait();
        REQUIRE(WIFEXITED(status));
        return WEXITSTATUS(status);
    }

    // Ends by force, wherever it is.
    int die() {
        if (pid_ <= 0) {
            return 0;
        }
        ::kill(pid_, SIGKILL);
        return wait();
    }

private:
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        ::close(control_);
        return status;
    }

    pid_t pid_ = -1;
    int control_ = -1;
};

// A word that this process shares with those it forks.
class SharedWord {
public:
    SharedWord()
        : memory_(::mmap(nullptr, sizeof(SharedAcceptMutex::Word), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        REQUIRE(memory_ != MAP_FAILED);
        word_ = ::new (memory_) SharedAcceptMutex::Word(0);
    }
    SharedWord(const SharedWord&) = delete;
    SharedWord& operator=(const SharedWord&) = delete;
    ~SharedWord() { ::munmap(memory_, sizeof(SharedAcceptMutex::Word)); }

    [[nodiscard]] SharedAcceptMutex::Word& word() const { return *word_; }

    // Who sleeps with the lock: somebody does, once nothing happens any more.
    [[nodiscard]] std::uint32_t sleeper() const {
        std::uint32_t holder = 0;
        for (unsigned same = 0, tries = 0; same < 20 && tries < 2000; ++tries) {
            const std::uint32_t now = word_->load();
            same = now != 0 && now == holder ? same + 1 : 0;
            holder = now;
            ::usleep(2'000);
        }
        return holder;
    }

private:
    void* memory_;
    SharedAcceptMutex::Word* word_ = nullptr;
};

std::vector<Client> serve_new(const ListeningSocket& socket, std::size_t count) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(socket);
    }
    for (unsigned i = 0; i < count; ++i) {
        REQUIRE(clients[i].send(pattern(5'000, i)));
    }
    for (unsigned i = 0; i < count; ++i) {
        CHECK(clients[i].receive(5'000) == pattern(5'000, i));
    }
    return clients;
}

} // namespace

TEST_CASE("real workers: three processes share a listener, and one may die", "[listener-stays-watched]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    std::vector<std::unique_ptr<Worker>> workers;
    for (unsigned i = 0; i < 3; ++i) {
        workers.push_back(std::make_unique<Worker>(socket));
    }
    const std::vector<Client> clients = serve_new(socket, 30);
    std::uint32_t sessions = 0;
    for (const auto& worker : workers) {
        sessions += worker->sessions();
    }
    CHECK(sessions == 30);

    const std::uint32_t lost = workers[0]->sessions();
    CHECK(WIFSIGNALED(workers[0]->die()));
    const std::vector<Client> more = serve_new(socket, 10);
    CHECK(workers[1]->sessions() + workers[2]->sessions() == 30 - lost + 10);

    CHECK(workers[1]->end() == 0);
    const std::vector<Client> last = serve_new(socket, 5);
    CHECK(workers[2]->sessions() >= 5);
    CHECK(workers[2]->end() == 0);
}

TEST_CASE("real workers: with exclusive_accept the kernel has EPOLLEXCLUSIVE for the listener, and each "
          "client is served",
          "[interest-matches-active][listener-stays-watched]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    std::vector<std::unique_ptr<Worker>> workers;
    for (const Sharing sharing : {Sharing::plain, Sharing::exclusive, Sharing::exclusive}) {
        workers.push_back(std::make_unique<Worker>(socket, nullptr, sharing));
    }
    const std::vector<Client> clients = serve_new(socket, 30);
    std::uint32_t sessions = 0;
    for (const auto& worker : workers) {
        sessions += worker->sessions(); // it answers in a turn, so by then it watches
    }
    CHECK(sessions == 30);
    CHECK(workers[0]->watched_exclusively() == 0);
    CHECK(workers[1]->watched_exclusively() == 1);
    CHECK(workers[2]->watched_exclusively() == 1);

    // The others go on when one is gone, and nobody has had an ALERT to write.
    CHECK(WIFSIGNALED(workers[0]->die()));
    const std::vector<Client> more = serve_new(socket, 10);
    CHECK(workers[1]->end() == 0);
    const std::vector<Client> last = serve_new(socket, 5);
    CHECK(workers[2]->sessions() >= 5);
    CHECK(workers[2]->end() == 0);
}

TEST_CASE("real workers: with an accept mutex one of three watches, and it may die with the lock",
          "[listener-stays-watched]") {
    const DescriptorBalance balance;
    const ListeningSocket socket;
    const SharedWord shared;
    std::vector<std::unique_ptr<Worker>> workers;
    for (unsigned i = 0; i < 3; ++i) {
        workers.push_back(std::make_unique<Worker>(socket, &shared.word()));
    }
    const std::vector<Client> clients = serve_new(socket, 30);

    const std::uint32_t dead = shared.sleeper();
    const auto holder = std::find_if(workers.begin(), workers.end(),
                                     [&](const auto& worker) { return worker->pid() == dead; });
    REQUIRE(holder != workers.end());
    CHECK(WIFSIGNALED((*holder)->die()));
    workers.erase(holder);

    // It is dead and has the lock: nobody accepts, until whoever waited for it gives the lock back.
    CHECK(shared.word() == dead);
    const Client waiting(socket);
    REQUIRE(waiting.send("a"));
    ::usleep(50'000);
    CHECK(shared.word() == dead);
    CHECK(SharedAcceptMutex::force_unlock(shared.word(), dead));
    CHECK(waiting.receive(1) == "a");
    const std::vector<Client> more = serve_new(socket, 10);
    for (const auto& worker : workers) {
        CHECK(worker->end() == 0);
    }
    CHECK(shared.word() == 0);
}

} // namespace edgecase
