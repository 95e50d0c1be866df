#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/compare_kernels.hpp"
#include "props/harness.hpp"
#include "props/linux_harness.hpp"
#include "props/report.hpp"

namespace edgecase {

namespace {

struct Tally {
    unsigned passed = 0;
    unsigned findings = 0;
    unsigned budgets = 0;
    unsigned unusable = 0;
    unsigned compared = 0;
    unsigned not_comparable = 0;
};

void compare_with_linux(const LoadedScenario& loaded, const std::string& file, bool verbose, Tally& tally) {
    const KernelComparison comparison = compare_kernels(loaded.text.scenario);
    switch (comparison.outcome) {
    case KernelComparison::Outcome::not_comparable:
        ++tally.not_comparable;
        if (verbose) {
            fmt::print("not on the real kernel: {}: {}\n", file, comparison.text);
        }
        break;
    case KernelComparison::Outcome::same: ++tally.compared; break;
    case KernelComparison::Outcome::different:
        ++tally.findings;
        fmt::print("finding: the real kernel answers otherwise than the model\n  at      {}\n{}", file,
                   comparison.text);
        break;
    }
}

void replay_one(const std::string& file, const ReplayOptions& options, Harness& harness, Tally& tally) {
    std::string error;
    const std::optional<LoadedScenario> loaded = load_scenario(file, error);
    if (!loaded) {
        fmt::print(stderr, "{}\n", error);
        ++tally.unusable;
        return;
    }
    RunOptions run_options;
    run_options.keep_trace = true;
    const Verdict& verdict = harness.run_twice(loaded->text.scenario, run_options);
    switch (verdict.kind) {
    case Verdict::Kind::pass:
        ++tally.passed;
        if (options.verbose) {
            fmt::print("{}{}", verdict_text(verdict, loaded->text, file),
                       unreached_text(verdict, loaded->text, file));
        }
        if (options.linux_kernel) {
            compare_with_linux(*loaded, file, options.verbose, tally);
        }
        break;
    case Verdict::Kind::budget:
        ++tally.budgets;
        fmt::print("{}", verdict_text(verdict, loaded->text, file));
        break;
    case Verdict::Kind::finding:
        ++tally.findings;
        fmt::print("{}", verdict_text(verdict, loaded->text, file));
        break;
    }
}

} // namespace

int replay(const ReplayOptions& options) {
    if (options.linux_kernel && !k_has_linux_harness) {
        fmt::print(stderr, "edgecase: --linux: this build has no real kernel\n");
        return k_exit_unusable;
    }
    std::vector<std::string> files;
    std::string error;
    if (!find_scenario_files(options.paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    const std::unique_ptr<Harness> harness = make_model_harness();
    Tally tally;
    for (const std::string& file : files) {
        replay_one(file, options, *harness, tally);
    }
    fmt::print("{} scenarios: {} pass, {} findings, {} out of budget, {} unusable\n", files.size(),
               tally.passed, tally.findings, tally.budgets, tally.unusable);
    if (options.linux_kernel) {
        fmt::print(
            "on the real kernel: {} the same, {} not comparable (faults, scripts, or what the world alone "
            "can do)\n",
            tally.compared, tally.not_comparable);
    }
    if (tally.findings > 0) {
        return k_exit_finding;
    }
    return tally.unusable > 0 ? k_exit_unusable : k_exit_pass;
}

} // namespace edgecase
