// A scenario out of a capture: peers that act where the real ones must have acted, an application that reads
// and writes as nginx did, buffers as large as they must have been.
//
// It is made from what accept, recv, send and close were asked and answered, from signals, other threads'
// notifications and time alone. What the epoll module and the kernel's epoll did is not looked at and not
// written: no step of the scenario stands for a captured epoll_ctl, and no wait is scripted. `core` and the
// model compute them anew, and comparison.hpp says whether they came to the same.
//
// What the application does besides its calls (timers, handle_read_event and handle_write_event, and that a client for
// whom a connection is opened is watched for writing, too) is what
// nginx's HTTP server does with its default times, as its documentation gives them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "props/captures/capture.hpp"
#include "props/captures/capture_parties.hpp"
#include "props/captures/capture_turns.hpp"
#include "props/scenario.hpp"

namespace edgecase {

// Something in the capture that the scenario leaves out or changes.
struct ImportNote {
    std::uint32_t line = 0;
    std::string text;
};

struct ImportedCapture {
    ScenarioText text;
    CapturedParties parties;
    std::vector<CapturedTurn> turns;
    std::vector<ImportNote> notes;
    // Timers that were set before the capture began run in its first turns, down to this one: what those waits
    // asked for cannot be computed.
    std::size_t turns_with_unknown_timers = 0;
};

[[nodiscard]] ImportedCapture import_capture(const Capture& capture);

} // namespace edgecase
