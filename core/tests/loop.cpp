#include "core/tests/loop.hpp"

namespace edgecase {

template class Reactor<FailingKernel>;

} // namespace edgecase
