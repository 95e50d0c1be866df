// Whole scenarios as one value: whatever the scenario, every invariant holds, twice in the same way.
#include "props/harness.hpp"
#include "props/tests/catch.hpp"
#include "props/tests/counterexample.hpp"
#include "props/tests/generators.hpp"

using namespace edgecase;

namespace {

bool every_invariant_holds(const char* what, const GenerateOptions& options) {
    const std::unique_ptr<Harness> harness = make_model_harness();
    Counterexample counterexample;
    const bool holds = rc::check(what, [&] {
        const Scenario scenario = *scenario_gen(options);
        const Verdict& verdict = harness->run_twice(scenario);
        if (verdict.kind == Verdict::Kind::finding) {
            counterexample.keep(scenario, verdict, "");
            RC_FAIL(std::string(invariant_name(verdict.violation.invariant)));
        }
    });
    if (!holds) {
        counterexample.report();
    }
    return holds;
}

} // namespace

TEST_CASE("scenarios: every invariant holds without a script") {
    GenerateOptions options;
    options.max_steps = 120;
    options.script = false;
    CHECK(every_invariant_holds("without a script", options));
}

TEST_CASE("scenarios: every invariant holds under faults, scripted waits and places") {
    GenerateOptions options;
    options.max_steps = 120;
    CHECK(every_invariant_holds("with a script", options));
}

TEST_CASE("scenarios: every invariant holds with any kind of step at any place") {
    GenerateOptions options;
    options.max_steps = 300;
    options.variety = Variety::everything;
    CHECK(every_invariant_holds("everything", options));
}
