#include "fakekernel/conformance/differential.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "fakekernel/conformance/runner.hpp"
#include "fakekernel/conformance/runner.ipp"

namespace edgecase::fake::conformance {
namespace {

// The loopback may be late, and an acknowledgement may be delayed: by 40 ms, and by 200 ms where a connection had
// long pauses before.
constexpr std::array<unsigned, 4> k_pauses_inet_ms = {2, 2, 50, 220};
constexpr std::array<unsigned, 2> k_pauses_shrinking_ms = {0, 2};
constexpr std::array<unsigned, 3> k_pauses_local_ms = {0, 0, 2};
constexpr unsigned k_open_files = 1024; // of both, the model's default
constexpr unsigned k_most_shrinking_runs = 2000;

} // namespace

struct Differential::Sides {
    RealSystem real_system;
    ModelSystem model_system;
    Runner<RealSystem> real{real_system};
    Runner<ModelSystem> model{model_system};
    Answers real_answers;
    Answers model_answers;
};

GeneratedProgram generate_program(std::uint64_t seed) {
    constexpr unsigned k_shortest = 20;
    constexpr unsigned k_lengths = 60;
    const Family family = seed % 4 == 3 ? Family::inet : Family::local;
    const auto length = static_cast<unsigned>(k_shortest + seed % k_lengths);
    return GeneratedProgram{random_program(seed, length), family};
}

Differential::Differential() : sides_(std::make_unique<Sides>()) {
    sides_->real_system.limit_open_files(k_open_files);
}

Differential::~Differential() = default;

bool Differential::agrees(const GeneratedProgram& given, unsigned pause_ms) {
    Sides& sides = *sides_;
    sides.model_system.restart();
    sides.model.run(given.program, given.family, 0, sides.model_answers);
    sides.model_system.model().check_consistency();
    sides.real_system.restart();
    sides.real.run(given.program, given.family, pause_ms, sides.real_answers);
    return sides.real_answers.lines == sides.model_answers.lines;
}

bool Differential::differs(const GeneratedProgram& given, std::span<const unsigned> pauses_ms) {
    return std::none_of(pauses_ms.begin(), pauses_ms.end(),
                        [&](unsigned pause_ms) { return agrees(given, pause_ms); });
}

Comparison Differential::compare(const GeneratedProgram& given) {
    Comparison comparison;
    const bool agreed = agrees(given, 0);
    comparison.excluded = sides_->model_answers.excluded;
    comparison.calls = sides_->model_answers.calls;
    if (agreed && !sides_->real_answers.moved) return comparison;
    const std::span<const unsigned> pauses_ms =
        given.family == Family::inet ? std::span<const unsigned>(k_pauses_inet_ms) : k_pauses_local_ms;
    comparison.agreement = !agreed && differs(given, pauses_ms) ? Agreement::different : Agreement::unsettled;
    return comparison;
}

GeneratedProgram Differential::shrink(const GeneratedProgram& given) {
    GeneratedProgram smallest = given;
    unsigned runs = 0;
    for (std::size_t chunk = std::max<std::size_t>(smallest.program.size() / 2, 1); chunk > 0; chunk /= 2) {
        for (std::size_t at = 0; at + chunk <= smallest.program.size() && runs < k_most_shrinking_runs;) {
            GeneratedProgram shorter = smallest;
            const auto from = shorter.program.begin() + static_cast<std::ptrdiff_t>(at);
            shorter.program.erase(from, from + static_cast<std::ptrdiff_t>(chunk));
            ++runs;
            if (differs(shorter, k_pauses_shrinking_ms)) {
                smallest = shorter;
            } else {
                at += chunk;
            }
        }
    }
    return smallest;
}

std::string Differential::side_by_side(const GeneratedProgram& given) {
    constexpr std::size_t k_column = 60;
    (void)agrees(given, given.family == Family::inet ? k_pauses_inet_ms.back() : 0);
    std::string text = "  the real kernel" + std::string(k_column - 15, ' ') + "| the model\n";
    for (std::size_t i = 0; i < given.program.size(); ++i) {
        const std::string& real = sides_->real_answers.lines[i];
        const std::string& model = sides_->model_answers.lines[i];
        if (real.empty() && model.empty()) continue;
        text += "  " + real;
        if (real.size() < k_column) text += std::string(k_column - real.size(), ' ');
        text += real == model ? "| the same\n" : "| " + model + "\n";
    }
    return text;
}

} // namespace edgecase::fake::conformance
