// What becomes of a failed check in a program that does not say otherwise. Nothing else may stand here.
#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace edgecase {

void check_failed(const FailedCheck& check, const CheckValues& values) {
    std::array<char, 1024> text;
    write_check(check, values, text.data(), text.size());
    std::fprintf(stderr, "%s\n", text.data());
    std::abort();
}

} // namespace edgecase
