// The simulation on the real kernel where there is no epoll (EDGECASE_TEST_BUILD_EPOLL): there is none.
#include "props/linux_harness.hpp"

namespace edgecase {

std::unique_ptr<Harness> make_linux_harness(Settling /*settling*/) {
    return nullptr;
}

} // namespace edgecase
