// How a failed check reads.
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "core/check.hpp"

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

// Text of a fixed length; what does not fit is cut off.
class Line {
public:
    Line(char* text, std::size_t size) : text_(text), left_(size) {}

    template <class... Arguments> void add(const char* format, Arguments... arguments) {
        const int length = std::snprintf(text_, left_, format, arguments...);
        if (length > 0) {
            const std::size_t taken = std::min(static_cast<std::size_t>(length), left_ - 1);
            text_ += taken;
            left_ -= taken;
        }
    }

private:
    char* text_;
    std::size_t left_; // 1 at least: for the zero byte
};

} // namespace

void write_check(const FailedCheck& check, const CheckValues& values, char* text, std::size_t size) {
    Line line(text, size);
    line.add("%s:%d: check failed: %s: %s", check.file, check.line, check.condition, check.message);
    std::string_view names = check.names;
    for (std::size_t i = 0; i < values.size() && !names.empty(); ++i) {
        const std::string_view name = take_name(names);
        line.add("%s%.*s = %lld", i == 0 ? " (" : ", ", static_cast<int>(name.size()), name.data(),
                 values[i]);
    }
    line.add("%s", check.names[0] == '\0' ? "" : ")");
}

} // namespace edgecase
