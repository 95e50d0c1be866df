#include "fuzz/campaign.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "fuzz/scenario_files.hpp"
#include "props/report.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

// What a kind of step is called in the counters: its pattern's fixed words.
std::string step_name(unsigned kind) {
    return pattern_text(step_shape(static_cast<StepKind>(kind)));
}

} // namespace

Campaign::Campaign()
    : harness_(make_model_harness()), statistics_path_(environment("EDGECASE_STATS", "")),
      findings_folder_(environment("EDGECASE_FINDINGS", "findings")) {}

Campaign::~Campaign() {
    write_statistics();
}

void Campaign::run(const Scenario& scenario) {
    ++runs_;
    const Verdict& verdict =
        runs_ % k_twice_every == 0 ? harness_->run_twice(scenario) : harness_->run(scenario);
    if (verdict.kind == Verdict::Kind::budget) {
        ++budgets_;
    }
    if (runs_ % k_statistics_every == 0) {
        write_statistics();
    }
    if (verdict.kind != Verdict::Kind::finding) [[likely]] {
        return;
    }
    const std::string file = keep_finding(scenario, verdict);
    ScenarioText text;
    text.scenario = scenario;
    fmt::print(stderr, "{}", verdict_text(verdict, text, file));
    write_statistics();
    std::abort();
}

// Named by what broke and by the text, so that the same finding has the same name and is written once.
std::string Campaign::keep_finding(const Scenario& scenario, const Verdict& verdict) {
    ScenarioText text;
    text.scenario = scenario;
    text.comments.push_back(
        {0, false, fmt::format(" breaks {}", invariant_name(verdict.violation.invariant))});
    text.comments.push_back({0, false, fmt::format(" {}", verdict.violation.why)});
    const std::string printed = print_scenario(text);
    const std::string file =
        fmt::format("{}/{}-{:08x}.scn", findings_folder_, invariant_name(verdict.violation.invariant),
                    static_cast<std::uint32_t>(XXH3_64bits(printed.data(), printed.size())));
    std::string error;
    if (!write_new_file(file, printed, error)) {
        fmt::print(stderr, "{}\n", error);
    }
    return file;
}

void Campaign::write_statistics() {
    if (statistics_path_.empty()) {
        return;
    }
    const Simulation& simulation = harness_->simulation();
    nlohmann::json json;
    json["runs"] = runs_;
    json["budgets"] = budgets_;
    for (const InvariantText& text : invariants()) {
        json["invariants"][std::string(text.name)] =
            simulation.exercised()[static_cast<unsigned>(text.invariant)];
    }
    for (unsigned call = 0; call < fake::k_calls; ++call) {
        json["faults"][std::string(fake::call_name(static_cast<fake::Call>(call)))] =
            simulation.faults_fired()[call];
    }
    for (unsigned kind = 0; kind < k_step_kinds; ++kind) {
        json["steps"][step_name(kind)] = simulation.steps_taken()[kind];
    }
    // Whoever watches the campaign reads this file at any moment: it is replaced as a whole.
    const std::string beside = statistics_path_ + ".new";
    std::ofstream stream(beside, std::ios::trunc);
    stream << json.dump() << '\n';
    stream.close();
    if (stream) {
        std::rename(beside.c_str(), statistics_path_.c_str());
    }
}

} // namespace edgecase
