// diff where there is no epoll: there is nothing to compare the model with.
#include <cstdio>

#include "fuzz/verbs/verbs.hpp"

namespace edgecase {

int compare_with_linux(const DiffOptions&) {
    std::fprintf(stderr, "edgecase: diff needs the real kernel's epoll, and this build has none\n");
    return k_exit_unusable;
}

} // namespace edgecase
