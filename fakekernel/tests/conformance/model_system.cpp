// The model as a system: needs no epoll.
#include <fcntl.h>

#include "fakekernel/tests/conformance/system.hpp"

namespace edgecase::fake::conformance {

bool really_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

ModelSystem::ModelSystem() {
    restart(ModelOptions{});
}

// The same numbers are taken as in the test's own process, so that both systems give out the same; and the clock has run
// for a while, so that there is a past.
void ModelSystem::restart(const ModelOptions& options) {
    model_.reset(options);
    model_.advance(1'000'000'000);
    for (int fd = 3; fd < 1024; ++fd) {
        if (really_open(fd)) model_.dup2(0, 0, fd);
    }
}

} // namespace edgecase::fake::conformance
