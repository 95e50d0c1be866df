// The corpus: every scenario passes on the model, and is written in its normal form with a reason on top.
#include "props/harness.hpp"
#include "props/scenario_bytes.hpp"
#include "props/scenario_language.hpp"
#include "props/tests/corpus_files.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

// The scenario without one of its top-level steps, and what it holds.
Scenario without(const Scenario& scenario, std::size_t step) {
    Scenario shorter = scenario;
    const auto first = shorter.steps.begin() + static_cast<std::ptrdiff_t>(step);
    shorter.steps.erase(first, first + 1 + static_cast<std::ptrdiff_t>(scenario.steps[step].nested));
    return shorter;
}

} // namespace

TEST_CASE("corpus: there are at least 40 scenarios, each in its normal form with a reason on top") {
    const std::vector<CorpusFile> files = corpus();
    CHECK(files.size() >= 40);
    for (const CorpusFile& file : files) {
        INFO(file.path);
        const ScenarioText text = parsed(file);
        CHECK(print_scenario(text) == file.bytes);
        CHECK((!text.comments.empty() && text.comments.front().step == 0 && !text.comments.front().behind));
    }
}

TEST_CASE("corpus: every scenario passes on the model") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    for (const CorpusFile& file : corpus()) {
        const ScenarioText text = parsed(file);
        const Verdict& verdict = harness->run_twice(text.scenario);
        const std::string path = std::filesystem::relative(file.path, EDGECASE_SOURCE_DIR).string();
        INFO(verdict_text(verdict, text, path));
        CHECK(verdict.kind == Verdict::Kind::pass);
    }
}

TEST_CASE("corpus: the byte form holds every scenario but long captures") {
    for (const CorpusFile& file : corpus()) {
        INFO(file.path);
        const Scenario scenario = parsed(file).scenario;
        if (scenario.steps.size() > k_max_encoded_steps) {
            CHECK(file.path.find("/corpus/captures/") != std::string::npos);
            continue;
        }
        const auto bytes = encode(scenario);
        REQUIRE(bytes.has_value());
        Scenario decoded;
        decode(bytes->data(), bytes->size(), decoded);
        CHECK(decoded == scenario);
    }
}

TEST_CASE("corpus: for each kind of script a scenario's trace differs without that line") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    std::array<bool, k_step_kinds> matters{};
    for (const CorpusFile& file : corpus()) {
        const Scenario scenario = parsed(file).scenario;
        const std::uint64_t whole = harness->run(scenario).trace_hash;
        for (std::size_t i = 0; i < scenario.steps.size(); i += 1 + scenario.steps[i].nested) {
            const StepKind kind = scenario.steps[i].kind;
            if (is_script_step(kind) && !matters[static_cast<unsigned>(kind)]) {
                matters[static_cast<unsigned>(kind)] = harness->run(without(scenario, i)).trace_hash != whole;
            }
        }
    }
    for (unsigned kind = 0; kind < k_step_kinds; ++kind) {
        const bool is_script = is_script_step(static_cast<StepKind>(kind));
        if (is_script && static_cast<StepKind>(kind) != StepKind::wait_entry) {
            INFO(pattern_text(step_shape(static_cast<StepKind>(kind))));
            CHECK(matters[kind]);
        }
    }
}
