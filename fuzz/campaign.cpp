#include "fuzz/campaign.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fuzz/findings.hpp"
#include "props/harness.hpp"
#include "props/report.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

// What a kind of step is called in the counters: its pattern's fixed words.
std::string step_name(unsigned kind) {
    return pattern_text(step_shape(static_cast<StepKind>(kind)));
}

} // namespace

Campaign::Campaign() : harness_(make_model_harness()) {}

Campaign::~Campaign() {
    write_counters();
}

void Campaign::run(const Scenario& scenario) {
    ++runs_;
    const Verdict& verdict =
        runs_ % k_twice_every == 0 ? harness_->run_twice(scenario) : harness_->run(scenario);
    count_sometimes(scenario);
    if (verdict.kind == Verdict::Kind::budget) {
        ++budgets_;
    }
    if (CampaignFiles::are_counters_due(runs_)) {
        write_counters();
    }
    if (verdict.kind != Verdict::Kind::finding) [[likely]] {
        return;
    }
    const KeptFinding kept = keep_finding(*harness_, scenario, verdict, findings_folder());
    if (!kept.error.empty()) {
        fmt::print(stderr, "{}\n", kept.error);
    }
    ScenarioText text;
    text.scenario = kept.shrunk.scenario;
    fmt::print(stderr, "{}", verdict_text(kept.shrunk.verdict, text, kept.file));
    write_counters();
    std::abort();
}

void Campaign::count_sometimes(const Scenario& scenario) {
    sometimes_.fill(0);
    recogniser_.look(trace().records(), scenario, sometimes_);
    for (unsigned point = 0; point < k_sometimes; ++point) {
        if (sometimes_[point] != 0 && sometimes_runs_[point]++ == 0) {
            sometimes_first_[point] = runs_;
        }
    }
}

void Campaign::write_counters() const {
    const Simulation& simulation = harness_->simulation();
    nlohmann::json json;
    json["runs"] = runs_;
    json["budgets"] = budgets_;
    for (const InvariantText& text : invariants()) {
        json["invariants"][std::string(text.name)] =
            simulation.exercised()[static_cast<unsigned>(text.invariant)];
    }
    for (const SometimesText& text : sometimes_points()) {
        const auto point = static_cast<unsigned>(text.point);
        json["sometimes"][std::string(text.name)] = sometimes_runs_[point];
        if (sometimes_first_[point] != 0) {
            json["sometimes_first"][std::string(text.name)] = sometimes_first_[point];
        }
    }
    for (unsigned call = 0; call < fake::k_calls; ++call) {
        json["faults"][std::string(fake::call_name(static_cast<fake::Call>(call)))] =
            simulation.faults_fired()[call];
    }
    for (unsigned kind = 0; kind < k_step_kinds; ++kind) {
        json["steps"][step_name(kind)] = simulation.steps_taken()[kind];
        if (is_script_step(static_cast<StepKind>(kind)) &&
            static_cast<StepKind>(kind) != StepKind::wait_entry) {
            json["scripts"][step_name(kind)] = simulation.scripts_reached()[kind];
        }
    }
    files_.write_counters(json);
}

} // namespace edgecase
