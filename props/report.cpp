#include "props/report.hpp"

#include <span>

#include <fmt/format.h>

#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

std::string place_text(std::uint32_t step, const ScenarioText& text, const std::string& file) {
    const std::vector<Step>& steps = text.scenario.steps;
    if (step >= steps.size()) {
        return fmt::format("{}: the tear-down after the last step", file);
    }
    const std::string line = step < text.lines.size() ? fmt::format("{}:{}", file, text.lines[step])
                                                      : fmt::format("{}, step {}", file, step + 1);
    return fmt::format("{}: {}", line, step_text(std::span(steps).subspan(step, 1 + steps[step].nested)));
}

std::string needs_text(const Verdict& verdict) {
    std::string needs;
    switch (verdict.faults) {
    case Faults::none: needs = "no fault"; break;
    case Faults::reachable: needs = "faults that Linux could give in that state"; break;
    case Faults::defensive: needs = "a fault that Linux could not give in that state (defensive)"; break;
    }
    return verdict.misuse ? needs + ", and misuse of the module" : needs;
}

} // namespace

std::string verdict_text(const Verdict& verdict, const ScenarioText& text, const std::string& file) {
    if (verdict.kind == Verdict::Kind::pass) {
        return fmt::format("pass: {}\n", file);
    }
    const bool budget = verdict.kind == Verdict::Kind::budget;
    std::string report =
        budget ? fmt::format("budget: {} system calls were not enough\n", text.scenario.config.budget)
               : fmt::format("finding: {}\n", invariant_name(verdict.violation.invariant));
    report += fmt::format("  at      {}\n", place_text(verdict.violation.step, text, file));
    report += fmt::format("  why     {}\n", verdict.violation.why);
    if (!budget) {
        report += fmt::format("  rule    {}\n",
                              invariants()[static_cast<unsigned>(verdict.violation.invariant)].statement);
    }
    report += fmt::format("  needed  {}\n", needs_text(verdict));
    if (!verdict.not_judged.empty()) {
        report += "  not judged:";
        for (const Invariant invariant : verdict.not_judged) {
            report += fmt::format(" {}", invariant_name(invariant));
        }
        report += "\n";
    }
    report += fmt::format("  replay  ci/edgecase replay {}\n", file);
    return report;
}

std::string unreached_text(const Verdict& verdict, const ScenarioText& text, const std::string& file) {
    std::string report;
    for (const Unreached& unreached : verdict.unreached) {
        report += fmt::format("unreached: {}\n", place_text(unreached.step, text, file));
    }
    return report;
}

} // namespace edgecase
