#include "props/captures/peer_buffers.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <optional>

namespace edgecase {

namespace {

constexpr std::uint64_t k_usual_bytes = 65'536;
constexpr std::uint64_t k_most_bytes = 16'777'216; // of a scenario's tcp_buffer

} // namespace

PeerBuffers::PeerBuffers(const Capture& capture, const CapturedParties& parties)
    : buffers_(parties.parties.size()) {
    find_fillings(capture, parties);
    choose_size(largest_burst(capture, parties));
}

// The most that was sent on one connection between two waits.
std::uint64_t PeerBuffers::largest_burst(const Capture& capture, const CapturedParties& parties) const {
    std::uint64_t largest = 0;
    std::vector<std::uint64_t> burst(buffers_.size());
    for (std::size_t i = 0; i < parties.calls; ++i) {
        const CapturedCall& call = capture.calls[i];
        if (call.kind == CapturedKind::epoll_wait) {
            burst.assign(buffers_.size(), 0);
        } else if (call.kind == CapturedKind::send && !call.failed() && parties.of_call[i] >= 0) {
            std::uint64_t& bytes = burst[static_cast<std::size_t>(parties.of_call[i])];
            bytes += static_cast<std::uint64_t>(call.result);
            largest = std::max(largest, bytes);
        }
    }
    return largest;
}

void PeerBuffers::find_fillings(const Capture& capture, const CapturedParties& parties) {
    std::vector<std::uint64_t> sent(buffers_.size());
    for (std::size_t i = 0; i < parties.calls; ++i) {
        const CapturedCall& call = capture.calls[i];
        const int party = parties.of_call[i];
        if (call.kind != CapturedKind::send || party < 0 || (call.failed() && call.error != EAGAIN)) {
            continue;
        }
        const std::uint64_t moved = call.failed() ? 0 : static_cast<std::uint64_t>(call.result);
        sent[static_cast<std::size_t>(party)] += moved;
        if (moved < call.asked_bytes) {
            at(party).fillings.push_back(sent[static_cast<std::size_t>(party)]);
        }
    }
}

// A connection is reported as writable when a third of the buffer is free (sk_stream_is_writable(), S-171).
// Where nothing was ever filled, any size will do that holds the largest burst.
void PeerBuffers::choose_size(std::uint64_t largest_burst_bytes) {
    std::optional<std::uint64_t> size;
    const auto at_most = [&](std::uint64_t bytes) { size = std::min(size.value_or(k_most_bytes), bytes); };
    for (const Buffer& buffer : buffers_) {
        std::uint64_t before = 0;
        for (const std::uint64_t filled : buffer.fillings) {
            if (filled > before) {
                at_most(before == 0 ? filled : 3 * (filled - before));
            }
            before = filled;
        }
    }
    if (!size) {
        size = std::clamp(std::bit_ceil(std::max<std::uint64_t>(largest_burst_bytes, 1)), k_usual_bytes,
                          k_most_bytes);
    }
    size_bytes_ = static_cast<std::uint32_t>(*size);
}

std::uint64_t PeerBuffers::readable(int party) const {
    const Buffer& buffer = at(party);
    const std::uint64_t unread = buffer.sent_bytes - buffer.read_bytes;
    if (buffer.fillings_seen >= buffer.fillings.size()) {
        return unread;
    }
    const std::uint64_t filled = buffer.fillings[buffer.fillings_seen];
    const std::uint64_t read_by_then = filled > size_bytes_ ? filled - size_bytes_ : 0;
    return read_by_then > buffer.read_bytes ? std::min(unread, read_by_then - buffer.read_bytes) : 0;
}

std::uint64_t PeerBuffers::owed_before_whole(int party, std::uint64_t bytes) const {
    const Buffer& buffer = at(party);
    const std::uint64_t held = buffer.sent_bytes - buffer.read_bytes;
    return held + bytes > size_bytes_ ? readable(party) : 0;
}

} // namespace edgecase
