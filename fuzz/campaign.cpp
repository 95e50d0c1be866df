#include "fuzz/campaign.hpp"

#include <cstdio>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "fuzz/findings.hpp"
#include "props/harness.hpp"
#include "props/scenario_language.hpp"

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
    calls_ += verdict.calls;
    sometimes_.fill(0);
    recogniser_.look(trace().records(), scenario, sometimes_);
    tally_.add(sometimes_, runs_);
    if (verdict.kind == Verdict::Kind::budget) {
        ++budgets_;
    }
    if (CampaignFiles::are_counters_due(runs_)) {
        write_counters();
    }
    if (verdict.kind != Verdict::Kind::finding) [[likely]] {
        return;
    }
    report_finding(stderr, keep_finding(*harness_, scenario, verdict, findings_folder()));
    write_counters();
    std::abort();
}

void Campaign::write_counters() const {
    const Simulation& simulation = harness_->simulation();
    nlohmann::json json;
    json["runs"] = runs_;
    json["calls"] = calls_;
    json["budgets"] = budgets_;
    for (const InvariantText& text : invariants()) {
        json["invariants"][std::string(text.name)] =
            simulation.exercised()[static_cast<unsigned>(text.invariant)];
    }
    for (const SometimesText& text : sometimes_points()) {
        json["sometimes"][std::string(text.name)] = tally_.runs(text.point);
        if (const auto first = tally_.first(text.point)) {
            json["sometimes_first"][std::string(text.name)] = *first;
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
