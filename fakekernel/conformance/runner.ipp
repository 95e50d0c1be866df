// What the operations of a program do. The files included at the end have what is about the network, about regular
// files, and the arguments that make no sense.
#pragma once

#include <algorithm>
#include <cstdio>

#include "fakekernel/conformance/runner.hpp"

namespace edgecase::fake::conformance {

template <class System>
void Runner<System>::run(const Program& program, Family family, unsigned pause_ms, Answers& answers) {
    forget_everything();
    family_ = family;
    answers_ = &answers;
    answers.excluded = 0;
    answers.calls = 0;
    answers.moved = false;
    answers.lines.resize(program.size());
    aio_ = system_.aio_context();
    system_.sigprocmask(k_sig_block, &k_all_signals, nullptr);
    for (std::size_t i = 0; i < program.size(); ++i) {
        line_ = &answers.lines[i];
        line_->clear();
        act(program[i]);
        settle();
        if (pause_ms != 0) system_.settle(pause_ms);
    }
    if (forked_) system_.end_child();
}

template <class System> void Runner<System>::forget_everything() {
    things_.clear();
    udp_ports_.clear();
    names_ = tcp_port_ = 0;
    tcp_bytes_ = 0;
    forked_ = false;
    serial_ = 0;
    counter_ = 0;
    aio_waiting_ = 0;
    requests_ = 0;
}

template <class System> void Runner<System>::act(const Operation& operation) {
    switch (operation.deed) {
    case Deed::make: make(operation); break;
    case Deed::control: control(operation); break;
    case Deed::wait: wait(operation); break;
    case Deed::put: put(operation); break;
    case Deed::take: take(operation); break;
    case Deed::timer: timer(operation); break;
    case Deed::signal: signal(operation); break;
    case Deed::sleep: sleep(operation); break;
    case Deed::end: end(operation); break;
    case Deed::look: look(operation); break;
    case Deed::copy: copy(operation); break;
    case Deed::network: network(operation); break;
    case Deed::file: file(operation); break;
    case Deed::fork: fork(operation); break;
    case Deed::limit: limit(operation); break;
    case Deed::option: option(operation); break;
    case Deed::wrong: wrong(operation); break;
    }
}

template <class System> int Runner<System>::pick(std::uint8_t which) const {
    return things_.empty() ? k_never_open : things_[which % things_.size()].fd;
}

template <class System> int Runner<System>::pick_or(std::uint8_t which, Thing thing) const {
    const auto count = static_cast<unsigned>(std::count_if(
        things_.begin(), things_.end(), [&](const Descriptor& own) { return own.thing == thing; }));
    if (count == 0) return pick(which);
    unsigned left = which % count;
    for (const Descriptor& own : things_) {
        if (own.thing == thing && left-- == 0) return own.fd;
    }
    return k_never_open;
}

template <class System> int Runner<System>::pick_listener(std::uint8_t which) const {
    for (std::size_t i = 0; i < things_.size(); ++i) {
        const Descriptor& own = things_[(which + i) % things_.size()];
        if (own.listens) return own.fd;
    }
    return pick(which);
}

template <class System> int Runner<System>::pick_fresh(std::uint8_t which) const {
    for (std::size_t i = 0; i < things_.size(); ++i) {
        const Descriptor& own = things_[(which + i) % things_.size()];
        if (own.fresh) return own.fd;
    }
    return pick(which);
}

template <class System> bool Runner<System>::has(Thing thing) const {
    return std::any_of(things_.begin(), things_.end(),
                       [&](const Descriptor& own) { return own.thing == thing; });
}

template <class System> int Runner<System>::pick_bad(std::uint8_t which) const {
    constexpr int k_bad[] = {-1, k_never_open, 1 << 20, 0x7fff'ffff, -2147483647 - 1, 1024};
    return which % 4 == 0 ? k_bad[which / 4 % 6] : pick(static_cast<std::uint8_t>(which / 4));
}

template <class System> const typename Runner<System>::Descriptor* Runner<System>::find(int fd) const {
    const auto found =
        std::find_if(things_.begin(), things_.end(), [&](const Descriptor& own) { return own.fd == fd; });
    return found == things_.end() ? nullptr : &*found;
}

template <class System> bool Runner<System>::is(int fd, Thing thing) const {
    const Descriptor* own = find(fd);
    return own != nullptr && own->thing == thing;
}

template <class System> void Runner<System>::keep(long fd, Thing thing) {
    if (fd >= 0) things_.push_back(Descriptor{static_cast<int>(fd), thing});
}

template <class System> void Runner<System>::keep_pair(long result, const int* fds, Thing thing) {
    if (result < 0) return;
    say(" [%d %d]", fds[0], fds[1]);
    keep(fds[0], thing);
    keep(fds[1], thing);
}

template <class System> void Runner<System>::forget(int fd) {
    std::erase_if(things_, [fd](const Descriptor& own) { return own.fd == fd; });
}

// What the network brings is there when two looks in a row see the same; of other descriptors a look has effects.
template <class System> void Runner<System>::settle() {
    std::array<int, 2 * k_most_descriptors> fds{};
    std::size_t count = 0;
    for (const Descriptor& own : things_) {
        if ((own.thing == Thing::tcp || own.thing == Thing::udp) && count < fds.size()) fds[count++] = own.fd;
    }
    if (count != 0 && !system_.settle_masks(fds.data(), count)) answers_->moved = true;
}

template <class System> void Runner<System>::say(const char* format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    const int size = std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    line_->append(text, std::min<std::size_t>(sizeof text - 1, static_cast<std::size_t>(std::max(size, 0))));
    if (format[0] != ' ') ++answers_->calls;
}

template <class System> void Runner<System>::say_bytes(long count) {
    std::uint32_t sum = 0;
    for (long i = 0; i < count && i < static_cast<long>(k_buffer_bytes); ++i)
        sum = sum * 31 + bytes_[static_cast<std::size_t>(i)];
    say(" #%x", sum);
}

template <class System> void Runner<System>::say_events(long count, const EpollEvent* events) {
    for (long i = 0; i < count; ++i) {
        const EpollEvent event = events[i];
        say(" %llu:%x", static_cast<unsigned long long>(event.data), event.events);
    }
}

template <class System> void Runner<System>::leave_out(Exclusion exclusion) {
    answers_->excluded |= 1U << static_cast<unsigned>(exclusion);
    say(" (%s left out)", k_exclusions[static_cast<unsigned>(exclusion)].name.data());
}

// Making.

template <class System> void Runner<System>::make(const Operation& operation) {
    if (crowded()) return;
    int fds[2] = {-1, -1};
    const bool inet = family_ == Family::inet;
    const int close_on_exec = operation.d % 8 == 0 ? k_o_cloexec : 0;
    switch (operation.a % 16) {
    case 0: {
        const long fd = system_.epoll_create1(close_on_exec);
        say("epoll_create1(%x) = %ld", close_on_exec, fd);
        keep(fd, Thing::epoll);
        break;
    }
    case 1: {
        constexpr unsigned k_initial[] = {0, 1, 2, 0, 0xffff'ffff, 0};
        const unsigned initial = k_initial[operation.b % 6];
        const int flags = k_efd_nonblock | (operation.c % 2) | close_on_exec;
        const long fd = system_.eventfd(initial, flags);
        say("eventfd(%u, %x) = %ld", initial, flags, fd);
        keep(fd, Thing::event);
        break;
    }
    case 2: {
        const long result = system_.pipe2(fds, k_o_nonblock | close_on_exec);
        say("pipe2(%x) = %ld", k_o_nonblock | close_on_exec, result);
        keep_pair(result, fds, Thing::other);
        break;
    }
    case 3:
    case 4:
    case 5:
    case 6: {
        constexpr int k_types[] = {k_sock_stream, k_sock_stream, k_sock_dgram, k_sock_seqpacket};
        const int type = k_types[operation.a % 16 - 3];
        const long result = system_.socketpair(type, k_o_nonblock | close_on_exec, fds);
        say("socketpair(%d, %x) = %ld", type, k_o_nonblock | close_on_exec, result);
        keep_pair(result, fds, type == k_sock_dgram ? Thing::unix_dgram : Thing::unix_socket);
        break;
    }
    case 7: {
        const SignalSet set = signal_set(operation.b);
        const long fd = system_.signalfd(-1, &set, k_o_nonblock | close_on_exec);
        say("signalfd(-1, %llx) = %ld", static_cast<unsigned long long>(set), fd);
        keep(fd, Thing::other);
        break;
    }
    case 8: make_timer(operation.b, close_on_exec); break;
    case 9: make_file(operation.b); break;
    case 10:
    case 11: make_listener(inet && operation.b % 4 != 0, operation); break;
    case 12: make_socket(inet && operation.b % 4 != 0, operation.c, close_on_exec); break;
    case 13:
        if (inet) make_udp_pair();
        break;
    case 14:
        if (inet) {
            const long fd = system_.socket(FileKind::udp, k_o_nonblock | close_on_exec);
            say("socket(udp) = %ld", fd);
            keep(fd, Thing::udp);
        }
        break;
    default:
        if (inet) make_tcp_pair();
        break;
    }
}

template <class System> void Runner<System>::make_timer(std::uint8_t which, int flags) {
    const int clock = which % 2 == 0 ? k_clock_monotonic : k_clock_boottime;
    const long fd = system_.timerfd_create(clock, k_o_nonblock | flags);
    say("timerfd_create(%d) = %ld", clock, fd);
    keep(fd, Thing::timer);
}

template <class System> void Runner<System>::make_file(std::uint8_t which) {
    const std::size_t size = k_sizes[which % 12];
    const long fd = system_.regular_file(size);
    say("file of %zu bytes = %ld", size, fd);
    keep(fd, Thing::file);
}

// epoll.

template <class System> void Runner<System>::control(const Operation& operation) {
    const int epfd = pick_or(operation.a, Thing::epoll);
    const int fd = pick(operation.b);
    EpollEvent event{};
    event.events = k_masks[operation.c % 10] | k_modes[operation.d % 8];
    if (operation.c >= 240) event.events = k_epollin | k_epollout | k_epollexclusive;
    event.data = ++serial_;
    const unsigned kind = operation.d / 8;
    const int op = kind % 4 == 0 ? k_epoll_ctl_mod : (kind % 16 == 1 ? k_epoll_ctl_del : k_epoll_ctl_add);
    const char* name = op == k_epoll_ctl_add ? "ADD" : (op == k_epoll_ctl_mod ? "MOD" : "DEL");
    const long result = system_.epoll_ctl(epfd, op, fd, &event);
    say("epoll_ctl(%d, %s, %d, %x, data %llu) = %ld", epfd, name, fd, event.events,
        static_cast<unsigned long long>(serial_), result);
}

template <class System> void Runner<System>::wait(const Operation& operation) {
    const int epfd = pick_or(operation.a, Thing::epoll);
    EpollEvent events[128];
    const int most = operation.b % 5 == 0 ? 1 + operation.c % 3 : 128;
    const long count = system_.epoll_wait(epfd, events, most);
    say("epoll_wait(%d, %d, 0 ms) = %ld", epfd, most, count);
    say_events(count, events);
}

// Bytes.

// A sequence that goes on from call to call; 8 bytes are a small number, for eventfds.
template <class System> void Runner<System>::fill(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        bytes_[i] = static_cast<unsigned char>(++counter_);
    if (size == 8) std::fill(bytes_.begin() + 1, bytes_.begin() + 8, static_cast<unsigned char>(0));
}

template <class System> void Runner<System>::put(const Operation& operation) {
    const int fd = pick(operation.a);
    const bool tcp = is(fd, Thing::tcp);
    const std::size_t size =
        tcp || is(fd, Thing::udp) ? k_small_sizes[operation.b % 12] : k_sizes[operation.b % 12];
    if (tcp && tcp_bytes_ + size > k_most_tcp_bytes) return leave_out(Exclusion::full_tcp_buffer);
    if (tcp) tcp_bytes_ += size;
    fill(size);
    if (operation.c % 16 == 9 && !tcp && !is(fd, Thing::udp)) return put_all(fd, size);
    if (is(fd, Thing::event) && operation.c % 16 == 3) {
        // Up to the brim: what is left is 0, 1 or 2.
        const std::uint64_t value = ~std::uint64_t{0} - operation.d % 4;
        say("write(%d, %llx) = %ld", fd, static_cast<unsigned long long>(value),
            system_.write(fd, &value, 8));
        return;
    }
    if (operation.c % 2 == 0) {
        say("write(%d, %zu bytes) = %ld", fd, size, system_.write(fd, bytes_.data(), size));
        return;
    }
    if (operation.c % 16 == 5) {
        const BytePiece pieces[3] = {{bytes_.data(), size / 2},
                                     {bytes_.data() + size / 2, 0},
                                     {bytes_.data() + size / 2, size - size / 2}};
        say("sendmsg(%d, %zu bytes in 3 pieces) = %ld", fd, size, system_.sendmsg(fd, pieces, 3, 0));
        return;
    }
    int flags = operation.c % 14 == 1 ? k_msg_oob : (operation.c % 14 == 3 ? k_msg_dontwait : 0);
    if (flags == k_msg_oob && (is(fd, Thing::unix_socket) || is(fd, Thing::unix_dgram))) {
        if (operation.d % 16 == 0) return leave_out(Exclusion::urgent_on_unix);
        flags = 0;
    }
    say("send(%d, %zu bytes, %x) = %ld", fd, size, flags, system_.send(fd, bytes_.data(), size, flags));
}

// Until there is no room.
template <class System> void Runner<System>::put_all(int fd, std::size_t size) {
    constexpr int k_most = 80;
    long total = 0;
    long result = 0;
    int times = 0;
    while (times < k_most && (result = system_.write(fd, bytes_.data(), size)) > 0) {
        total += result;
        ++times;
    }
    say("write(%d, %zu bytes) %d times, %ld bytes; then = %ld", fd, size, times, total, result);
}

// Until there is nothing left.
template <class System> void Runner<System>::take_all(int fd) {
    constexpr int k_most = 80;
    long result = 0;
    int times = 0;
    while (times < k_most && (result = system_.read(fd, bytes_.data(), 4096)) > 0) {
        say(" %ld", result);
        ++times;
    }
    say("read(%d, 4096 bytes) %d times; then = %ld", fd, times, result);
}

template <class System> void Runner<System>::take(const Operation& operation) {
    const int fd = pick(operation.a);
    const std::size_t size = k_sizes[operation.b % 12];
    constexpr int k_flags[] = {0,
                               0,
                               k_msg_oob,
                               0,
                               k_msg_peek,
                               0,
                               k_msg_dontwait,
                               k_msg_trunc,
                               0,
                               k_msg_waitall,
                               0,
                               k_msg_peek | k_msg_trunc};
    const bool read = operation.c % 2 == 0;
    if (operation.c % 16 == 8 && !is(fd, Thing::file)) return take_all(fd);
    int flags = k_flags[operation.c / 2 % 12];
    if (!read && flags == k_msg_oob && (is(fd, Thing::unix_socket) || is(fd, Thing::unix_dgram))) {
        if (operation.d % 16 == 0) return leave_out(Exclusion::urgent_on_unix);
        flags = 0;
    }
    std::fill(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size),
              static_cast<unsigned char>(0));
    const long count =
        read ? system_.read(fd, bytes_.data(), size) : system_.recv(fd, bytes_.data(), size, flags);
    // In records of a signalfd the number of the process that sent the signal is another on each system.
    if (count >= 128 && count % 128 == 0 && is(fd, Thing::other)) {
        for (long at = 0; at < count; at += 128)
            std::fill(bytes_.begin() + at + 12, bytes_.begin() + at + 16, static_cast<unsigned char>(0));
    }
    if (read) {
        say("read(%d, %zu bytes) = %ld", fd, size, count);
    } else {
        say("recv(%d, %zu bytes, %x) = %ld", fd, size, flags, count);
    }
    say_bytes(std::min(count, static_cast<long>(size)));
}

// Time and signals.

template <class System> SignalSet Runner<System>::signal_set(std::uint8_t which) {
    return which % 4 == 3 ? k_all_signals : signal_bit(k_signals[which % 4]);
}

// Timers are set to the past, which makes them expire at once, or to a time that does not come, or to a few
// milliseconds, which are then waited for.
template <class System> void Runner<System>::timer(const Operation& operation) {
    if (!has(Thing::timer) && !crowded()) return make_timer(operation.b, 0);
    const int fd = pick_or(operation.a, Thing::timer);
    if (operation.b % 8 == 7) {
        TimerSpec spec;
        const long result = system_.timerfd_gettime(fd, &spec);
        say("timerfd_gettime(%d) = %ld", fd, result);
        return;
    }
    TimerSpec old;
    TimerSpec spec{{operation.c % 3 == 0 ? 1'000'000'000 : 0, 0}, {0, 1}};
    if (operation.b % 32 == 6) {
        // The later one first: they come in the order of their deadlines (S-137).
        const int other = pick_or(static_cast<std::uint8_t>(operation.a + 1), Thing::timer);
        spec.value = {0, 2'000'000};
        say("timerfd_settime(%d, 2 ms) = %ld", fd, system_.timerfd_settime(fd, 0, &spec, nullptr));
        spec.value = {0, 1'000'000};
        say("; timerfd_settime(%d, 1 ms) = %ld; 4 ms pass", other,
            system_.timerfd_settime(other, 0, &spec, nullptr));
        system_.pass(4);
        return;
    }
    int flags = k_tfd_timer_abstime;
    if (operation.c % 4 == 1) {
        flags = 0;
        spec.value = {1000, 0};
    }
    if (operation.c % 4 == 2) spec.value = {0, 0};
    const long result = system_.timerfd_settime(fd, flags, &spec, operation.d % 2 == 0 ? &old : nullptr);
    say("timerfd_settime(%d, %x, %lld s %lld ns) = %ld", fd, flags,
        static_cast<long long>(spec.value.seconds), static_cast<long long>(spec.value.nanoseconds), result);
    if (operation.d % 2 == 0 && result == 0) {
        say(" (was %s)", old.value.seconds == 0 && old.value.nanoseconds == 0 ? "off" : "on");
    }
    if (result == 0 && spec.value.nanoseconds == 1) system_.await_readable(fd);
}

template <class System> void Runner<System>::signal(const Operation& operation) {
    const int number = k_signals[operation.b % 3];
    const SignalSet set = signal_bit(number);
    switch (operation.a % 10) {
    case 0: {
        const int fd = pick(operation.c);
        const SignalSet wanted = signal_set(operation.d);
        say("signalfd(%d, %llx) = %ld", fd, static_cast<unsigned long long>(wanted),
            system_.signalfd(fd, &wanted, 0));
        break;
    }
    case 1:
    case 2: {
        // With a handler first: by default they end the process.
        say("sigaction(%d, handler) = %ld", number, system_.sigaction(number, SignalAction::handler));
        break;
    }
    case 3:
        say("sigaction(%d, ignore) = %ld", number, system_.sigaction(number, SignalAction::ignore));
        break;
    case 4: {
        const SignalAction action = operation.c % 2 == 0 ? SignalAction::handler : SignalAction::ignore;
        system_.sigaction(number, action);
        say("unblock %d, %s = %ld", number, action == SignalAction::handler ? "handler" : "ignored",
            system_.sigprocmask(k_sig_unblock, &set, nullptr));
        say(", handled %u times", system_.handled(number));
        system_.sigprocmask(k_sig_block, &set, nullptr);
        break;
    }
    default: say("kill(%d) = %ld", number, system_.kill_self(number)); break;
    }
    say("; pending %llx", static_cast<unsigned long long>(system_.pending()));
}

template <class System> void Runner<System>::sleep(const Operation& operation) {
    constexpr int k_alarm = 14;
    const int epfd = pick_or(operation.a, Thing::epoll);
    EpollEvent events[128];
    long count = 0;
    switch (operation.b % 4) {
    case 0: // it goes off again, so that a late sleeper is interrupted too
        system_.sigaction(k_alarm, SignalAction::handler);
        system_.setitimer(1000, 2000);
        count = system_.sleep_in_wait(epfd, events, 128, 1000);
        system_.setitimer(0, 0);
        say("epoll_wait(%d, 1000 ms), an alarm after 1 ms = %ld", epfd, count);
        break;
    case 1:
        system_.sigaction(k_alarm, SignalAction::ignore);
        system_.setitimer(1000, 0);
        count = system_.sleep_in_wait(epfd, events, 128, 2);
        system_.setitimer(0, 0);
        say("epoll_wait(%d, 2 ms), an alarm that is ignored = %ld", epfd, count);
        break;
    case 2: {
        const int fd = pick_or(operation.c, Thing::timer);
        const TimerSpec spec{{0, 0}, {0, 1'000'000}};
        const long result = system_.timerfd_settime(fd, 0, &spec, nullptr);
        count = system_.sleep_in_wait(epfd, events, 128, 5);
        if (result == 0) system_.await_readable(fd);
        say("timerfd_settime(%d, 1 ms) = %ld; epoll_wait(%d, 5 ms) = %ld", fd, result, epfd, count);
        break;
    }
    default:
        system_.kill_self(k_signals[operation.c % 3]); // blocked: it waits
        count = system_.sleep_in_wait(epfd, events, 128, 1);
        say("epoll_wait(%d, 1 ms), a signal that is blocked = %ld", epfd, count);
        break;
    }
    say_events(count, events);
}

// Ends and copies.

template <class System> void Runner<System>::end(const Operation& operation) {
    const int fd = pick(operation.a);
    if (operation.b % 2 == 0) {
        const int how = operation.c % 3;
        say("shutdown(%d, %d) = %ld", fd, how, system_.shutdown(fd, how));
        return;
    }
    say("close(%d) = %ld", fd, system_.close(fd));
    forget(fd);
}

template <class System> void Runner<System>::look(const Operation& operation) {
    const int fd = pick(operation.a);
    switch (operation.b % 5) {
    case 0: say("SO_ERROR of %d = %ld", fd, system_.so_error(fd)); break;
    case 1:
        say("fcntl(%d, GETFL) = %lx", fd, static_cast<unsigned long>(system_.fcntl(fd, k_f_getfl, 0)));
        break;
    case 2: say("fcntl(%d, GETFD) = %ld", fd, system_.fcntl(fd, k_f_getfd, 0)); break;
    default:
        say("poll(%d) = %lx", fd, static_cast<unsigned long>(system_.poll(fd, k_everything_polled)));
        break;
    }
}

template <class System> void Runner<System>::copy(const Operation& operation) {
    const int fd = pick(operation.a);
    const Descriptor* found = find(fd);
    const Descriptor own = found == nullptr ? Descriptor{fd, Thing::other} : *found;
    const auto keep_copy = [&](long made) {
        if (made < 0) return;
        forget(static_cast<int>(made));
        things_.push_back(Descriptor{static_cast<int>(made), own.thing, own.listens, own.fresh});
    };
    if (operation.b % 4 != 0) {
        if (crowded()) return;
        if (operation.b % 4 == 1) {
            const int command = operation.d % 2 == 0 ? k_f_dupfd : k_f_dupfd_cloexec;
            const int from = operation.c % 32;
            const long made = system_.fcntl(fd, command, from);
            say("fcntl(%d, %s, %d) = %ld", fd, command == k_f_dupfd ? "DUPFD" : "DUPFD_CLOEXEC", from, made);
            keep_copy(made);
            return;
        }
        const long made = system_.dup(fd);
        say("dup(%d) = %ld", fd, made);
        keep_copy(made);
        return;
    }
    const int onto = pick(operation.c);
    if (onto == k_never_open) return;
    const bool third = operation.d % 4 == 0;
    const long made =
        third ? system_.dup3(fd, onto, operation.d % 8 == 0 ? k_o_cloexec : 0) : system_.dup2(fd, onto);
    say("%s(%d, %d) = %ld", third ? "dup3" : "dup2", fd, onto, made);
    if (fd != onto) keep_copy(made);
}

// Processes and limits.

template <class System> void Runner<System>::fork(const Operation&) {
    if (forked_) {
        system_.end_child();
        say("the child ends");
    } else {
        system_.fork_child();
        say("fork()");
    }
    forked_ = !forked_;
}

// As many more descriptors as are said can be had for one call.
template <class System> void Runner<System>::limit(const Operation& operation) {
    constexpr int k_file = 9; // which the real side needs two numbers to make
    if (crowded() || operation.c % 16 == k_file) return;
    int highest = 2;
    for (const Descriptor& own : things_)
        highest = std::max(highest, own.fd);
    const auto most = static_cast<unsigned>(highest + 1 + operation.a % 3);
    system_.limit_open_files(most);
    say("at most %u numbers: ", most);
    if (operation.b % 4 == 0) {
        copy(operation);
    } else if (operation.b % 4 == 1) {
        network(Operation{Deed::network, 0, operation.c, operation.d, 0});
    } else {
        make(Operation{Deed::make, operation.c, operation.d, 1, 1});
    }
    system_.limit_open_files(1024);
}

template <class System> void Runner<System>::option(const Operation& operation) {
    const int fd = pick(operation.a);
    switch (operation.b % 5) {
    case 0: {
        const int flags = k_o_nonblock | (operation.c % 2 == 0 ? k_o_append : 0);
        if (is(fd, Thing::file)) return;
        say("fcntl(%d, SETFL, %x) = %ld", fd, flags, system_.fcntl(fd, k_f_setfl, flags));
        break;
    }
    case 1:
        say("fcntl(%d, SETFD, %d) = %ld", fd, operation.c % 3, system_.fcntl(fd, k_f_setfd, operation.c % 3));
        break;
    case 2: {
        // A description that blocks would put the real program to sleep: it does so between two calls only.
        const long first = system_.fionbio(fd, 0);
        const long flags = system_.fcntl(fd, k_f_getfl, 0);
        say("ioctl(%d, FIONBIO, 0) = %ld, GETFL = %lx", fd, first, static_cast<unsigned long>(flags));
        say(", ioctl(%d, FIONBIO, 1) = %ld", fd, system_.fionbio(fd, 1));
        break;
    }
    case 3: {
        const int own = pick_or(operation.c, Thing::tcp);
        if (is(own, Thing::tcp)) {
            const int bytes = operation.d % 100;
            say("SO_RCVLOWAT of %d, %d = %ld", own, bytes, system_.set_rcvlowat(own, bytes));
        }
        break;
    }
    default: {
        const int own = pick_or(operation.c, Thing::tcp);
        const bool on = operation.d % 2 == 0;
        say("SO_LINGER of %d, %s = %ld", own, on ? "0 s" : "off", system_.set_linger(own, on, 0));
        break;
    }
    }
}

} // namespace edgecase::fake::conformance

#include "fakekernel/conformance/files.ipp"
#include "fakekernel/conformance/network.ipp"
#include "fakekernel/conformance/wrong.ipp"
