// The fuzz targets by name: each is a program of that name with an engine, and NAME_replay without one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edgecase {

// What the engine's bytes are to a target, and so what its seeds, findings and artefacts are.
enum class FuzzInput : std::uint8_t {
    steps,         // a scenario in its byte form
    text,          // a scenario's text
    configuration, // a configuration's text
    calls,         // system calls, in a byte form of their own
};

struct FuzzTarget {
    std::string_view name;
    FuzzInput input;
    std::string_view meaning;
};

[[nodiscard]] constexpr std::string_view fuzz_input_word(FuzzInput input) {
    switch (input) {
    case FuzzInput::steps: return "steps";
    case FuzzInput::text: return "text";
    case FuzzInput::configuration: return "configuration";
    case FuzzInput::calls: return "calls";
    }
    return "";
}

[[nodiscard]] constexpr std::array<FuzzTarget, 5> fuzz_targets() {
    return {{
        {"module_fuzz", FuzzInput::steps,
         "scenarios of the epoll module on the model, judged by the whole oracle"},
        {"server_fuzz", FuzzInput::steps,
         "scenarios of a server: listeners, clients, turns; judged by the whole oracle"},
        {"scenario_fuzz", FuzzInput::text, "texts, held against the laws of the language's text form"},
        {"config_fuzz", FuzzInput::configuration,
         "configurations: refused with a place, or a loop that can wait and serve"},
        {"kernel_fuzz", FuzzInput::calls,
         "system calls on the model with any arguments, held against its own invariants"},
    }};
}

} // namespace edgecase
