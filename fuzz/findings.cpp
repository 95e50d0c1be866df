#include "fuzz/findings.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"
#include "props/report.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

constexpr unsigned k_most_of_a_name = 1000;

enum class Known { free, same, other };

// What stands at that path already.
Known look_at(Harness& harness, const std::string& file, const FindingIdentity& identity) {
    std::error_code code;
    if (!std::filesystem::exists(file, code)) {
        return Known::free;
    }
    std::string error;
    const std::optional<LoadedScenario> loaded = load_scenario(file, error);
    if (!loaded) {
        return Known::other;
    }
    const Verdict& verdict = harness.run_twice(loaded->text.scenario);
    return verdict.kind == Verdict::Kind::finding && identity_of(verdict, loaded->text.scenario) == identity
               ? Known::same
               : Known::other;
}

} // namespace

std::string finding_text(const Scenario& scenario, const Verdict& verdict) {
    ScenarioText text;
    text.scenario = scenario;
    text.comments.push_back(
        {0, false, fmt::format("breaks {}", invariant_name(verdict.violation.invariant))});
    text.comments.push_back({0, false, fmt::format("{}", verdict.violation.why)});
    return print_scenario(text);
}

KeptFinding keep_finding(Harness& harness, const Scenario& scenario, const Verdict& met,
                         const std::string& folder) {
    KeptFinding kept;
    const std::string original_text = finding_text(scenario, met);
    kept.shrunk = Shrunk{scenario, met, 0};
    if (std::optional<Shrunk> shrunk = shrink_finding(harness, scenario)) {
        kept.shrunk = std::move(*shrunk);
    }
    const FindingIdentity identity = identity_of(kept.shrunk.verdict, kept.shrunk.scenario);
    for (unsigned number = 1; number <= k_most_of_a_name; ++number) {
        const std::string stem = fmt::format("{}/{}{}", folder, identity_text(identity),
                                             number == 1 ? "" : fmt::format("-{}", number));
        kept.file = stem + ".scn";
        const Known known = look_at(harness, kept.file, identity);
        if (known == Known::same) {
            return kept;
        }
        if (known == Known::other) {
            continue;
        }
        kept.is_new =
            write_new_file(kept.file, finding_text(kept.shrunk.scenario, kept.shrunk.verdict), kept.error);
        const std::string original = stem + std::string(k_original_suffix);
        if (std::error_code code; kept.is_new && !std::filesystem::exists(original, code)) {
            (void)write_new_file(original, original_text, kept.error);
        }
        return kept;
    }
    kept.error = fmt::format("{}: {} other files have this name", kept.file, k_most_of_a_name);
    return kept;
}

void report_finding(std::FILE* out, const KeptFinding& kept) {
    if (!kept.error.empty()) {
        fmt::print(stderr, "{}\n", kept.error);
    }
    ScenarioText text;
    text.scenario = kept.shrunk.scenario;
    fmt::print(out, "{}", verdict_text(kept.shrunk.verdict, text, kept.file));
}

std::string findings_folder() {
    const char* named = std::getenv("EDGECASE_FINDINGS");
    return named != nullptr && *named != '\0' ? named : "findings";
}

} // namespace edgecase
