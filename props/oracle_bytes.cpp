// The oracle on what streams carry: bytes-conserved.
#include <cstring>

#include <fmt/format.h>

#include "props/byte_pattern.hpp"
#include "props/oracle.hpp"

namespace edgecase {

void Oracle::received(Name name, const Stream& stream, const std::byte* bytes, SysResult result,
                      bool injected) {
    if (misuse_ || injected || result.failed()) {
        return;
    }
    const auto count = static_cast<std::size_t>(result.value);
    if (count == 0) {
        check_end(name, stream, "the handler of");
        return;
    }
    if (!exercise(Invariant::bytes_conserved)) {
        return;
    }
    const std::byte* sent = byte_pattern(name, Direction::to_subject, stream.taken_bytes);
    if (stream.taken_bytes + count > stream.sent_bytes) {
        violate(Invariant::bytes_conserved,
                fmt::format("the handler of {} has read {} bytes, and its peer has sent {}", text_of(name),
                            stream.taken_bytes + count, stream.sent_bytes));
    } else if (std::memcmp(bytes, sent, count) != 0) {
        violate(Invariant::bytes_conserved,
                fmt::format("what the handler of {} read from byte {} on is not what its peer sent there",
                            text_of(name), stream.taken_bytes));
    }
}

void Oracle::peer_received(Name name, const Stream& stream, SysResult result, bool as_sent) {
    if (misuse_ || result.failed()) {
        return;
    }
    if (result.value == 0) {
        check_end(name, stream, "the peer of");
        return;
    }
    const std::uint64_t taken = stream.taken_bytes + static_cast<std::uint64_t>(result.value);
    if (!exercise(Invariant::bytes_conserved)) {
        return;
    }
    if (taken > stream.sent_bytes) {
        violate(Invariant::bytes_conserved,
                fmt::format("the peer of {} has read {} bytes, and {} were written", text_of(name), taken,
                            stream.sent_bytes));
    } else if (!as_sent) {
        violate(Invariant::bytes_conserved,
                fmt::format("what the peer of {} read from byte {} on is not what was written there",
                            text_of(name), stream.taken_bytes));
    }
}

// The end comes behind everything else.
void Oracle::check_end(Name name, const Stream& stream, const char* who) {
    if (!stream.is_cut && exercise(Invariant::bytes_conserved) && stream.taken_bytes != stream.sent_bytes) {
        violate(Invariant::bytes_conserved,
                fmt::format("{} {} saw the end after {} bytes of {}", who, text_of(name), stream.taken_bytes,
                            stream.sent_bytes));
    }
}

} // namespace edgecase
