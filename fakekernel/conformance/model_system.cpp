// The model as a system: needs no epoll.
#include <fcntl.h>

#include "fakekernel/conformance/system.hpp"

namespace edgecase::fake::conformance {

bool really_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

// The same numbers are taken as in this process, so that both systems give out the same.
ModelSystem::ModelSystem() {
    for (int fd = 3; fd < 1024; ++fd) {
        if (really_open(fd)) taken_.push_back(fd);
    }
    restart(ModelOptions{});
}

// The clock has run for a while, so that there is a past.
void ModelSystem::restart(const ModelOptions& options) {
    model_.reset(options);
    model_.advance(1'000'000'000);
    for (const int fd : taken_)
        model_.dup2(0, 0, fd);
    child_ = 0;
    aio_ = 0;
}

void ModelSystem::await_readable(int fd) {
    if (poll(fd, k_epollin) == 0) model_.advance(5'000'000);
}

AioContextId ModelSystem::aio_context() {
    if (aio_ == 0) model_.io_setup(0, 64, &aio_);
    return aio_;
}

} // namespace edgecase::fake::conformance
