// Where a program spends its time, by parts of the house: the processor's clock interrupts it, and what it was doing then
// is looked up among the functions of the program. A function that the compiler has put into its caller counts as that.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace edgecase {

enum class Part : std::uint8_t {
    kernel_model, // fakekernel/: the model, scripts
    reactor,      // core/
    oracle,
    simulation, // steps, peers, the trace
    bytes,      // decoding and encoding
    mutation,
    others, // the C library, and whoever measures
};
inline constexpr unsigned k_parts = static_cast<unsigned>(Part::others) + 1;
[[nodiscard]] std::string_view part_name(Part part);

// The part that a function belongs to, by its demangled name.
[[nodiscard]] Part part_of(std::string_view function);

// One at a time in a process. x86-64 Linux; where it cannot look, all is `others`.
class PartProfile {
public:
    PartProfile();
    ~PartProfile();
    PartProfile(const PartProfile&) = delete;
    PartProfile& operator=(const PartProfile&) = delete;

    // From construction until stop(): how often it was met in each part.
    [[nodiscard]] std::array<std::uint64_t, k_parts> stop();

private:
    struct Function {
        std::uintptr_t begin = 0;
        Part part = Part::others;
    };
    void read_symbols();

    std::vector<Function> functions_; // by address
    std::uintptr_t end_ = 0;          // of the program's code
    bool running_ = false;
};

} // namespace edgecase
