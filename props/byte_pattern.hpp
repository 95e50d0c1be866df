// What applications and peers send in scenarios: bytes that are a function of whose stream it is, which way it goes
// and where in it they stand. Whoever reads a stream can tell by them that nothing was lost, doubled, moved or
// mixed with another. Nothing is stored: a part of a stream is a place in one table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "props/scenario.hpp"

namespace edgecase {

enum class Direction : std::uint8_t { to_subject, from_subject };

// The most bytes that may be taken at once.
inline constexpr std::size_t k_longest_pattern = std::size_t{1} << 20;

// The bytes of the stream from this position on, k_longest_pattern of them.
[[nodiscard]] const std::byte* byte_pattern(Name name, Direction direction, std::uint64_t position);

} // namespace edgecase
