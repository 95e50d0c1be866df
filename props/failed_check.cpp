#include "props/failed_check.hpp"

#include <array>
#include <string_view>

namespace edgecase {

CheckFailed::CheckFailed(const FailedCheck& check, const CheckValues& values) {
    FailedCheck short_named = check;
    const std::string_view file = check.file;
    short_named.file = check.file + (file.rfind('/') + 1); // npos + 1 is 0
    std::array<char, 1024> text;
    write_check(short_named, values, text.data(), text.size());
    text_ = text.data();
}

CheckFailed::~CheckFailed() = default;

// In place of core/check.cpp.
void check_failed(const FailedCheck& check, const CheckValues& values) {
    throw CheckFailed(check, values);
}

} // namespace edgecase
