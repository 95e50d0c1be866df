// What the operations of a program do with sockets that have names: pairs, listeners, connect, accept, datagrams.
#pragma once

#include <algorithm>

#include "fakekernel/conformance/runner.hpp"

namespace edgecase::fake::conformance {

template <class System> void Runner<System>::make_socket(bool tcp, std::uint8_t which, int flags) {
    const FileKind local = which % 4 == 0 ? FileKind::unix_seqpacket : FileKind::unix_stream;
    const long fd = system_.socket(tcp ? FileKind::tcp : local, k_o_nonblock | flags);
    say("socket(%s) = %ld", tcp ? "tcp" : "unix", fd);
    keep(fd, tcp ? Thing::tcp : Thing::unix_socket);
    if (fd >= 0) things_.back().fresh = true;
}

template <class System> void Runner<System>::make_tcp_pair() {
    const auto listener = static_cast<int>(system_.socket(FileKind::tcp, k_o_nonblock));
    system_.bind(listener, 0);
    system_.listen(listener, 4);
    const auto client = static_cast<int>(system_.socket(FileKind::tcp, k_o_nonblock));
    system_.connect(client, static_cast<std::uint16_t>(system_.port(listener)));
    system_.await_readable(listener);
    const auto server = static_cast<int>(system_.accept4(listener, k_o_nonblock));
    system_.connect(client, 0);
    system_.close(listener);
    const int fds[2] = {client, server};
    say("tcp pair = %d", server < 0 ? server : 0);
    keep_pair(server, fds, Thing::tcp);
}

template <class System> void Runner<System>::make_udp_pair() {
    const int fds[2] = {static_cast<int>(system_.socket(FileKind::udp, k_o_nonblock)),
                        static_cast<int>(system_.socket(FileKind::udp, k_o_nonblock))};
    for (const int fd : fds) {
        system_.bind(fd, 0);
        udp_ports_.push_back(static_cast<std::uint16_t>(system_.port(fd)));
    }
    system_.connect(fds[0], static_cast<std::uint16_t>(system_.port(fds[1])));
    const long result = system_.connect(fds[1], static_cast<std::uint16_t>(system_.port(fds[0])));
    say("udp pair = %ld", result);
    keep_pair(result, fds, Thing::udp);
}

// Backlogs of TCP are never filled: the SYN would be sent again after a second of real time.
template <class System> void Runner<System>::make_listener(bool tcp, const Operation& operation) {
    const long made = system_.socket(tcp ? FileKind::tcp : FileKind::unix_stream, k_o_nonblock);
    say("socket(%s) = %ld", tcp ? "tcp" : "unix", made);
    if (made < 0) return;
    const auto fd = static_cast<int>(made);
    keep(fd, tcp ? Thing::tcp : Thing::unix_socket);
    const auto name = static_cast<std::uint16_t>(tcp ? 0 : ++names_);
    say("; bind(%d) = %ld", fd, system_.bind(fd, name));
    if (operation.c % 8 == 0) return;
    const int backlog = tcp ? 100 : operation.d % 3;
    say("; listen(%d, %d) = %ld", fd, backlog, system_.listen(fd, backlog));
    things_.back().listens = true;
}

template <class System> void Runner<System>::network(const Operation& operation) {
    switch (operation.a % 6) {
    case 0:
    case 1: {
        if (crowded()) return;
        const bool any =
            std::any_of(things_.begin(), things_.end(), [](const Descriptor& own) { return own.listens; });
        if (!any) return make_listener(family_ == Family::inet && operation.b % 4 != 0, operation);
        const int listener = pick_listener(operation.b);
        const Descriptor* own = find(listener);
        const Thing thing = own == nullptr ? Thing::other : own->thing;
        const int flags = k_o_nonblock | (operation.c % 4 == 0 ? k_o_cloexec : 0);
        const long fd = system_.accept4(listener, flags);
        say("accept4(%d, %x) = %ld", listener, flags, fd);
        keep(fd, thing);
        break;
    }
    case 2:
    case 3: connect(operation); break;
    default: datagram(operation); break;
    }
}

// To where the latest listener of its family listened, alive or not.
template <class System> void Runner<System>::connect(const Operation& operation) {
    const bool likely_tcp = family_ == Family::inet && operation.b % 4 != 3;
    const bool new_one = operation.b % 2 == 0 && !crowded();
    if (new_one) make_socket(likely_tcp, operation.b, 0);
    const int fd = new_one && !things_.empty() ? things_.back().fd : pick_fresh(operation.b);
    const int listener = pick_listener(operation.c);
    if (new_one) *line_ += "; ";
    if (is(fd, Thing::unix_dgram)) return leave_out(Exclusion::unix_datagram_name);
    if (is(fd, Thing::udp)) {
        if (udp_ports_.empty()) return;
        const std::size_t which = operation.d % udp_ports_.size();
        say("connect(%d, udp port %zu) = %ld", fd, which, system_.connect(fd, udp_ports_[which]));
        return;
    }
    const bool tcp = is(fd, Thing::tcp);
    if (tcp && is(listener, Thing::tcp)) tcp_port_ = static_cast<std::uint16_t>(system_.port(listener));
    if (tcp ? tcp_port_ == 0 : names_ == 0) return;
    if (tcp && system_.port(fd) == tcp_port_) return leave_out(Exclusion::connect_to_itself);
    const long result = system_.connect(fd, tcp ? tcp_port_ : names_);
    if (tcp) {
        say("connect(%d, tcp) = %ld", fd, result);
    } else {
        say("connect(%d, name %d) = %ld", fd, names_, result);
    }
}

// UDP by address. Ports are given out by the kernel, so they are told by their place among those that were seen.
template <class System> void Runner<System>::datagram(const Operation& operation) {
    const int fd = pick_or(operation.b, Thing::udp);
    if (!is(fd, Thing::udp)) return;
    const std::size_t size = k_small_sizes[operation.c % 12];
    if (operation.a % 6 == 4) {
        if (operation.d % 4 == 0) {
            const long result = system_.bind(fd, 0);
            say("bind(%d, udp) = %ld", fd, result);
            if (result == 0) udp_ports_.push_back(static_cast<std::uint16_t>(system_.port(fd)));
            return;
        }
        if (udp_ports_.empty()) return;
        const std::size_t which = operation.d % udp_ports_.size();
        fill(size);
        say("sendto(%d, %zu bytes, udp port %zu) = %ld", fd, size, which,
            system_.sendto(fd, bytes_.data(), size, udp_ports_[which]));
        return;
    }
    std::uint16_t port = 0;
    const int flags = operation.d % 8 == 0 ? k_msg_peek : (operation.d % 8 == 1 ? k_msg_trunc : 0);
    std::fill(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size),
              static_cast<unsigned char>(0));
    const long count = system_.recvfrom(fd, bytes_.data(), size, flags, &port);
    const auto place = std::find(udp_ports_.begin(), udp_ports_.end(), port) - udp_ports_.begin();
    say("recvfrom(%d, %zu bytes, %x) = %ld", fd, size, flags, count);
    if (count >= 0 && port != 0) say(" from udp port %ld", static_cast<long>(place));
    say_bytes(std::min(count, static_cast<long>(size)));
}

} // namespace edgecase::fake::conformance
