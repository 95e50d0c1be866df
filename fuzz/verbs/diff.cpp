// diff: random programs of system calls on the real kernel and on the model, compared call by call.
#include <sys/utsname.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include <fmt/format.h>

#include "fakekernel/conformance/differential.hpp"
#include "fuzz/verbs/verbs.hpp"

namespace edgecase {

namespace {

using namespace fake::conformance;
using Clock = std::chrono::steady_clock;

constexpr double k_progress_every_s = 10.0;
constexpr unsigned k_most_differences = 5; // each takes a while to shrink

struct Tally {
    std::uint64_t programs = 0;
    std::uint64_t calls = 0;
    std::uint64_t unsettled = 0;
    std::uint64_t touched_an_exclusion = 0;
    std::array<std::uint64_t, k_exclusions.size()> excluded{};
    std::uint64_t differences = 0;
};

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void count(Tally& tally, const Comparison& comparison) {
    ++tally.programs;
    tally.calls += comparison.calls;
    tally.unsettled += comparison.agreement == Agreement::unsettled ? 1 : 0;
    tally.differences += comparison.agreement == Agreement::different ? 1 : 0;
    tally.touched_an_exclusion += comparison.excluded != 0 ? 1 : 0;
    for (const ExclusionText& text : k_exclusions) {
        const auto bit = static_cast<unsigned>(text.exclusion);
        tally.excluded[bit] += comparison.excluded >> bit & 1U;
    }
}

void print_difference(Differential& differential, std::uint64_t seed, const GeneratedProgram& given) {
    const GeneratedProgram smallest = differential.shrink(given);
    fmt::print("difference: program {}, {} operations, shrunk to {}\n{}  again   ci/edgecase diff --seed {} "
               "--programs 1\n",
               seed, given.program.size(), smallest.program.size(), differential.side_by_side(smallest),
               seed);
    std::fflush(stdout);
}

void print_summary(const Tally& tally, double seconds) {
    utsname system{};
    uname(&system);
    fmt::print("{:<22} {:>10} {:>8}\n", "left out, on both", "programs", "share");
    for (const ExclusionText& text : k_exclusions) {
        const std::uint64_t programs = tally.excluded[static_cast<unsigned>(text.exclusion)];
        fmt::print("{:<22} {:>10} {:>7.3f}%\n", text.name, programs, percent(programs, tally.programs));
    }
    fmt::print("{} {}: {} programs, {} calls, {} unsettled ({:.3f}%), {} touched an exclusion ({:.3f}%), "
               "{} differences, {:.1f} s\n",
               system.sysname, system.release, tally.programs, tally.calls, tally.unsettled,
               percent(tally.unsettled, tally.programs), tally.touched_an_exclusion,
               percent(tally.touched_an_exclusion, tally.programs), tally.differences, seconds);
}

// At most one in a thousand, and one more so that few programs can be run.
bool too_many_unsettled(const Tally& tally) {
    return tally.unsettled > tally.programs / 1000 + 1;
}

} // namespace

int compare_with_linux(const DiffOptions& options) {
    Differential differential;
    Tally tally;
    const Clock::time_point start = Clock::now();
    const auto elapsed = [start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    double next_progress = k_progress_every_s;
    for (std::uint64_t seed = options.seed; tally.differences < k_most_differences; ++seed) {
        if (options.programs != 0 ? tally.programs == options.programs : elapsed() >= options.seconds) break;
        const GeneratedProgram given = generate_program(seed);
        const Comparison comparison = differential.compare(given);
        count(tally, comparison);
        if (comparison.agreement == Agreement::different) print_difference(differential, seed, given);
        if (comparison.agreement == Agreement::unsettled) fmt::print(stderr, "unsettled: program {}\n", seed);
        if (elapsed() >= next_progress) {
            fmt::print(stderr, "{:.0f} s: {} programs, {} unsettled, {} differences\n", elapsed(),
                       tally.programs, tally.unsettled, tally.differences);
            next_progress = elapsed() + k_progress_every_s;
        }
    }
    print_summary(tally, elapsed());
    if (too_many_unsettled(tally)) {
        fmt::print("more than one program in a thousand did not settle: the machine is too busy to tell\n");
    }
    return tally.differences != 0 || too_many_unsettled(tally) ? k_exit_finding : k_exit_pass;
}

} // namespace edgecase
