// sweep: every call of a scenario fails once, in every way that Linux knows.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/findings.hpp"
#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/report.hpp"
#include "props/sweep.hpp"

namespace edgecase {

namespace {

// What was found so far, each identity once.
class SweepFindings {
public:
    explicit SweepFindings(Harness& harness) : harness_(harness) {}

    void found(const std::string& file, const Scenario& scenario, const Verdict& verdict) {
        const FindingIdentity identity = identity_of(verdict, scenario);
        if (std::find(known_.begin(), known_.end(), identity) != known_.end()) {
            return;
        }
        known_.push_back(identity);
        report_finding(stdout, keep_finding(harness_, scenario, verdict, findings_folder()));
        fmt::print("  swept   {}\n", file);
    }

    [[nodiscard]] std::size_t kinds() const { return known_.size(); }

private:
    Harness& harness_;
    std::vector<FindingIdentity> known_;
};

} // namespace

int sweep_files(const SweepVerbOptions& options) {
    std::vector<std::string> files;
    std::string error;
    if (!find_scenario_files(options.paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    const std::unique_ptr<Harness> harness = make_model_harness();
    SweepFindings findings(*harness);
    SweepOptions sweep_options;
    sweep_options.errors = options.by_class ? SweepErrors::one_of_each_class : SweepErrors::all;
    SweepCounts counts;
    unsigned unusable = 0;
    unsigned findings_before = 0;
    for (const std::string& file : files) {
        const std::optional<LoadedScenario> loaded = load_scenario(file, error);
        if (!loaded) {
            fmt::print(stderr, "{}\n", error);
            ++unusable;
            continue;
        }
        const Scenario& scenario = loaded->text.scenario;
        if (const Verdict& verdict = harness->run(scenario); verdict.kind == Verdict::Kind::finding) {
            ++findings_before;
            fmt::print("{}", verdict_text(verdict, loaded->text, file));
            continue;
        }
        sweep_faults(
            *harness, scenario, sweep_options, counts,
            [&](const Scenario& swept, const Verdict& verdict) { findings.found(file, swept, verdict); });
    }
    fmt::print(
        "{} scenarios swept: {} calls failed in {} runs; {} calls that cannot, {} too far into their step\n",
        counts.scenarios, counts.calls, counts.runs, counts.without, counts.unreachable);
    fmt::print(
        "{} findings of {} kinds, {} out of budget, {} not met as listed, {} findings before any fault, {} "
        "unusable\n",
        counts.findings, findings.kinds(), counts.budgets, counts.unmet, findings_before, unusable);
    if (counts.findings + findings_before > 0) {
        return k_exit_finding;
    }
    return unusable > 0 ? k_exit_unusable : k_exit_pass;
}

} // namespace edgecase
