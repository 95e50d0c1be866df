// Who is who in a capture: which connection each call was about. A descriptor's number is used again and
// again; a name is one connection, from the call that made it to its close, as in a scenario.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "props/captures/capture.hpp"
#include "props/scenario.hpp"

namespace edgecase {

enum class CapturedPartyKind : std::uint8_t {
    listener,
    accepted,
    dialled, // the server connected it
    before,  // was there when the capture began
};

struct CapturedParty {
    CapturedPartyKind kind = CapturedPartyKind::accepted;
    std::uint32_t line = 0; // where it is first spoken of
    int listener = -1;      // accepted: by this party
};

// What a call was about. A party is an index, and the name of it in the scenario.
inline constexpr int k_party_none = -1;   // nothing that is known: files, ends of pairs
inline constexpr int k_party_notify = -2; // the eventfd that other threads write to

struct CapturedParties {
    std::vector<CapturedParty> parties;
    std::vector<int> of_call;      // by call: the party of its descriptor
    std::vector<int> made_by_call; // by call: the party that an accept or a connect made
    std::size_t calls = 0;         // that are told apart: names are limited
    std::vector<std::size_t> next; // by call: the next transfer or close of the same party; none: `calls`
};

[[nodiscard]] CapturedParties identify_parties(const Capture& capture);

} // namespace edgecase
