#include "props/captures/capture_parties.hpp"

#include <map>

namespace edgecase {

namespace {

class Identification {
public:
    explicit Identification(const Capture& capture) : capture_(capture) {}

    CapturedParties run() {
        const std::size_t calls = capture_.calls.size();
        made_.of_call.assign(calls, k_party_none);
        made_.made_by_call.assign(calls, k_party_none);
        made_.calls = calls;
        find_inherited();
        for (std::size_t i = 0; i < calls; ++i) {
            if (!identify(i)) {
                made_.calls = i;
                break;
            }
        }
        link();
        return std::move(made_);
    }

private:
    // Descriptors that are used and were not made in the capture: they were there when it began, and are known
    // from its first call on.
    void find_inherited() {
        std::map<int, bool> made;
        for (std::size_t i = 0; i < capture_.calls.size(); ++i) {
            const CapturedCall& call = capture_.calls[i];
            const bool listens = call.kind == CapturedKind::accept;
            const bool is_connection = call.is_socket_call;
            if ((listens || is_connection) && !made[call.fd] && party_at(call.fd) == k_party_none &&
                made_.parties.size() < k_max_names) {
                make(i, listens ? CapturedPartyKind::listener : CapturedPartyKind::before, call.fd,
                     k_party_none);
                made_.made_by_call[i] = k_party_none;
            }
            if (call.kind == CapturedKind::listen || call.kind == CapturedKind::close) {
                made[call.fd] = true;
            } else if ((listens || call.kind == CapturedKind::socket) && !call.failed()) {
                made[static_cast<int>(call.result)] = true;
            }
        }
    }

    // false: there is no name left for the party that this call makes.
    bool identify(std::size_t index) {
        const CapturedCall& call = capture_.calls[index];
        switch (call.kind) {
        case CapturedKind::listen: return of_descriptor(index, CapturedPartyKind::listener, call.fd);
        case CapturedKind::accept:
            if (!of_descriptor(index, CapturedPartyKind::listener, call.fd)) {
                return false;
            }
            return call.failed() || make(index, CapturedPartyKind::accepted, static_cast<int>(call.result),
                                         made_.of_call[index]);
        case CapturedKind::socket: sockets_[static_cast<int>(call.result)] = true; return true;
        case CapturedKind::connect:
            if (sockets_.erase(call.fd) == 0) {
                return true; // no TCP socket
            }
            made_.of_call[index] = k_party_none;
            return make(index, CapturedPartyKind::dialled, call.fd, k_party_none);
        case CapturedKind::recv:
        case CapturedKind::peek:
        case CapturedKind::send:
        case CapturedKind::shutdown:
            if (call.is_socket_call && !sockets_.contains(call.fd)) {
                return of_descriptor(index, CapturedPartyKind::before, call.fd);
            }
            made_.of_call[index] = party_at(call.fd);
            return true;
        case CapturedKind::close:
            made_.of_call[index] = party_at(call.fd);
            by_fd_.erase(call.fd);
            sockets_.erase(call.fd);
            return true;
        case CapturedKind::epoll_ctl:
            made_.of_call[index] = call.fd == capture_.notify_fd ? k_party_notify : party_at(call.fd);
            return true;
        case CapturedKind::notify: made_.of_call[index] = k_party_notify; return true;
        case CapturedKind::epoll_wait:
        case CapturedKind::signal: return true;
        }
        return true;
    }

    [[nodiscard]] int party_at(int fd) const {
        const auto found = by_fd_.find(fd);
        return found == by_fd_.end() ? k_party_none : found->second;
    }

    // The party that has this descriptor, which comes into being by being spoken of.
    bool of_descriptor(std::size_t index, CapturedPartyKind kind, int fd) {
        if (party_at(fd) == k_party_none && !make(index, kind, fd, k_party_none)) {
            return false;
        }
        made_.of_call[index] = party_at(fd);
        return true;
    }

    bool make(std::size_t index, CapturedPartyKind kind, int fd, int listener) {
        if (made_.parties.size() == k_max_names) {
            return false;
        }
        const int party = static_cast<int>(made_.parties.size());
        made_.parties.push_back({kind, capture_.calls[index].line, listener});
        made_.made_by_call[index] = party;
        by_fd_[fd] = party;
        return true;
    }

    // A connection that is dialled is put into epoll before it has a name: the next name of its descriptor
    // is meant.
    void link() {
        std::map<int, std::size_t> next_of;
        std::map<int, int> comes_at;
        made_.next.assign(capture_.calls.size(), made_.calls);
        for (std::size_t i = made_.calls; i-- > 0;) {
            const CapturedCall& call = capture_.calls[i];
            const int party = made_.of_call[i];
            switch (call.kind) {
            case CapturedKind::connect:
                if (made_.made_by_call[i] >= 0) {
                    made_.of_call[i] = made_.made_by_call[i];
                    comes_at[call.fd] = made_.made_by_call[i];
                    made_.next[i] = next_or_end(next_of, made_.of_call[i]);
                }
                break;
            case CapturedKind::socket: comes_at.erase(static_cast<int>(call.result)); break;
            case CapturedKind::epoll_ctl:
                if (party == k_party_none && comes_at.contains(call.fd)) {
                    made_.of_call[i] = comes_at[call.fd];
                }
                break;
            case CapturedKind::accept:
                if (made_.made_by_call[i] >= 0) {
                    made_.next[i] = next_or_end(next_of, made_.made_by_call[i]);
                }
                break;
            case CapturedKind::recv:
            case CapturedKind::peek:
            case CapturedKind::send:
            case CapturedKind::shutdown:
            case CapturedKind::close:
                if (party >= 0) {
                    made_.next[i] = next_or_end(next_of, party);
                    next_of[party] = i;
                }
                break;
            default: break;
            }
        }
    }

    [[nodiscard]] std::size_t next_or_end(const std::map<int, std::size_t>& next_of, int party) const {
        const auto found = next_of.find(party);
        return found == next_of.end() ? made_.calls : found->second;
    }

    const Capture& capture_;
    CapturedParties made_;
    std::map<int, int> by_fd_;
    std::map<int, bool> sockets_; // made, not connected yet
};

} // namespace

CapturedParties identify_parties(const Capture& capture) {
    return Identification(capture).run();
}

} // namespace edgecase
