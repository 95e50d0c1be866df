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
    records_.clear();
    if (records_.capacity() == 0) {
        records_.reserve(k_bound);
    }
    folded_ = 0;
    keep_ = keep;
}

void Trace::fold() {
    folded_ = fold_block(records_.data(), k_bound, folded_);
    records_.clear();
}

std::uint64_t Trace::hash() const {
    std::uint64_t folded = folded_;
    std::size_t done = 0;
    while (records_.size() - done >= k_bound) {
        folded = fold_block(records_.data() + done, k_bound, folded);
        done += k_bound;
    }
    return fold_block(records_.data() + done, records_.size() - done, folded);
}

} // namespace edgecase::fake
