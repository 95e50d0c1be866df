#include "fakekernel/tests/conformance/program.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "fakekernel/tests/conformance/system.hpp"

namespace edgecase::fake::conformance {
namespace {

std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

constexpr std::uint32_t k_masks[] = {
    k_epollin,
    k_epollout,
    k_epollin | k_epollout,
    k_epollin | k_epollrdhup,
    k_epollin | k_epollout | k_epollpri | k_epollrdhup,
    k_epollrdhup,
    k_epollpri,
    k_epollin | k_epollrdnorm | k_epollrdband | k_epollwrnorm | k_epollmsg,
    0,
};
constexpr std::uint32_t k_modes[] = {0,
                                     k_epollet,
                                     k_epolloneshot,
                                     k_epollet | k_epolloneshot,
                                     k_epollet,
                                     k_epollexclusive,
                                     0,
                                     k_epollet | k_epollexclusive};
// The signals that a program sends itself: two standard ones and a realtime one, blocked all the time.
constexpr int k_signals[] = {10, 12, 34};
constexpr SignalSet k_all_signals = signal_bit(10) | signal_bit(12) | signal_bit(34);
constexpr std::size_t k_sizes[] = {1, 8, 8, 64, 100, 700, 4096, 5000, 9000, 40'000, 0, 3};
constexpr std::size_t k_small_sizes[] = {1, 8, 8, 64, 100, 300, 2, 3, 700, 8, 0, 3};

template <class System> class Runner {
public:
    Runner(System& system, Family family, unsigned pause) : system_(system), family_(family), pause_(pause) {
        system_.sigprocmask(k_sig_block, &k_all_signals, nullptr);
    }

    std::string step(const Operation& operation) {
        line_.clear();
        act(operation);
        if (pause_ != 0) system_.settle(pause_);
        return line_;
    }

private:
    int pick(std::uint8_t which) const { return fds_.empty() ? 99 : fds_[which % fds_.size()]; }
    int pick_epoll(std::uint8_t which) const {
        return epolls_.empty() ? 99 : epolls_[which % epolls_.size()];
    }

    void say(const char* what, int fd, long result) {
        char text[96];
        std::snprintf(text, sizeof text, "%s %d = %ld", what, fd, result);
        line_ += text;
    }

    void keep(const char* what, long fd) {
        say(what, -1, fd);
        if (fd >= 0) fds_.push_back(static_cast<int>(fd));
    }
    void keep_two(const char* what, long result, const int* fds) {
        say(what, -1, result);
        if (result < 0) return;
        fds_.push_back(fds[0]);
        fds_.push_back(fds[1]);
    }
    bool crowded() const { return fds_.size() >= 14; }
    void forget(int fd) {
        fds_.erase(std::remove(fds_.begin(), fds_.end(), fd), fds_.end());
        epolls_.erase(std::remove(epolls_.begin(), epolls_.end(), fd), epolls_.end());
        tcp_.erase(std::remove(tcp_.begin(), tcp_.end(), fd), tcp_.end());
        listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), fd), listeners_.end());
    }

    void tcp_pair() {
        const auto listener = static_cast<int>(system_.socket(FileKind::tcp, k_o_nonblock));
        system_.bind(listener, 0);
        system_.listen(listener, 4);
        const auto client = static_cast<int>(system_.socket(FileKind::tcp, k_o_nonblock));
        system_.connect(client, static_cast<std::uint16_t>(system_.port(listener)));
        system_.settle();
        const auto server = static_cast<int>(system_.accept4(listener, k_o_nonblock));
        system_.connect(client, 0);
        system_.close(listener);
        const int fds[2] = {client, server};
        keep_two("tcp", server, fds);
        tcp_.push_back(client);
        tcp_.push_back(server);
    }

    void udp_pair() {
        const int fds[2] = {static_cast<int>(system_.socket(FileKind::udp, k_o_nonblock)),
                            static_cast<int>(system_.socket(FileKind::udp, k_o_nonblock))};
        for (const int fd : fds)
            system_.bind(fd, 0);
        system_.connect(fds[0], static_cast<std::uint16_t>(system_.port(fds[1])));
        const long result = system_.connect(fds[1], static_cast<std::uint16_t>(system_.port(fds[0])));
        keep_two("udp", result, fds);
    }

    // Timers are set to the past, which makes them expire at once, or to a time that does not come. A signalfd
    // takes one signal or all of them.
    void timers_and_signals(const Operation& operation) {
        const int fd = pick(operation.a);
        switch (operation.b % 5) {
        case 0:
        case 1: {
            const std::int64_t interval = operation.c % 3 == 0 ? 1'000'000'000 : 0;
            TimerSpec spec{{interval, 0}, {0, 1}};
            if (operation.c % 4 == 1) spec.value = {1000, 0};
            if (operation.c % 4 == 2) spec.value = {0, 0};
            const int flags = operation.c % 4 == 1 ? 0 : k_tfd_timer_abstime;
            say("settime", fd, system_.timerfd_settime(fd, flags, &spec, nullptr));
            system_.settle();
            break;
        }
        case 2: {
            TimerSpec spec;
            say("gettime", fd, system_.timerfd_gettime(fd, &spec));
            break;
        }
        case 3: {
            const SignalSet set = signal_set(operation.c);
            say("signalfd mask", fd, system_.signalfd(fd, &set, 0));
            break;
        }
        default: {
            const int signal = k_signals[operation.c % 3];
            say("kill", signal, system_.kill_self(signal));
            break;
        }
        }
    }

    static SignalSet signal_set(std::uint8_t which) {
        return which % 4 == 3 ? k_all_signals : signal_bit(k_signals[which % 4]);
    }

    // Backlogs of TCP are never filled: the SYN would be sent again after a second of real time.
    void listener(bool tcp, const Operation& operation) {
        const long fd = system_.socket(tcp ? FileKind::tcp : FileKind::unix_stream, k_o_nonblock);
        keep(tcp ? "tcp listener" : "unix listener", fd);
        if (fd < 0) return;
        const auto name = static_cast<std::uint16_t>(tcp ? 0 : ++names_);
        say(" bind", -1, system_.bind(static_cast<int>(fd), name));
        if (operation.c % 8 == 0) return;
        say(" listen", -1, system_.listen(static_cast<int>(fd), tcp ? 100 : operation.b % 3));
        listeners_.push_back(static_cast<int>(fd));
        if (tcp) tcp_.push_back(static_cast<int>(fd));
    }

    void fresh(bool tcp) {
        const long fd = system_.socket(tcp ? FileKind::tcp : FileKind::unix_stream, k_o_nonblock);
        keep(tcp ? "tcp socket" : "unix socket", fd);
        if (tcp && fd >= 0) tcp_.push_back(static_cast<int>(fd));
    }

    // accept, connect, and options.
    void network(const Operation& operation) {
        const int listener =
            listeners_.empty() ? pick(operation.a) : listeners_[operation.a % listeners_.size()];
        switch (operation.b % 5) {
        case 0:
        case 1: {
            if (crowded()) return;
            const long fd = system_.accept4(listener, k_o_nonblock);
            keep("accept", fd);
            if (only_tcp(listener) && fd >= 0) tcp_.push_back(static_cast<int>(fd));
            break;
        }
        case 2: {
            // To where the latest listener of its family listened, alive or not.
            const int fd = pick(operation.c);
            const bool tcp = only_tcp(fd);
            if (tcp && only_tcp(listener)) port_ = static_cast<std::uint16_t>(system_.port(listener));
            if (tcp ? port_ == 0 : names_ == 0) return;
            say("connect", fd, system_.connect(fd, tcp ? port_ : static_cast<std::uint16_t>(names_)));
            if (family_ == Family::tcp) system_.settle();
            break;
        }
        case 3: {
            const int fd = pick(operation.c);
            if (only_tcp(fd)) say("rcvlowat", fd, system_.set_rcvlowat(fd, operation.a % 100));
            break;
        }
        default: {
            const int fd = pick(operation.c);
            if (only_tcp(fd)) say("linger", fd, system_.set_linger(fd, operation.a % 2 == 0, 0));
            break;
        }
        }
    }

    void make(const Operation& operation) {
        if (crowded()) return;
        int fds[2] = {-1, -1};
        const bool tcp = family_ == Family::tcp;
        switch (operation.a % 14) {
        case 11: {
            const SignalSet set = signal_set(operation.b);
            keep("signalfd", system_.signalfd(-1, &set, k_o_nonblock));
            break;
        }
        case 12: keep("timerfd", system_.timerfd_create(k_clock_monotonic, k_o_nonblock)); break;
        case 13:
            if (tcp) udp_pair();
            break;
        case 9: listener(tcp && operation.b % 4 != 0, operation); break;
        case 10: fresh(tcp && operation.b % 4 != 0); break;
        case 0: {
            const long fd = system_.epoll_create1(0);
            if (fd >= 0) epolls_.push_back(static_cast<int>(fd));
            keep("epoll", fd);
            break;
        }
        case 1: keep("eventfd", system_.eventfd(operation.b % 3, k_efd_nonblock | (operation.c % 2))); break;
        case 2: keep_two("pipe", system_.pipe2(fds, k_o_nonblock), fds); break;
        case 3:
        case 4: keep_two("stream", system_.socketpair(k_sock_stream, k_o_nonblock, fds), fds); break;
        case 5: keep_two("dgram", system_.socketpair(k_sock_dgram, k_o_nonblock, fds), fds); break;
        case 6: keep_two("seqpacket", system_.socketpair(k_sock_seqpacket, k_o_nonblock, fds), fds); break;
        default:
            if (family_ == Family::tcp) {
                tcp_pair();
            } else {
                keep_two("stream", system_.socketpair(k_sock_stream, k_o_nonblock, fds), fds);
            }
            break;
        }
    }

    void control(const Operation& operation) {
        const int epfd = pick_epoll(operation.a);
        const int fd = pick(operation.b);
        EpollEvent event{};
        event.events = k_masks[operation.c % 9] | k_modes[(operation.c / 9) % 8];
        event.data = ++serial_;
        const int op = operation.kind % 4 == 0
                           ? k_epoll_ctl_mod
                           : (operation.kind % 16 == 1 ? k_epoll_ctl_del : k_epoll_ctl_add);
        const char* name = op == k_epoll_ctl_add ? "add" : (op == k_epoll_ctl_mod ? "mod" : "del");
        char text[64];
        std::snprintf(text, sizeof text, "%d: %s %x ", epfd, name, event.events);
        line_ += text;
        say("fd", fd, system_.epoll_ctl(epfd, op, fd, &event));
    }

    void wait(const Operation& operation) {
        const int epfd = pick_epoll(operation.a);
        EpollEvent events[16];
        const long count = system_.epoll_wait(epfd, events, operation.b % 5 == 0 ? 1 + operation.c % 3 : 16);
        say("wait", epfd, count);
        for (long i = 0; i < count; ++i) {
            char text[64];
            std::snprintf(text, sizeof text, " %llu:%x", static_cast<unsigned long long>(events[i].data),
                          events[i].events);
            line_ += text;
        }
    }

    void put(const Operation& operation) {
        const int fd = pick(operation.a);
        const std::size_t size =
            family_ == Family::tcp ? k_small_sizes[operation.b % 12] : k_sizes[operation.b % 12];
        for (std::size_t i = 0; i < size; ++i)
            bytes_[i] = static_cast<unsigned char>(++counter_);
        if (size == 8)
            std::fill(bytes_ + 1, bytes_ + 8, static_cast<unsigned char>(0)); // an eventfd's small value
        const int flags = operation.c % 7 == 1 && family_ == Family::tcp ? k_msg_oob : 0;
        if (operation.c % 2 == 0) {
            say("write", fd, system_.write(fd, bytes_, size));
        } else {
            // Urgent bytes are for TCP: unix sockets have their own kind, which the model has not.
            const int used = only_tcp(fd) ? flags : 0;
            say(used != 0 ? "send urgent" : "send", fd, system_.send(fd, bytes_, size, used));
        }
    }

    bool only_tcp(int fd) const { return std::find(tcp_.begin(), tcp_.end(), fd) != tcp_.end(); }

    void take(const Operation& operation) {
        const int fd = pick(operation.a);
        const std::size_t size = k_sizes[operation.b % 12];
        const bool urgent = operation.c % 11 == 1 && only_tcp(fd);
        const int flags = urgent ? k_msg_oob : (operation.c % 13 == 0 ? k_msg_peek : 0);
        std::fill(bytes_, bytes_ + size, static_cast<unsigned char>(0));
        const long count =
            operation.c % 2 == 0 ? system_.read(fd, bytes_, size) : system_.recv(fd, bytes_, size, flags);
        forget_senders(count);
        say(operation.c % 2 == 0 ? "read" : (urgent ? "recv urgent" : (flags != 0 ? "peek" : "recv")), fd,
            count);
        std::uint32_t sum = 0;
        for (long i = 0; i < count && i < static_cast<long>(size); ++i)
            sum = sum * 31 + bytes_[i];
        char text[32];
        std::snprintf(text, sizeof text, " #%x", sum);
        line_ += text;
    }

    // In records of a signalfd the number of the process that sent the signal is another on each system.
    void forget_senders(long count) {
        if (count < 128 || count % 128 != 0) return;
        for (long at = 0; at < count; at += 128)
            std::fill(bytes_ + at + 12, bytes_ + at + 16, static_cast<unsigned char>(0));
    }

    void shut(const Operation& operation) {
        const int fd = pick(operation.a);
        if (operation.b % 3 == 0) {
            const int how = operation.c % 3;
            say("shutdown", fd, system_.shutdown(fd, how));
        } else if (operation.b % 3 == 1) {
            say("close", fd, system_.close(fd));
            forget(fd);
        } else if (operation.c % 2 == 0) {
            say("so_error", fd, system_.so_error(fd));
        } else {
            const std::uint32_t events = k_epollin | k_epollout | k_epollpri | k_epollrdhup | k_epollrdnorm |
                                         k_epollrdband | k_epollwrnorm | k_epollwrband;
            say("poll", fd, system_.poll(fd, events));
        }
    }

    void copy(const Operation& operation) {
        const int fd = pick(operation.a);
        if (operation.b % 3 != 0) {
            if (crowded()) return;
            const long copied = system_.dup(fd);
            if (copied >= 0 && std::find(epolls_.begin(), epolls_.end(), fd) != epolls_.end()) {
                epolls_.push_back(static_cast<int>(copied));
            }
            keep("dup", copied);
            return;
        }
        const int onto = pick(operation.c);
        const bool epoll = std::find(epolls_.begin(), epolls_.end(), fd) != epolls_.end();
        say("dup2", onto, system_.dup2(fd, onto));
        if (fd == onto || fds_.empty()) return;
        epolls_.erase(std::remove(epolls_.begin(), epolls_.end(), onto), epolls_.end());
        tcp_.erase(std::remove(tcp_.begin(), tcp_.end(), onto), tcp_.end());
        if (epoll) epolls_.push_back(onto);
    }

    void act(const Operation& operation) {
        switch (operation.kind % 16) {
        case 0: make(operation); break;
        case 1:
        case 2:
        case 3:
        case 4: control(operation); break;
        case 5:
        case 6:
        case 7: wait(operation); break;
        case 8:
        case 9:
        case 10: put(operation); break;
        case 11:
        case 12: take(operation); break;
        case 13: timers_and_signals(operation); break;
        case 14: shut(operation); break;
        default:
            if (operation.kind % 32 == 15) {
                copy(operation);
            } else {
                network(operation);
            }
            break;
        }
    }

    System& system_;
    Family family_;
    unsigned pause_; // milliseconds after each call
    std::vector<int> fds_;
    std::vector<int> epolls_;
    std::vector<int> tcp_;
    std::vector<int> listeners_;
    std::uint16_t names_ = 0;
    std::uint16_t port_ = 0;
    std::uint64_t serial_ = 0;
    std::uint32_t counter_ = 0;
    std::string line_;
    unsigned char bytes_[65'536] = {};
};

// Each program begins with an epoll and one or two things to watch.
void prologue(Program& program, std::uint64_t& random) {
    program.push_back(Operation{0, 0, 0, 0});
    for (int i = 0; i < 2; ++i) {
        const auto what = static_cast<std::uint8_t>(1 + next_random(random) % 13);
        program.push_back(Operation{0, what, static_cast<std::uint8_t>(next_random(random)), 0});
    }
}

template <class System>
std::vector<std::string> run(System& system, const Program& program, Family family, unsigned pause) {
    const auto runner = std::make_unique<Runner<System>>(system, family, pause);
    std::vector<std::string> lines;
    for (const Operation& operation : program)
        lines.push_back(runner->step(operation));
    return lines;
}

#ifndef EDGECASE_TEST_BUILD_EPOLL
bool differs(const Program& program, Family family) {
    if (run_on_linux(program, family, 0) == run_on_model(program, family)) return false;
    if (family == Family::local) return true;
    // The loopback may have been late, and an acknowledgement may be delayed: by 40 ms, and by 200 ms where a
    // connection had long pauses before. Only what differs after each of these pauses counts.
    const std::vector<std::string> expected = run_on_model(program, family);
    for (const unsigned pause : {2U, 2U, 50U, 220U}) {
        if (run_on_linux(program, family, pause) == expected) return false;
    }
    return true;
}
#endif

} // namespace

Program random_program(std::uint64_t seed, unsigned length) {
    std::uint64_t random = seed;
    Program program;
    prologue(program, random);
    while (program.size() < length) {
        const std::uint64_t value = next_random(random);
        Operation operation;
        operation.kind = static_cast<std::uint8_t>(value);
        operation.a = static_cast<std::uint8_t>(value >> 8);
        operation.b = static_cast<std::uint8_t>(value >> 16);
        operation.c = static_cast<std::uint8_t>(value >> 24);
        program.push_back(operation);
    }
    return program;
}

std::vector<std::string> run_on_model(const Program& program, Family family) {
    ModelSystem system;
    return run(system, program, family, 0);
}

#ifndef EDGECASE_TEST_BUILD_EPOLL
std::vector<std::string> run_on_linux(const Program& program, Family family, unsigned pause) {
    RealSystem system;
    return run(system, program, family, pause);
}

std::string difference(const Program& given, Family family) {
    Program program = given;
    if (!differs(program, family)) return {};
    for (std::size_t chunk = program.size() / 2; chunk > 0; chunk /= 2) {
        for (std::size_t at = 0; at + chunk <= program.size();) {
            Program shorter = program;
            const auto from = shorter.begin() + static_cast<std::ptrdiff_t>(at);
            shorter.erase(from, from + static_cast<std::ptrdiff_t>(chunk));
            if (differs(shorter, family)) {
                program = shorter;
            } else {
                at += chunk;
            }
        }
    }
    const std::vector<std::string> real = run_on_linux(program, family, family == Family::tcp ? 220 : 0);
    const std::vector<std::string> model = run_on_model(program, family);
    std::string text;
    for (std::size_t i = 0; i < program.size(); ++i) {
        text += "  " + real[i];
        if (real[i] != model[i]) text += "      <- model: " + model[i];
        text += '\n';
    }
    return text;
}
#endif

} // namespace edgecase::fake::conformance
