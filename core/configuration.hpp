// The configuration text: nginx's `timer_resolution` and `events { ... }` section, by nginx's lexical rules
// (quotes, escapes, comments, semicolons, braces) and with nginx's texts when it is refused. One table, in
// configuration.cpp, lists the directives; a new one is a row there. How a number, a time or a flag is written
// stands in configuration_values.hpp, bounds and defaults in options.hpp.
//
// Nothing is allocated: the answer holds everything.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/options.hpp"

namespace edgecase {

// The options, or why there are none.
class Configuration {
public:
    // A longer reason is cut; the place behind it stays, unless the file's name alone is longer.
    static constexpr std::size_t k_longest_message = 1024;

    [[nodiscard]] bool accepted() const { return message_size_ == 0; }

    // What the text says, nginx's defaults where it says nothing; meaningful only if it was accepted.
    [[nodiscard]] const Options& options() const { return options_; }

    // Empty if it was accepted; else for instance: "epoll_events" directive invalid number in nginx.conf:3
    [[nodiscard]] std::string_view message() const { return {message_.data(), message_size_}; }

private:
    friend class ConfigurationReader;

    Options options_;
    std::size_t message_size_ = 0;
    std::array<char, k_longest_message> message_{};
};

// Reads a whole configuration. The name stands in messages only. The first thing that is wrong ends it: one
// message, and options that mean nothing. What was accepted is within the bounds of Reactor::init.
[[nodiscard]] Configuration read_configuration(std::string_view text, std::string_view file_name);

} // namespace edgecase
