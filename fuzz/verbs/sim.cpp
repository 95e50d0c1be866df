// sim: long random runs, one a seed, each with a phase with faults and a healed one.
#include <chrono>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/findings.hpp"
#include "fuzz/scenario_files.hpp"
#include "fuzz/search_report.hpp"
#include "fuzz/seed_range.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/scenario_text.hpp"
#include "props/swarm.hpp"

namespace edgecase {

namespace {

constexpr std::uint64_t k_most_plans_shown = 16; // of more seeds, those of findings only

// The scenario of a run that did not recover, as it is: its identity is no invariant's, so nothing shrinks it.
std::string keep_unhealed(const SwarmRun& run, std::uint64_t seed) {
    std::string file = fmt::format("{}/does-not-heal-seed-{}.scn", findings_folder(), seed);
    ScenarioText text;
    text.scenario = run.scenario;
    text.comments.push_back({0, false, fmt::format("does not heal: {}", run.unhealed)});
    if (std::string error; !write_new_file(file, print_scenario(text), error)) {
        fmt::print(stderr, "{}\n", error);
    }
    return file;
}

void report_run(Harness& harness, const SwarmPlan& plan, const SwarmRun& run, bool plan_shown,
                SearchReport& report) {
    const bool finding = run.verdict.kind == Verdict::Kind::finding;
    if (!finding && run.unhealed.empty()) {
        return;
    }
    if (!plan_shown) {
        fmt::print("{}\n", plan_text(plan));
    }
    if (!finding) {
        const std::string file = keep_unhealed(run, plan.seed);
        fmt::print("finding: does not heal\n  why     {}\n  replay  ci/edgecase sim --seeds {} --steps {}\n",
                   run.unhealed, plan.seed, plan.steps);
        report.add_finding(file);
        return;
    }
    const KeptFinding kept = keep_finding(harness, run.scenario, run.verdict, findings_folder());
    report_finding(stdout, kept);
    if (kept.is_new || !report.has(kept.file)) {
        report.add_finding(kept.file);
    }
}

} // namespace

int simulate_seeds(const SimOptions& options) {
    std::string error;
    const std::optional<SeedRange> seeds = parse_seeds(options.seeds, error);
    if (!seeds) {
        fmt::print(stderr, "edgecase: --seeds: {}\n", error);
        return k_exit_unusable;
    }
    const std::unique_ptr<Harness> harness = make_model_harness();
    SometimesRecogniser recogniser;
    SearchReport report;
    const bool shows_plans = seeds->last - seeds->first < k_most_plans_shown;
    std::uint64_t budgets = 0;
    std::uint64_t taken_out = 0;
    const auto began = std::chrono::steady_clock::now();
    for (std::uint64_t seed = seeds->first;; ++seed) {
        const SwarmPlan plan = swarm_plan(seed, options.steps);
        if (shows_plans) {
            fmt::print("{}\n", plan_text(plan));
        }
        const SwarmRun run = run_swarm(*harness, plan);
        SometimesHits hits{};
        recogniser.look(harness->simulation().trace().records(), run.scenario, hits);
        report.add_run(hits, seed);
        budgets += run.verdict.kind == Verdict::Kind::budget;
        taken_out += run.taken_out;
        report_run(*harness, plan, run, shows_plans, report);
        if (seed == seeds->last) {
            break;
        }
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const InvariantCounts& exercised = harness->simulation().exercised();
    fmt::print(
        "{}{} out of budget; {} steps taken out, which break the module's contract or never come to rest\n",
        report.text(seconds, exercised, "first at seed"), budgets, taken_out);
    if (!options.json.empty() && !write_file(options.json, report.json(seconds, exercised), error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    return report.has_findings() ? k_exit_finding : k_exit_pass;
}

} // namespace edgecase
