// How often operator new was called in this program since it began. Counted in the command line only: the
// replacement is linked with it and with nothing else.
#pragma once

#include <cstdint>

namespace edgecase {

[[nodiscard]] std::uint64_t allocation_count();

} // namespace edgecase
