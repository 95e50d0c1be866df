// The turns of a captured loop: each wait with what was done behind it, told apart by handlers. Strace shows
// calls, not handlers; who made a call follows from the connection it is about and from what the calls before
// it were answered.
//
// Neither the events that a wait reported nor any epoll_ctl is looked at: those are what the reactor and the
// model compute anew, and what is compared with them in the end (comparison.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "props/captures/capture.hpp"
#include "props/captures/capture_parties.hpp"

namespace edgecase {

enum class CalledFor : std::uint8_t {
    accept,      // a connection was accepted: what its owner does first
    read,        // the read event of the party
    write,       // its write event
    notify,      // the notify event
    application, // no event: what the application did between two turns
};

struct CapturedHandler {
    CalledFor called_for = CalledFor::application;
    int party = k_party_none;       // accept: the new one
    bool is_posted = false;         // the application posted the event, in the turn before
    std::vector<std::size_t> calls; // of the capture
};

// An accept that the kernel answered with an error of its own: not that there is no connection, or a signal.
struct FailedAccept {
    std::size_t call = 0;
    unsigned nth = 1; // of the turn's accepts
};

struct CapturedTurn {
    std::size_t wait = 0; // the call
    // A signal came, and no event: the wait was interrupted, or it was about to end for nothing.
    const CapturedCall* interrupted_by = nullptr;
    unsigned notified = 0; // other threads' notifications until the wait ended, since the last one ended
    std::vector<CapturedHandler> handlers;
    unsigned accepts = 0;
    std::vector<FailedAccept> failed_accepts;
};

[[nodiscard]] std::vector<CapturedTurn> split_turns(const Capture& capture, const CapturedParties& parties);

} // namespace edgecase
