// bench: runs a second over a corpus and heap allocations a run, beside the same scenarios on the real
// kernel; and the parts of the house that the time goes to.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "fuzz/allocation_count.hpp"
#include "fuzz/mutator.hpp"
#include "fuzz/part_profile.hpp"
#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/compare_kernels.hpp"
#include "props/generate.hpp"
#include "props/harness.hpp"
#include "props/linux_harness.hpp"
#include "props/scenario_bytes.hpp"

namespace edgecase {

namespace {

using Clock = std::chrono::steady_clock;

struct Measured {
    double runs_per_second = 0;
    double calls_per_run = 0;
    double allocations_per_run = 0;
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// The median of five stretches of the time given, each over the whole corpus again and again.
Measured measure(Harness& harness, const std::vector<Scenario>& scenarios, double seconds) {
    constexpr unsigned k_stretches = 5;
    for (const Scenario& scenario : scenarios) {
        harness.run(scenario); // warm-up
    }
    Measured measured;
    std::uint64_t calls = 0;
    for (const Scenario& scenario : scenarios) {
        calls += harness.run(scenario).calls;
    }
    measured.calls_per_run = static_cast<double>(calls) / static_cast<double>(scenarios.size());
    std::vector<double> rates;
    rates.reserve(k_stretches);
    std::uint64_t runs = 0;
    const std::uint64_t allocations_before = allocation_count();
    for (unsigned stretch = 0; stretch < k_stretches; ++stretch) {
        const Clock::time_point start = Clock::now();
        std::uint64_t stretch_runs = 0;
        do {
            for (const Scenario& scenario : scenarios) {
                harness.run(scenario);
            }
            stretch_runs += scenarios.size();
        } while (seconds_since(start) < seconds / k_stretches);
        rates.push_back(static_cast<double>(stretch_runs) / seconds_since(start));
        runs += stretch_runs;
    }
    const std::uint64_t allocations = allocation_count() - allocations_before;
    measured.allocations_per_run = static_cast<double>(allocations) / static_cast<double>(runs);
    std::sort(rates.begin(), rates.end());
    measured.runs_per_second = rates[k_stretches / 2];
    return measured;
}

// Longer runs than the corpus has: generated ones that make about 50 system calls, the same ones every time.
std::vector<Scenario> generated_scenarios(Harness& harness) {
    constexpr std::size_t k_wanted = 256;
    constexpr std::uint64_t k_least_calls = 40;
    constexpr std::uint64_t k_most_calls = 60;
    GenerateOptions options;
    options.max_steps = 80;
    std::vector<Scenario> scenarios;
    for (std::uint64_t seed = 1; scenarios.size() < k_wanted; ++seed) {
        const Scenario scenario = generate_scenario(seed, options);
        const Verdict& verdict = harness.run(scenario);
        if (verdict.kind == Verdict::Kind::pass && verdict.calls >= k_least_calls &&
            verdict.calls <= k_most_calls) {
            scenarios.push_back(scenario);
        }
    }
    return scenarios;
}

void print_row(const char* what, std::size_t scenarios, const Measured& measured) {
    fmt::print("{:<36} {:>9} {:>12.0f} {:>10.1f} {:>12.3f} {:>14.3f}\n", what, scenarios,
               measured.runs_per_second, measured.calls_per_run,
               measured.runs_per_second * measured.calls_per_run / 1e6, measured.allocations_per_run);
}

// What a run of a fuzz target is made of: from bytes, a change, to bytes and back, the run. Which parts that time goes to.
void print_shares(Harness& harness, const std::vector<Scenario>& scenarios, double seconds) {
    Scenario scenario;
    Scenario again;
    std::uint64_t seed = 0;
    PartProfile profile;
    const Clock::time_point start = Clock::now();
    do {
        for (const Scenario& one : scenarios) {
            scenario = one;
            Mutator(++seed).mutate(scenario);
            if (const auto bytes = encode(scenario)) {
                decode(bytes->data(), bytes->size(), again);
                harness.run(again);
            }
        }
    } while (seconds_since(start) < seconds);
    const std::array<std::uint64_t, k_parts> counts = profile.stop();
    const std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    if (all == 0) {
        fmt::print("where the time goes: not known on this machine\n");
        return;
    }
    fmt::print("where the time of mutated runs goes ({} samples):", all);
    for (unsigned part = 0; part < k_parts; ++part) {
        fmt::print("{} {} {:.0f} %", part == 0 ? "" : ",", part_name(static_cast<Part>(part)),
                   100.0 * static_cast<double>(counts[part]) / static_cast<double>(all));
    }
    fmt::print("\n");
}

} // namespace

int bench(const BenchOptions& options) {
    std::vector<std::string> files;
    std::string error;
    const std::vector<std::string> paths =
        options.paths.empty() ? std::vector<std::string>{"corpus/seeds"} : options.paths;
    if (!find_scenario_files(paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    std::vector<Scenario> all;
    std::vector<Scenario> comparable;
    for (const std::string& file : files) {
        const std::optional<LoadedScenario> loaded = load_scenario(file, error);
        if (!loaded) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
        all.push_back(loaded->text.scenario);
        std::string reason;
        if (runs_on_linux(loaded->text.scenario, reason)) {
            comparable.push_back(loaded->text.scenario);
        }
    }
    fmt::print("{:<36} {:>9} {:>12} {:>10} {:>12} {:>14}\n", "what", "scenarios", "runs/s", "calls/run",
               "Mcalls/s", "allocations/run");
    const std::unique_ptr<Harness> model = make_model_harness();
    print_row("the model, every invariant", all.size(), measure(*model, all, options.seconds));
    const std::vector<Scenario> generated = generated_scenarios(*model);
    print_row("the same, generated, 40 to 60 calls", generated.size(),
              measure(*model, generated, options.seconds));
    print_shares(*model, all, options.seconds);
    if (comparable.empty()) {
        fmt::print("none of them can run on the real kernel: nothing to compare with\n");
        return k_exit_pass;
    }
    const Measured on_model = measure(*model, comparable, options.seconds);
    print_row("the model, what Linux can run", comparable.size(), on_model);
    const std::unique_ptr<Harness> linux_kernel = make_linux_harness(Settling::none);
    const Measured on_linux = measure(*linux_kernel, comparable, options.seconds);
    print_row("the same on the real kernel", comparable.size(), on_linux);
    fmt::print("model against real kernel: {:.1f} times\n",
               on_model.runs_per_second / on_linux.runs_per_second);
    return k_exit_pass;
}

} // namespace edgecase
