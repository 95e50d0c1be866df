// The fuzz targets by name: each is a program of that name with an engine, and NAME_replay without one.
#pragma once

#include <array>
#include <string_view>

namespace edgecase {

struct FuzzTarget {
    std::string_view name;
    std::string_view meaning;
};

[[nodiscard]] constexpr std::array<FuzzTarget, 1> fuzz_targets() {
    return {{{"module_fuzz", "scenarios of the epoll module on the model, judged by the whole oracle"}}};
}

} // namespace edgecase
