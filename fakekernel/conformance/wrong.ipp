// What the operations of a program do with arguments that make no sense: numbers that are not open or are of another
// kind, null where bytes should be, sizes and counts at their limits, flags and commands that there are not. What would
// come into being by mistake must not block: flags are wrong, or complete.
#pragma once

#include <climits>

#include "fakekernel/conformance/runner.hpp"

namespace edgecase::fake::conformance {

template <class System> void Runner<System>::wrong(const Operation& operation) {
    const Operation rest{operation.deed, static_cast<std::uint8_t>(operation.a / 7), operation.b, operation.c,
                         operation.d};
    switch (operation.a % 7) {
    case 0: wrong_epoll(rest); break;
    case 1: wrong_creation(rest); break;
    case 2: wrong_transfer(rest); break;
    case 3: wrong_number(rest); break;
    case 4: wrong_socket(rest); break;
    case 5: wrong_timer_or_signal(rest); break;
    default: wrong_aio(rest); break;
    }
}

template <class System> void Runner<System>::wrong_epoll(const Operation& operation) {
    const int epfd = operation.a % 4 == 0 ? pick_bad(operation.b) : pick_or(operation.b, Thing::epoll);
    if (operation.a % 3 != 0) {
        constexpr int k_operations[] = {0, 1, 2, 3, 4, -1, 1, 3};
        constexpr std::uint32_t k_events[] = {k_epollexclusive | k_epolloneshot,
                                              k_epollexclusive | k_epollrdhup,
                                              k_epollexclusive | k_epollin | k_epollet | k_epollerr,
                                              k_epollexclusive | k_epollpri,
                                              0xffff'ffff,
                                              k_epollerr | k_epollhup,
                                              k_epollin,
                                              k_epolloneshot | k_epollin | 0x2000'0000 /* EPOLLWAKEUP */};
        const int op = k_operations[operation.c % 8];
        const int fd = pick_bad(operation.d);
        EpollEvent event{};
        event.events = k_events[operation.d / 4 % 8];
        event.data = ++serial_;
        const bool null = operation.c / 8 % 4 == 0;
        const long result = system_.epoll_ctl(epfd, op, fd, null ? nullptr : &event);
        if (null) {
            say("epoll_ctl(%d, %d, %d, null) = %ld", epfd, op, fd, result);
        } else {
            say("epoll_ctl(%d, %d, %d, %x, data %llu) = %ld", epfd, op, fd, event.events,
                static_cast<unsigned long long>(serial_), result);
        }
        return;
    }
    constexpr int k_counts[] = {0, -1, INT_MIN, 178'956'970, 178'956'971, INT_MAX, 1, 128};
    const int most = k_counts[operation.c % 8];
    EpollEvent events[128];
    const bool null = operation.d % 2 == 0;
    const long count = system_.epoll_wait(epfd, null ? nullptr : events, most);
    say("epoll_wait(%d, %s%d, 0 ms) = %ld", epfd, null ? "null, " : "", most, count);
    say_events(count, events);
}

template <class System> void Runner<System>::wrong_creation(const Operation& operation) {
    if (crowded()) return;
    int fds[2] = {-1, -1};
    switch (operation.a % 8) {
    case 0: {
        constexpr int k_sizes_asked[] = {0, -1, INT_MIN, INT_MAX, 1};
        const int size = k_sizes_asked[operation.b % 5];
        const long fd = system_.epoll_create(size);
        say("epoll_create(%d) = %ld", size, fd);
        keep(fd, Thing::epoll);
        break;
    }
    case 1: {
        constexpr int k_flags[] = {1, k_o_nonblock, -1, k_o_cloexec | 1, INT_MIN};
        const int flags = k_flags[operation.b % 5];
        say("epoll_create1(%x) = %ld", flags, system_.epoll_create1(flags));
        break;
    }
    case 2: {
        constexpr int k_flags[] = {2, 4, -1, k_efd_nonblock | 2, INT_MIN};
        const int flags = k_flags[operation.b % 5];
        say("eventfd(7, %x) = %ld", flags, system_.eventfd(7, flags));
        break;
    }
    case 3: {
        constexpr int k_o_direct = 040000;
        constexpr int k_flags[] = {1, 2, -1, k_o_append, k_o_nonblock, k_o_direct};
        const int flags = k_flags[operation.b % 6];
        if (flags == k_o_direct) return leave_out(Exclusion::packet_pipe);
        const bool null = operation.c % 2 == 0 || flags == k_o_nonblock;
        say("pipe2(%s%x) = %ld", null ? "null, " : "", flags, system_.pipe2(null ? nullptr : fds, flags));
        break;
    }
    case 4: {
        constexpr int k_types[] = {0, 4, 6, 10, 15, -1, k_sock_stream};
        const int type = k_types[operation.b % 7];
        constexpr int k_flags[] = {k_o_nonblock, 0x10, 0x4000, k_o_nonblock | 0x20};
        const int flags = k_flags[operation.c % 4];
        if (type == k_sock_stream && flags == k_o_nonblock) return;
        say("socketpair(%d, %x) = %ld", type, flags, system_.socketpair(type, flags, fds));
        break;
    }
    case 5: {
        constexpr int k_clocks[] = {2, 3, 4, -1, 99, 0, 8, 9, k_clock_monotonic};
        const int clock = k_clocks[operation.b % 9];
        constexpr int k_flags[] = {1, -1, k_o_nonblock | 2, k_o_append};
        const int flags = clock == k_clock_monotonic ? k_flags[operation.c % 4] : k_o_nonblock;
        if (clock == 0 || clock == 8 || clock == 9) return leave_out(Exclusion::wall_clock_timer);
        say("timerfd_create(%d, %x) = %ld", clock, flags, system_.timerfd_create(clock, flags));
        break;
    }
    case 6: {
        constexpr int k_flags[] = {1, -1, k_o_nonblock | 2, k_o_append};
        const int flags = k_flags[operation.b % 4];
        const SignalSet set = signal_set(operation.c);
        const int fd = operation.d % 2 == 0 ? -1 : pick_bad(operation.d);
        say("signalfd(%d, set, %x) = %ld", fd, flags, system_.signalfd(fd, &set, flags));
        break;
    }
    default: {
        const int fd = pick_bad(operation.b);
        say("signalfd(%d, null) = %ld", fd, system_.signalfd(fd, nullptr, k_o_nonblock));
        break;
    }
    }
}

template <class System> void Runner<System>::wrong_transfer(const Operation& operation) {
    const int fd = operation.a % 3 == 0 ? pick_bad(operation.b) : pick(operation.b);
    // Null with any size; what is there, with sizes that no buffer can have.
    constexpr std::size_t k_wrong_sizes[] = {
        0, 1, 7, 8, 16, 128, 4096, SIZE_MAX, static_cast<std::size_t>(LONG_MAX) + 1};
    const std::size_t size = k_wrong_sizes[operation.c % 9];
    const unsigned call = operation.d / 4 % 6;
    const bool huge = size > k_buffer_bytes;
    // Of a recv the size is cut to what is there, and a send looks for bytes where none are.
    const bool null = huge ? call == 2 : operation.d % 4 != 0;
    if (huge && call == 3) return;
    if (!huge && !null) fill(size);
    void* bytes = null ? nullptr : bytes_.data();
    if (is(fd, Thing::tcp) && !null && !huge) {
        if (tcp_bytes_ + size > k_most_tcp_bytes) return leave_out(Exclusion::full_tcp_buffer);
        tcp_bytes_ += size;
    }
    const char* what = null ? "null, " : "";
    switch (call) {
    case 0: say("read(%d, %s%zu bytes) = %ld", fd, what, size, system_.read(fd, bytes, size)); break;
    case 1: say("write(%d, %s%zu bytes) = %ld", fd, what, size, system_.write(fd, bytes, size)); break;
    case 2: say("recv(%d, %s%zu bytes) = %ld", fd, what, size, system_.recv(fd, bytes, size, 0)); break;
    case 3: say("send(%d, %s%zu bytes) = %ld", fd, what, size, system_.send(fd, bytes, size, 0)); break;
    case 4: {
        constexpr std::int64_t k_offsets[] = {0, -1, LONG_MIN, LONG_MAX, 5};
        const std::int64_t offset = k_offsets[operation.a % 5];
        say("pread(%d, %s%zu bytes, at %lld) = %ld", fd, what, size, static_cast<long long>(offset),
            system_.pread(fd, bytes, size, offset));
        break;
    }
    default: {
        const BytePiece pieces[2] = {{bytes, size}, {bytes_.data(), 0}};
        constexpr std::size_t k_counts[] = {0, 1, 2, 1025};
        const std::size_t count = k_counts[operation.a % 4];
        if (count == 1025) {
            const std::vector<BytePiece> many(count, BytePiece{bytes_.data(), 0});
            say("sendmsg(%d, 1025 pieces) = %ld", fd, system_.sendmsg(fd, many.data(), count, 0));
        } else {
            say("sendmsg(%d, %s%zu bytes, %zu pieces) = %ld", fd, what, size, count,
                system_.sendmsg(fd, pieces, count, 0));
        }
        break;
    }
    }
}

template <class System> void Runner<System>::wrong_number(const Operation& operation) {
    const int fd = pick_bad(operation.b);
    switch (operation.a % 8) {
    case 0:
        say("close(%d) = %ld", fd, system_.close(fd));
        forget(fd);
        break;
    case 1: {
        const int onto = pick_bad(operation.c);
        if (find(fd) != nullptr && onto == k_never_open) return;
        const long made = system_.dup2(fd, onto);
        say("dup2(%d, %d) = %ld", fd, onto, made);
        if (made >= 0 && fd != onto) {
            const Descriptor own = *find(fd);
            forget(onto);
            things_.push_back(Descriptor{onto, own.thing, own.listens, own.fresh});
        }
        break;
    }
    case 2: {
        constexpr int k_flags[] = {1, k_o_nonblock, -1, k_o_cloexec};
        const int flags = k_flags[operation.d % 4];
        say("dup3(%d, %d, %x) = %ld", fd, fd, flags, system_.dup3(fd, fd, flags));
        break;
    }
    case 3: {
        constexpr int k_arguments[] = {-1, 1024, INT_MIN, INT_MAX};
        const int argument = k_arguments[operation.d % 4];
        say("fcntl(%d, DUPFD, %d) = %ld", fd, argument, system_.fcntl(fd, k_f_dupfd, argument));
        break;
    }
    case 4: {
        constexpr int k_commands[] = {99, -1, INT_MAX, 2000};
        const int command = k_commands[operation.d % 4];
        say("fcntl(%d, %d, 0) = %ld", fd, command, system_.fcntl(fd, command, 0));
        break;
    }
    case 5: say("ioctl(%d, FIONBIO, 1) = %ld", fd, system_.fionbio(fd, 1)); break;
    case 6: {
        say("poll(%d) = %lx", fd, static_cast<unsigned long>(system_.poll(fd, k_everything_polled)));
        break;
    }
    default:
        say("dup(%d)", k_never_open);
        say(" = %ld", system_.dup(k_never_open));
        break;
    }
}

template <class System> void Runner<System>::wrong_socket(const Operation& operation) {
    const int fd = pick_bad(operation.b);
    const bool named_datagram = is(fd, Thing::unix_dgram);
    switch (operation.a % 10) {
    case 0: {
        constexpr int k_flags[] = {1, -1, k_o_nonblock | 2, k_o_append};
        const int flags = k_flags[operation.c % 4];
        say("accept4(%d, %x) = %ld", fd, flags, system_.accept4(fd, flags));
        break;
    }
    case 1:
        if (!crowded()) {
            const Descriptor* own = find(fd);
            const Thing thing = own == nullptr ? Thing::other : own->thing;
            const long made = system_.accept4(fd, k_o_nonblock);
            say("accept4(%d, nonblock) = %ld", fd, made);
            keep(made, thing);
        }
        break;
    case 2: {
        constexpr int k_hows[] = {-1, 3, INT_MIN, INT_MAX};
        const int how = k_hows[operation.c % 4];
        say("shutdown(%d, %d) = %ld", fd, how, system_.shutdown(fd, how));
        break;
    }
    case 3: say("SO_ERROR of %d = %ld", fd, system_.so_error(fd)); break;
    case 4:
        if (!is(fd, Thing::tcp)) say("listen(%d, -1) = %ld", fd, system_.listen(fd, -1));
        break;
    case 5: {
        if (named_datagram) return leave_out(Exclusion::unix_datagram_name);
        const bool inet = is(fd, Thing::tcp) || is(fd, Thing::udp);
        say("bind(%d, %d) = %ld", fd, inet ? 0 : 1, system_.bind(fd, inet ? 0 : 1));
        if (is(fd, Thing::udp)) udp_ports_.push_back(static_cast<std::uint16_t>(system_.port(fd)));
        break;
    }
    case 6:
        if (named_datagram) return leave_out(Exclusion::unix_datagram_name);
        if (!is(fd, Thing::tcp) && !is(fd, Thing::udp)) {
            say("connect(%d, name 77) = %ld", fd, system_.connect(fd, 77));
        }
        break;
    case 7: {
        constexpr int k_bytes[] = {0, -1, INT_MAX, INT_MIN, 1};
        const int bytes = k_bytes[operation.c % 5];
        say("SO_RCVLOWAT of %d, %d = %ld", fd, bytes, system_.set_rcvlowat(fd, bytes));
        break;
    }
    case 8: say("SO_LINGER of %d, off = %ld", fd, system_.set_linger(fd, false, 0)); break;
    default: {
        if (find(fd) != nullptr) return;
        std::uint16_t port = 0;
        say("recvfrom(%d) = %ld", fd, system_.recvfrom(fd, bytes_.data(), 8, 0, &port));
        say("; sendto(%d) = %ld", fd, system_.sendto(fd, bytes_.data(), 8, 9));
        break;
    }
    }
}

template <class System> void Runner<System>::wrong_timer_or_signal(const Operation& operation) {
    const int fd = operation.b % 2 == 0 ? pick_bad(operation.b) : pick_or(operation.b, Thing::timer);
    switch (operation.a % 8) {
    case 0:
        say("timerfd_settime(%d, null) = %ld", fd, system_.timerfd_settime(fd, 0, nullptr, nullptr));
        break;
    case 1:
    case 2: {
        constexpr TimerSpec k_specs[] = {
            {{0, 0}, {0, 1'000'000'000}},
            {{0, 0}, {0, -1}},
            {{0, 0}, {-1, 0}},
            {{0, -1}, {1000, 0}},
            {{-1, 0}, {1000, 0}},
            {{0, 1'000'000'000}, {0, 0}},
            {{0, 0}, {INT64_MAX, 0}},
            {{0, 0}, {INT64_MAX, 999'999'999}},
        };
        const TimerSpec spec = k_specs[operation.c % 8];
        say("timerfd_settime(%d, strange time %d) = %ld", fd, operation.c % 8,
            system_.timerfd_settime(fd, 0, &spec, nullptr));
        break;
    }
    case 3: {
        constexpr int k_flags[] = {4, -1, 8, INT_MIN};
        const TimerSpec spec{{0, 0}, {1000, 0}};
        const int flags = k_flags[operation.c % 4];
        say("timerfd_settime(%d, %x) = %ld", fd, flags, system_.timerfd_settime(fd, flags, &spec, nullptr));
        break;
    }
    case 4: say("timerfd_gettime(%d, null) = %ld", fd, system_.timerfd_gettime(fd, nullptr)); break;
    case 5: {
        constexpr int k_numbers[] = {0, 65, -1, INT_MAX, INT_MIN};
        const int number = k_numbers[operation.c % 5];
        say("kill(%d) = %ld", number, system_.kill_self(number));
        break;
    }
    case 6: {
        constexpr int k_numbers[] = {0, 65, -1, 9, 19, INT_MAX};
        const int number = k_numbers[operation.c % 6];
        say("sigaction(%d, ignore) = %ld", number, system_.sigaction(number, SignalAction::ignore));
        break;
    }
    default: {
        constexpr int k_hows[] = {3, -1, 99};
        const int how = k_hows[operation.c % 3];
        SignalSet old = 0;
        say("sigprocmask(%d) = %ld", how, system_.sigprocmask(how, &k_all_signals, &old));
        say("; sigprocmask(%d, null) = %ld", how, system_.sigprocmask(how, nullptr, &old));
        say(" %llx", static_cast<unsigned long long>(old));
        break;
    }
    }
}

template <class System> void Runner<System>::wrong_aio(const Operation& operation) {
    AioCompletion completions[2];
    constexpr long k_counts[] = {-1, 0, LONG_MIN, 1};
    const long count = k_counts[operation.c % 4];
    AioControlBlock block;
    AioControlBlock* list[] = {&block};
    block.fd = static_cast<std::uint32_t>(pick_bad(operation.b));
    switch (operation.a % 8) {
    case 0: {
        AioContextId context = operation.c % 2;
        const unsigned requests = operation.c % 2 != 0 ? 4U : (operation.d % 2 == 0 ? 0U : 0xffff'ffffU);
        say("io_setup(%u, %llu) = %ld", requests, static_cast<unsigned long long>(context),
            system_.io_setup(requests, &context));
        break;
    }
    case 1: say("io_setup(4, null) = %ld", system_.io_setup(4, nullptr)); break;
    case 2: say("io_submit(0, %ld) = %ld", count, system_.io_submit(0, count, list)); break;
    case 3: say("io_submit(%ld, null) = %ld", count, system_.io_submit(aio_, count, nullptr)); break;
    case 4: say("io_getevents(0, 0, 1) = %ld", system_.io_getevents(0, 0, 1, completions)); break;
    case 5: {
        const long least = k_counts[operation.d % 4];
        if (count == 1 && least <= 1) return; // that is none of the wrong ones
        say("io_getevents(%ld, %ld) = %ld", least, count,
            system_.io_getevents(aio_, least, count, completions));
        break;
    }
    case 6: {
        const AioContextId nobody = operation.c % 2 == 0 ? 0 : 12'345'678;
        say("io_destroy(%llu) = %ld", static_cast<unsigned long long>(nobody), system_.io_destroy(nobody));
        break;
    }
    default: {
        constexpr std::uint16_t k_opcodes[] = {99, 6, 4, 0, 0, 0};
        block.opcode = k_opcodes[operation.c % 6];
        if (operation.c % 6 == 3) block.reserved = 1;
        if (operation.c % 6 == 4) block.size = static_cast<std::uint64_t>(-1);
        if (operation.c % 6 == 5) {
            block.flags = k_aio_resfd;
            block.resfd = static_cast<std::uint32_t>(pick_bad(operation.d));
            block.offset = -1;
        }
        say("io_submit(pread %d, strange %d) = %ld", static_cast<int>(block.fd), operation.c % 6,
            system_.io_submit(aio_, 1, list));
        break;
    }
    }
}

} // namespace edgecase::fake::conformance
