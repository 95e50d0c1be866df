// The same random program on the real kernel and on the model, in this process: do all answers agree? The real side
// may be late. What differs is therefore asked again, with pauses after each operation; only what differs every time
// is a difference. One object a process: the real side's signals, limits and descriptors are the process's own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "fakekernel/conformance/program.hpp"

namespace edgecase::fake::conformance {

struct GeneratedProgram {
    Program program;
    Family family = Family::local;
};

// A function of the seed alone. One in four has TCP and UDP.
[[nodiscard]] GeneratedProgram generate_program(std::uint64_t seed);

enum class Agreement : std::uint8_t {
    agreed,
    unsettled, // agreed at last, when the real kernel was given more time
    different,
};

struct Comparison {
    Agreement agreement = Agreement::agreed;
    ExclusionSet excluded = 0;
    unsigned calls = 0;
};

class Differential {
public:
    Differential();
    ~Differential();
    Differential(const Differential&) = delete;
    Differential& operator=(const Differential&) = delete;

    [[nodiscard]] Comparison compare(const GeneratedProgram& given);

    // The shortest program found that differs as well; the given one must.
    [[nodiscard]] GeneratedProgram shrink(const GeneratedProgram& given);

    // Each operation of a program that differs: what the real kernel answered and, where it is something else, what
    // the model did.
    [[nodiscard]] std::string side_by_side(const GeneratedProgram& given);

private:
    struct Sides;

    bool agrees(const GeneratedProgram& given, unsigned pause_ms);
    bool differs(const GeneratedProgram& given, std::span<const unsigned> pauses_ms);

    std::unique_ptr<Sides> sides_;
};

} // namespace edgecase::fake::conformance
