// Running a scenario given as text, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "props/harness.hpp"
#include "props/report.hpp"
#include "props/scenario_text.hpp"
#include "props/tests/catch.hpp"
#include "props/trace_text.hpp"

namespace edgecase {

// Parses a text that must be right; its first line is added.
[[nodiscard]] inline Scenario scenario_of(std::string_view steps) {
    const ParseResult parsed = parse_scenario("edgecase 1\n" + std::string(steps), "test");
    INFO((parsed ? std::string() : format_error(parsed.error())));
    REQUIRE(parsed);
    return parsed.text().scenario;
}

// A run of one scenario, with its trace as text.
class TextRun {
public:
    explicit TextRun(std::string_view steps) : scenario_(scenario_of(steps)), harness_(make_model_harness()) {
        RunOptions options;
        options.keep_trace = true;
        verdict_ = harness_->run_twice(scenario_, options);
        for (const fake::Record& record : harness_->simulation().trace().records()) {
            trace_ += record_text(record, scenario_, harness_->simulation().log_lines()) + "\n";
        }
    }

    [[nodiscard]] const Verdict& verdict() const { return verdict_; }
    [[nodiscard]] const std::string& trace() const { return trace_; }
    [[nodiscard]] std::string report() const {
        ScenarioText text;
        text.scenario = scenario_;
        return verdict_text(verdict_, text, "test");
    }
    [[nodiscard]] bool passed() const { return verdict_.kind == Verdict::Kind::pass; }
    [[nodiscard]] bool says(std::string_view what) const { return trace_.find(what) != std::string::npos; }

    // How often this stands in the trace.
    [[nodiscard]] unsigned count(std::string_view what) const {
        unsigned count = 0;
        for (std::size_t at = trace_.find(what); at != std::string::npos; at = trace_.find(what, at + 1)) {
            ++count;
        }
        return count;
    }

private:
    Scenario scenario_;
    std::unique_ptr<Harness> harness_;
    Verdict verdict_;
    std::string trace_;
};

} // namespace edgecase
