#include "props/captures/capture_turns.hpp"

#include <algorithm>
#include <cerrno>

namespace edgecase {

namespace {

class TurnSplitter {
public:
    TurnSplitter(const Capture& capture, const CapturedParties& parties)
        : capture_(capture), parties_(parties), states_(parties.parties.size()) {}

    std::vector<CapturedTurn> run() {
        for (std::size_t i = 0; i < parties_.calls; ++i) {
            const CapturedCall& call = capture_.calls[i];
            if (call.kind == CapturedKind::epoll_wait) {
                if (!call.is_self_test) begin_turn(i);
            } else if (call.kind == CapturedKind::notify) {
                notified(call);
            } else if (!turns_.empty()) {
                place(i);
            }
        }
        return std::move(turns_);
    }

private:
    struct State {
        bool blocked = false;    // its last send moved less than asked
        bool connecting = false; // dialled, and nothing sent or received yet
    };

    void begin_turn(std::size_t wait) {
        CapturedTurn turn;
        turn.wait = wait;
        turn.notified = notified_since_wait_;
        notified_since_wait_ = 0;
        turns_.push_back(std::move(turn));
        has_handler_ = false;
    }

    // While the wait goes on, or afterwards: then the next one reports it.
    void notified(const CapturedCall& call) {
        if (!turns_.empty() && call.line < capture_.calls[turns_.back().wait].end_line) {
            ++turns_.back().notified;
        } else {
            ++notified_since_wait_;
        }
    }

    void place(std::size_t index) {
        const CapturedCall& call = capture_.calls[index];
        const int party = parties_.of_call[index];
        switch (call.kind) {
        case CapturedKind::signal: signal(index); break;
        case CapturedKind::accept:
            ++turns_.back().accepts;
            if (call.failed() && call.error != EAGAIN && call.error != EINTR) {
                turns_.back().failed_accepts.push_back({index, turns_.back().accepts});
            }
            if (!call.failed()) {
                begin(CalledFor::accept, parties_.made_by_call[index]);
                handler().calls.push_back(index);
            }
            break;
        case CapturedKind::recv:
        case CapturedKind::peek:
            if (party >= 0) {
                if (!is_of_handler(party)) enter(CalledFor::read, party);
                handler().calls.push_back(index);
                states_[static_cast<std::size_t>(party)].connecting = false;
            }
            break;
        case CapturedKind::send:
            if (party >= 0) {
                send(index, party);
            }
            break;
        case CapturedKind::connect:
            if (party >= 0) {
                if (!has_handler_) begin(CalledFor::application, k_party_none);
                handler().calls.push_back(index);
                states_[static_cast<std::size_t>(party)].connecting =
                    call.error == EINPROGRESS || !call.failed();
            }
            break;
        case CapturedKind::shutdown:
        case CapturedKind::close:
            if (party >= 0) {
                close(index, party);
            }
            break;
        case CapturedKind::listen:
        case CapturedKind::socket:
        case CapturedKind::epoll_ctl:
        case CapturedKind::epoll_wait:
        case CapturedKind::notify: break;
        }
    }

    // The alarm is noted where it comes. Any other signal is acted upon when the turn is over. A signal behind
    // which nothing is done ended the wait.
    void signal(std::size_t index) {
        const CapturedCall& call = capture_.calls[index];
        const bool is_alarm = call.signal == "SIGALRM";
        if (has_handler_ && is_alarm) {
            handler().calls.push_back(index);
        } else if (is_alarm && acts_before_next_wait(index)) {
            early_signals_.push_back(index);
        } else {
            if (!has_handler_ && turns_.back().interrupted_by == nullptr) {
                turns_.back().interrupted_by = &call;
            }
            if (!is_alarm) begin(CalledFor::application, k_party_none);
        }
    }

    [[nodiscard]] bool acts_before_next_wait(std::size_t index) const {
        for (std::size_t i = index + 1; i < parties_.calls; ++i) {
            const CapturedCall& call = capture_.calls[i];
            if (call.kind == CapturedKind::epoll_wait) {
                return false;
            }
            if (call.kind == CapturedKind::accept
                    ? !call.failed()
                    : call.kind != CapturedKind::signal && parties_.of_call[i] >= 0 &&
                          call.kind != CapturedKind::epoll_ctl) {
                return true;
            }
        }
        return false;
    }

    void send(std::size_t index, int party) {
        State& state = states_[static_cast<std::size_t>(party)];
        if (!is_of_handler(party)) {
            if (state.blocked || state.connecting) {
                enter(CalledFor::write, party);
            } else if (turns_.back().notified > 0) {
                enter(CalledFor::notify, k_party_notify);
            } else if (!has_handler_ && turns_.size() > 1) {
                // Nothing that the kernel could have reported: the turn before left it to this one.
                enter(CalledFor::write, party);
                handler().is_posted = true;
            } else if (!has_handler_) {
                begin(CalledFor::application, k_party_none);
            }
        }
        const CapturedCall& call = capture_.calls[index];
        handler().calls.push_back(index);
        state.connecting = false;
        state.blocked =
            call.failed() ? call.error == EAGAIN : static_cast<std::uint64_t>(call.result) < call.asked_bytes;
    }

    // Without a handler at work and without a signal that asked for it, a timer is what closes; a listener is
    // closed by the application.
    void close(std::size_t index, int party) {
        if (parties_.parties[static_cast<std::size_t>(party)].kind == CapturedPartyKind::listener) {
            if (!has_handler_ || handler().called_for != CalledFor::application) {
                begin(CalledFor::application, k_party_none);
            }
        } else if (!has_handler_) {
            enter(states_[static_cast<std::size_t>(party)].blocked ? CalledFor::write : CalledFor::read,
                  party);
        }
        handler().calls.push_back(index);
    }

    [[nodiscard]] CapturedHandler& handler() { return turns_.back().handlers[current_]; }

    // Whether the handler at work is the one of this party: it was called for it or brought it about.
    [[nodiscard]] bool is_of_handler(int party) {
        if (!has_handler_) {
            return false;
        }
        const auto& calls = handler().calls;
        return handler().party == party || std::any_of(calls.begin(), calls.end(), [&](std::size_t call) {
                   return parties_.made_by_call[call] == party;
               });
    }

    void begin(CalledFor called_for, int party) {
        CapturedHandler made;
        made.called_for = called_for;
        made.party = party;
        made.calls.swap(early_signals_);
        turns_.back().handlers.push_back(std::move(made));
        current_ = turns_.back().handlers.size() - 1;
        has_handler_ = true;
    }

    // An event is handled once a turn: what is done for it twice, done together.
    void enter(CalledFor called_for, int party) {
        auto& handlers = turns_.back().handlers;
        const auto found = std::find_if(handlers.begin(), handlers.end(), [&](const CapturedHandler& one) {
            return one.called_for == called_for && one.party == party;
        });
        if (found == handlers.end()) {
            begin(called_for, party);
        } else {
            current_ = static_cast<std::size_t>(found - handlers.begin());
            has_handler_ = true;
        }
    }

    const Capture& capture_;
    const CapturedParties& parties_;
    std::vector<CapturedTurn> turns_;
    std::vector<State> states_; // by party
    std::size_t current_ = 0;   // handler of the last turn
    bool has_handler_ = false;
    unsigned notified_since_wait_ = 0;
    std::vector<std::size_t> early_signals_; // between the wait and the first handler
};

} // namespace

std::vector<CapturedTurn> split_turns(const Capture& capture, const CapturedParties& parties) {
    return TurnSplitter(capture, parties).run();
}

} // namespace edgecase
