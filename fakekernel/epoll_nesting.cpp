// How deep epolls may be nested and how many wakeup paths may lead from a file: fs/eventpoll.c ep_loop_check
// and reverse_path_check, both run at ADD only (S-84 to S-86).
#include <algorithm>

#include "fakekernel/model.hpp"

namespace edgecase::fake {
namespace {

// path_limits[]: paths by their number of links; those of one link are not counted.
constexpr std::uint32_t k_path_limits[k_ep_max_nests + 1] = {1000, 500, 100, 50, 10};

} // namespace

// ep_loop_check(): `into` gets a watch on `target`.
bool Model::nests_too_deep(Index into, Index target) {
    ++nesting_generation_;
    const int below = depth_below(target, into, 0);
    if (below > k_ep_max_nests) return true;
    return below + 1 + depth_above(into) > k_ep_max_nests;
}

// ep_loop_check_proc(): the longest chain downwards, too long if it comes back to `into`. The files met on
// the way are collected for the path check.
int Model::depth_below(Index epoll, Index into, int depth) {
    if (epolls_[epoll].visited == nesting_generation_) return epolls_[epoll].depth;
    epolls_[epoll].visited = nesting_generation_;
    int result = 0;
    for (Index watch = epolls_[epoll].first_interest; watch != k_none;
         watch = watches_[watch].next_interest) {
        const Index file = watches_[watch].file;
        if (files_[file].kind != FileKind::epoll) {
            scratch_.push_back(file);
            continue;
        }
        const Index next = files_[file].object;
        if (next == into || depth > k_ep_max_nests) {
            result = k_ep_max_nests + 1;
        } else {
            result = std::max(result, depth_below(next, into, depth + 1) + 1);
        }
        if (result > k_ep_max_nests) break;
    }
    epolls_[epoll].depth = result;
    return result;
}

// ep_get_upwards_depth_proc(): the longest chain of epolls that watch this one.
int Model::depth_above(Index epoll) {
    if (epolls_[epoll].visited == nesting_generation_) return epolls_[epoll].depth;
    int result = 0;
    const Index file = epolls_[epoll].file;
    for (Index watch = files_[file].first_waiter; watch != k_none; watch = watches_[watch].next_waiter) {
        result = std::max(result, depth_above(watches_[watch].epoll) + 1);
    }
    epolls_[epoll].visited = nesting_generation_;
    epolls_[epoll].depth = result;
    return result;
}

// reverse_path_check() over the files collected in scratch_.
bool Model::too_many_paths() {
    for (const Index file : scratch_) {
        std::fill(std::begin(path_counts_), std::end(path_counts_), 0U);
        if (!count_paths(file, 0)) return true;
    }
    return false;
}

// reverse_path_check_proc(): false when there are too many.
bool Model::count_paths(Index file, int depth) {
    if (depth > k_ep_max_nests) return false;
    for (Index watch = files_[file].first_waiter; watch != k_none; watch = watches_[watch].next_waiter) {
        const Index above = epolls_[watches_[watch].epoll].file;
        if (files_[above].first_waiter != k_none) {
            if (!count_paths(above, depth + 1)) return false;
        } else if (depth > 0 && ++path_counts_[depth] > k_path_limits[depth]) {
            return false;
        }
    }
    return true;
}

} // namespace edgecase::fake
