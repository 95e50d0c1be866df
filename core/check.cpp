#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace edgecase {

namespace {

// The next name of "a, b": cut off the front, without the blanks around it.
std::string_view take_name(std::string_view& names) {
    const std::size_t comma = names.find(',');
    std::string_view name = names.substr(0, comma);
    names = comma == std::string_view::npos ? std::string_view{} : names.substr(comma + 1);
    while (!name.empty() && name.front() == ' ') {
        name.remove_prefix(1);
    }
    return name;
}

} // namespace

void check_failed(const FailedCheck& check, const CheckValues& values) {
    std::fprintf(stderr, "%s:%d: check failed: %s: %s", check.file, check.line, check.condition,
                 check.message);
    std::string_view names = check.names;
    for (std::size_t i = 0; i < values.size() && !names.empty(); ++i) {
        const std::string_view name = take_name(names);
        std::fprintf(stderr, "%s%.*s = %lld", i == 0 ? " (" : ", ", static_cast<int>(name.size()),
                     name.data(), values[i]);
    }
    std::fprintf(stderr, "%s\n", check.names[0] == '\0' ? "" : ")");
    std::abort();
}

} // namespace edgecase
