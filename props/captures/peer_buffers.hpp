// How large the buffers of a captured server's connections were, and how much each client had read by when:
// just so much that every send moves as many bytes as it did in the capture.
//
// A send that moved less than asked filled the buffer; so when it did, the client had read all but a bufferful
// of what was sent by then. In between the client reads what makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "props/captures/capture.hpp"
#include "props/captures/capture_parties.hpp"

namespace edgecase {

class PeerBuffers {
public:
    PeerBuffers(const Capture& capture, const CapturedParties& parties);

    // One size for all connections: no larger than what was sent on any until a send moved less than asked,
    // and small enough that what each burst moved is room enough to be reported.
    [[nodiscard]] std::uint32_t size_bytes() const { return size_bytes_; }

    // What the client may read by now at the most, of what it has not read yet.
    [[nodiscard]] std::uint64_t readable(int party) const;
    void read(int party, std::uint64_t bytes) { at(party).read_bytes += bytes; }

    // How much of it must be read before a send of so many bytes that moves all of them; before one that moves
    // fewer than it asks for.
    [[nodiscard]] std::uint64_t owed_before_whole(int party, std::uint64_t bytes) const;
    [[nodiscard]] std::uint64_t owed_before_part(int party) const { return readable(party); }
    void sent(int party, std::uint64_t bytes) { at(party).sent_bytes += bytes; }

    // A send has moved less than asked: the bytes until the next that does so can be read.
    void filled(int party) { ++at(party).fillings_seen; }

private:
    struct Buffer {
        std::uint64_t sent_bytes = 0;
        std::uint64_t read_bytes = 0;
        std::vector<std::uint64_t> fillings; // bytes sent by each send that moved less than asked
        std::size_t fillings_seen = 0;
    };

    [[nodiscard]] Buffer& at(int party) { return buffers_[static_cast<std::size_t>(party)]; }
    [[nodiscard]] const Buffer& at(int party) const { return buffers_[static_cast<std::size_t>(party)]; }
    void find_fillings(const Capture& capture, const CapturedParties& parties);
    [[nodiscard]] std::uint64_t largest_burst(const Capture& capture, const CapturedParties& parties) const;
    void choose_size(std::uint64_t largest_burst_bytes);

    std::vector<Buffer> buffers_; // by party
    std::uint32_t size_bytes_ = 0;
};

} // namespace edgecase
