// Random programs of system calls, run on both kernels and compared call by call. A program is a list of
// small numbers; what they name is decided while it runs, so that any part of one is a program too, and a
// difference shrinks by leaving steps out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace edgecase::fake::conformance {

enum class Family : std::uint8_t { local, tcp }; // tcp: TCP and UDP sockets among the others

struct Operation {
    std::uint8_t kind = 0;
    std::uint8_t a = 0;
    std::uint8_t b = 0;
    std::uint8_t c = 0;
};
using Program = std::vector<Operation>;

[[nodiscard]] Program random_program(std::uint64_t seed, unsigned length);

// What each call answered, a line each, on the model.
[[nodiscard]] std::vector<std::string> run_on_model(const Program& program, Family family);

// The rest needs the real kernel, and is not there without epoll.

// The same on the real kernel, with a pause of so many milliseconds after each call.
[[nodiscard]] std::vector<std::string> run_on_linux(const Program& program, Family family, unsigned pause);

// Empty if both agree; else the shortest program found that differs, and both answers.
[[nodiscard]] std::string difference(const Program& program, Family family);

} // namespace edgecase::fake::conformance
