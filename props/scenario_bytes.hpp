// The byte form of a scenario, for fuzzing engines: every string of bytes is a valid scenario, and every
// valid scenario within the limit is a string of bytes. It has no version and no promise beyond one build:
// campaigns begin by encoding texts and end by printing findings as text.
//
// Laws: decode(encode(s)) = s for valid s of at most k_max_encoded_steps; decode(encode(decode(b))) =
// decode(b). Where bytes end, quiet defaults stand, and a zero byte where a step could begin is no step at
// all, so that shrinking is cutting and zeroing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "props/scenario.hpp"

namespace edgecase {

inline constexpr std::size_t k_max_encoded_steps = 4096; // nested ones included

// Nothing if the scenario has more steps than that or is not valid (scenario_valid.hpp).
[[nodiscard]] std::optional<std::vector<std::uint8_t>> encode(const Scenario& scenario);

// Never fails; bytes behind the last step that fits are ignored. Uses the memory that `out` has: no
// allocation once its steps have had room for as many steps as there are bytes.
void decode(const std::uint8_t* data, std::size_t size, Scenario& out);

} // namespace edgecase
