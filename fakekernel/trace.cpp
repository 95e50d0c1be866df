#include "fakekernel/trace.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace edgecase::fake {

namespace {

// Folds in blocks of the same size whether records are kept or not, so that both ways hash alike.
std::uint64_t fold_block(const Record* first, std::size_t count, std::uint64_t before) {
    return XXH3_64bits_withSeed(first, count * sizeof(Record), before);
}

} // namespace

void Trace::reset(bool keep) {
    if (records_.empty() || !keep) {
        records_.resize(k_bound);
    }
    count_ = 0;
    folded_ = 0;
    keep_ = keep;
}

void Trace::make_room() {
    if (keep_ || records_.empty()) {
        records_.resize(records_.size() + k_bound);
    } else {
        folded_ = fold_block(records_.data(), k_bound, folded_);
        count_ = 0;
    }
}

std::uint64_t Trace::hash() const {
    std::uint64_t folded = folded_;
    std::size_t done = 0;
    while (count_ - done > k_bound) {
        folded = fold_block(records_.data() + done, k_bound, folded);
        done += k_bound;
    }
    return fold_block(records_.data() + done, count_ - done, folded);
}

} // namespace edgecase::fake
