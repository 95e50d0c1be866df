// The echo server on real Linux: a complete small program on the reactor.
//
//   echo_server --port 7777 &
//   echo hello | nc -N 127.0.0.1 7777
//
// With --http it answers each request with a fixed page in place of an echo, so that a load generator can talk to it:
//
//   echo_server --http --port 7777 &
//   wrk http://127.0.0.1:7777/
//
// It listens on the loopback and runs until SIGTERM or SIGINT; then it takes no more connections and no more
// bytes, sends what it owes, and ends. A second signal ends it at once. It writes its log to standard error;
// the first line says where it listens.
//
// Exit: 0 stopped by a signal, 1 it could not start, 2 the command line or the configuration was refused.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/configuration.hpp"
#include "core/examples/echo_server.ipp"
#include "core/linux_reactor.hpp"

namespace edgecase {
namespace {

using LinuxEchoServer = EchoServer<LinuxKernel>;

constexpr std::string_view k_http_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

struct Arguments {
    std::uint16_t port = 0;
    std::string configuration_file;
    EchoOptions echo;
    bool debug = false;
};

void write_line(void* /*context*/, LogLevel level, int error, std::string_view line) {
    const std::string_view name = level_name(level);
    std::fprintf(stderr, "[%.*s] %.*s", static_cast<int>(name.size()), name.data(),
                 static_cast<int>(line.size()), line.data());
    if (error != 0) {
        std::fprintf(stderr, " (%d: %s)", error, std::strerror(error));
    }
    std::fputc('\n', stderr);
}

void say(const char* what) {
    std::fprintf(stderr, "echo_server: %s\n", what);
}

void say_failed(const char* call) {
    std::fprintf(stderr, "echo_server: %s: %s\n", call, std::strerror(errno));
}

// The options that the file says, or the defaults without one. False: it was refused; a line says why.
bool read_options(const std::string& file_name, Options& options) {
    if (file_name.empty()) {
        return true;
    }
    std::ifstream file(file_name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file) {
        std::fprintf(stderr, "echo_server: %s cannot be read\n", file_name.c_str());
        return false;
    }
    const Configuration configuration = read_configuration(text, file_name);
    if (!configuration.accepted()) {
        const std::string_view message = configuration.message();
        std::fprintf(stderr, "echo_server: %.*s\n", static_cast<int>(message.size()), message.data());
        return false;
    }
    options = configuration.options();
    return true;
}

// A listening socket on the loopback, or -1; port 0 becomes the one that the kernel chose.
int open_listener(std::uint16_t& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        say_failed("socket");
        return -1;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    const int on = 1;
    // What is accepted inherits TCP_NODELAY: an answer must not wait for the peer to acknowledge the last.
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1 || ::bind(fd, generic, size) == -1 ||
        ::listen(fd, SOMAXCONN) == -1 || ::getsockname(fd, generic, &size) == -1) {
        say_failed("the listening socket");
        ::close(fd);
        return -1;
    }
    port = ntohs(address.sin_port);
    return fd;
}

// SIGTERM and SIGINT as a descriptor that the loop watches: no handler runs in the middle of anything.
class StopSignals {
public:
    StopSignals(NativeReactor& reactor, LinuxEchoServer& server) : reactor_(reactor), server_(server) {}
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    ~StopSignals() {
        if (connection_ != nullptr) {
            reactor_.close_connection(*connection_);
        }
    }

    Status watch() {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        if (::sigprocmask(SIG_BLOCK, &signals, nullptr) == -1) {
            return Status::error;
        }
        const int fd = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
        if (fd == -1) {
            return Status::error;
        }
        connection_ = reactor_.get_connection(fd);
        if (connection_ == nullptr) {
            ::close(fd);
            return Status::error;
        }
        connection_->data = this;
        connection_->read.handler = [](Event& event) {
            static_cast<StopSignals*>(event.connection->data)->on_signal();
        };
        return reactor_.add_event(connection_->read, k_level_event);
    }

    [[nodiscard]] bool came() const { return came_ != 0; }

private:
    // One signal a call: the descriptor is level-triggered, and reported again while there are more.
    void on_signal() {
        signalfd_siginfo info;
        if (::read(connection_->fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
            return;
        }
        if (++came_ == 1) {
            server_.stop();
        } else {
            server_.close_all();
        }
    }

    NativeReactor& reactor_;
    LinuxEchoServer& server_;
    Connection* connection_ = nullptr;
    unsigned came_ = 0;
};

int run(const Arguments& arguments, const Options& options) {
    LinuxKernel kernel;
    Log log(arguments.debug ? LogLevel::debug : LogLevel::info, LogSink{write_line, nullptr});
    NativeReactor reactor(kernel, log);
    LinuxEchoServer server(kernel, reactor, arguments.echo);
    StopSignals signals(reactor, server);
    if (reactor.init(options) != Status::ok) {
        return 1;
    }
    if (server.start() != Status::ok) {
        say("there is no memory for the sessions");
        return 1;
    }
    if (signals.watch() != Status::ok) {
        say_failed("the signals");
        return 1;
    }
    std::uint16_t port = arguments.port;
    const int fd = open_listener(port);
    if (fd == -1) {
        return 1;
    }
    if (server.listen(fd) != Status::ok) {
        ::close(fd);
        return 1;
    }
    std::fprintf(stderr, "echo_server: listening on 127.0.0.1:%u\n", static_cast<unsigned>(port));
    while (!signals.came() || server.open_sessions() != 0) {
        // A wait that failed is in the log; the next turn waits again.
        static_cast<void>(reactor.process_events_and_timers());
    }
    say("stopped");
    return 0;
}

} // namespace
} // namespace edgecase

int main(int argc, char** argv) {
    using namespace edgecase;
    Arguments arguments;
    CLI::App app("Sends back what it is sent, over TCP on the loopback.");
    app.add_option("--port", arguments.port,
                   "where to listen; 0 is a free port, and the first line says which");
    app.add_option("--configuration", arguments.configuration_file, "an nginx-style file with events { }")
        ->check(CLI::ExistingFile);
    app.add_option("--buffer", arguments.echo.buffer_bytes, "bytes of the buffer of each connection")
        ->check(CLI::Range(1U, 1U << 20))
        ->capture_default_str();
    app.add_option("--idle", arguments.echo.idle_timeout_ms,
                   "milliseconds until an idle connection is closed")
        ->capture_default_str();
    app.add_flag_callback(
        "--http", [&arguments] { arguments.echo.answer = k_http_answer; },
        "answer each HTTP request with a fixed page, in place of an echo");
    app.add_flag("--debug", arguments.debug, "log what the reactor does");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : 2;
    }
    Options options;
    if (!read_options(arguments.configuration_file, options)) {
        return 2;
    }
    return run(arguments, options);
}
