// What core and the model made of an imported capture, held against what nginx and Linux did in it: every
// captured epoll_ctl (operation, mask, low bit of the generation, place between the calls next to it) and
// every result of epoll_wait (count, masks, order, the timeout that was asked for).
//
// Turns are matched by their order, the calls of a turn by connection and order. Nothing is compared that the
// scenario itself prescribes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fakekernel/trace.hpp"
#include "props/captures/capture.hpp"
#include "props/captures/importer.hpp"

namespace edgecase {

// Why a captured call does not agree, or why it cannot be said whether it does.
struct CaptureDifference {
    std::uint32_t line = 0;
    bool is_comparable = true;
    std::string text;
};

struct CaptureComparison {
    unsigned controls = 0; // captured, comparable or not
    unsigned controls_agree = 0;
    unsigned waits = 0;
    unsigned waits_agree = 0;
    // Of the waits that agree: the timeout asked for is off by a millisecond. strace's clock is not the one
    // that the server looked at.
    unsigned waits_within_a_millisecond = 0;
    std::vector<CaptureDifference> differences; // in the order of the capture
    // epoll_ctl calls that core made and the server did not.
    std::vector<CaptureDifference> surplus;

    [[nodiscard]] bool all_agree() const;
};

// The trace is that of a run of the imported scenario, with all records kept.
[[nodiscard]] CaptureComparison compare_with_trace(const Capture& capture, const ImportedCapture& imported,
                                                   const fake::Trace& trace);

// `N of M epoll_ctl calls agree`, `N of M epoll_wait results agree`, then a line for each difference.
[[nodiscard]] std::string comparison_text(const CaptureComparison& comparison, std::string_view file);

} // namespace edgecase
