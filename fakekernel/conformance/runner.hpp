// Runs programs on one system, and writes down each call and its answer. What the operations' numbers mean is
// decided here, from the descriptors that there are; it depends on the answers, so both systems run the same
// calls as long as they agree.
#pragma once

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fakekernel/conformance/program.hpp"
#include "fakekernel/conformance/system.hpp"

namespace edgecase::fake::conformance {

// What operations choose from.
inline constexpr std::uint32_t k_masks[] = {
    k_epollin,
    k_epollout,
    k_epollin | k_epollout,
    k_epollin | k_epollrdhup,
    k_epollin | k_epollout | k_epollpri | k_epollrdhup,
    k_epollrdhup,
    k_epollpri,
    k_epollin | k_epollrdnorm | k_epollrdband | k_epollwrnorm | k_epollmsg,
    0,
    k_epollin | 0x0000'8800, // bits that mean nothing (S-16)
};
inline constexpr std::uint32_t k_modes[] = {
    0,         k_epollet, k_epolloneshot, k_epollet | k_epolloneshot,
    k_epollet, 0,         k_epollet,      k_epollexclusive | k_epollet,
};
// The signals that a program sends itself: two standard ones and a realtime one, and how it stands to them at first.
inline constexpr int k_signals[] = {10, 12, 34};
inline constexpr SignalSet k_all_signals = signal_bit(10) | signal_bit(12) | signal_bit(34);
inline constexpr std::size_t k_sizes[] = {1, 8, 8, 64, 100, 700, 4096, 5000, 9000, 40'000, 0, 3};
inline constexpr std::size_t k_small_sizes[] = {1, 8, 8, 64, 100, 300, 2, 3, 700, 8, 0, 3};
inline constexpr std::uint32_t k_everything_polled = k_epollin | k_epollout | k_epollpri | k_epollrdhup |
                                                     k_epollrdnorm | k_epollrdband | k_epollwrnorm |
                                                     k_epollwrband;

template <class System> class Runner {
public:
    explicit Runner(System& system) : system_(system) {}

    // On a system that has just been restarted. Pauses are for a real kernel that is late: so many milliseconds
    // after each operation.
    void run(const Program& program, Family family, unsigned pause_ms, Answers& answers);

private:
    static constexpr std::size_t k_most_descriptors = 14;
    static constexpr std::size_t k_buffer_bytes = 65'536;
    static constexpr std::size_t k_most_tcp_bytes = 40'000; // sent in one program
    static constexpr int k_never_open = 99;
    static constexpr unsigned k_most_aio = 8; // requests whose completions nobody took

    // What a program has made, by number.
    enum class Thing : std::uint8_t { epoll, tcp, udp, unix_socket, unix_dgram, timer, file, event, other };
    struct Descriptor {
        int fd;
        Thing thing;
        bool listens = false;
        bool fresh = false; // a socket that nothing has been done with
    };

    void forget_everything();
    void act(const Operation& operation);

    // Descriptors.
    [[nodiscard]] bool crowded() const { return things_.size() >= k_most_descriptors; }
    [[nodiscard]] int pick(std::uint8_t which) const;
    [[nodiscard]] int pick_or(std::uint8_t which, Thing thing) const; // any if there is no such thing
    [[nodiscard]] int pick_listener(std::uint8_t which) const;
    [[nodiscard]] int pick_fresh(std::uint8_t which) const;
    [[nodiscard]] bool has(Thing thing) const;
    [[nodiscard]] int pick_bad(std::uint8_t which) const; // also numbers that are not open
    [[nodiscard]] const Descriptor* find(int fd) const;
    [[nodiscard]] bool is(int fd, Thing thing) const;
    void keep(long fd, Thing thing);
    void keep_pair(long result, const int* fds, Thing thing);
    void forget(int fd);
    void settle();

    // Text.
    void say(const char* format, ...) __attribute__((format(printf, 2, 3)));
    void say_bytes(long count);
    void say_events(long count, const EpollEvent* events);
    void leave_out(Exclusion exclusion);

    // Deeds.
    void make(const Operation& operation);
    void make_timer(std::uint8_t which, int flags);
    void make_file(std::uint8_t which);
    void make_socket(bool tcp, std::uint8_t which, int flags);
    void make_tcp_pair();
    void make_udp_pair();
    void make_listener(bool tcp, const Operation& operation);
    void control(const Operation& operation);
    void wait(const Operation& operation);
    void put(const Operation& operation);
    void put_all(int fd, std::size_t size);
    void take(const Operation& operation);
    void take_all(int fd);
    void fill(std::size_t size);
    void timer(const Operation& operation);
    void signal(const Operation& operation);
    void sleep(const Operation& operation);
    void end(const Operation& operation);
    void look(const Operation& operation);
    void copy(const Operation& operation);
    void network(const Operation& operation);
    void connect(const Operation& operation);
    void datagram(const Operation& operation);
    void file(const Operation& operation);
    void submit(const Operation& operation);
    void collect(const Operation& operation);
    void fork(const Operation& operation);
    void limit(const Operation& operation);
    void option(const Operation& operation);
    void wrong(const Operation& operation);
    void wrong_epoll(const Operation& operation);
    void wrong_creation(const Operation& operation);
    void wrong_transfer(const Operation& operation);
    void wrong_number(const Operation& operation);
    void wrong_socket(const Operation& operation);
    void wrong_timer_or_signal(const Operation& operation);
    void wrong_aio(const Operation& operation);
    static SignalSet signal_set(std::uint8_t which);

    System& system_;
    Family family_ = Family::local;
    Answers* answers_ = nullptr;
    std::string* line_ = nullptr;
    std::vector<Descriptor> things_;
    std::vector<std::uint16_t> udp_ports_; // in the order of binding, also of sockets that are closed
    std::uint16_t names_ = 0;              // of unix listeners
    std::uint16_t tcp_port_ = 0;
    std::size_t tcp_bytes_ = 0;
    bool forked_ = false;
    std::uint64_t serial_ = 0;
    std::uint32_t counter_ = 0;
    AioContextId aio_ = 0;
    unsigned aio_waiting_ = 0;
    std::array<AioControlBlock, 64> blocks_{};
    std::uint64_t requests_ = 0;
    std::array<std::array<unsigned char, 64>, 64> aio_bytes_{};
    std::vector<unsigned char> bytes_ = std::vector<unsigned char>(k_buffer_bytes);
};

extern template class Runner<ModelSystem>;

} // namespace edgecase::fake::conformance
