// shrink: a finding becomes the smallest one of its kind that can be found in a few seconds.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/findings.hpp"
#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/harness.hpp"
#include "props/report.hpp"
#include "props/shrink.hpp"

namespace edgecase {

int shrink_file(const ShrinkOptions& options) {
    std::string error;
    const std::optional<LoadedScenario> loaded = load_scenario(options.path, error);
    if (!loaded) {
        fmt::print(stderr, "{}\n", error);
        return k_exit_unusable;
    }
    const std::unique_ptr<Harness> harness = make_model_harness();
    const std::optional<Shrunk> shrunk = shrink_finding(*harness, loaded->text.scenario);
    if (!shrunk) {
        fmt::print(stderr, "{}: is no finding, and only findings can be shrunk\n", options.path);
        return k_exit_unusable;
    }
    const std::string text = finding_text(shrunk->scenario, shrunk->verdict);
    if (options.out.empty()) {
        fmt::print("{}", text);
    } else if (!write_new_file(options.out, text, error)) {
        fmt::print(stderr, "{}\n", error);
        return k_exit_unusable;
    }
    fmt::print(stderr, "{}: {}: {} steps, shrunk to {} in {} runs\n", options.path,
               identity_text(identity_of(shrunk->verdict, shrunk->scenario)),
               loaded->text.scenario.steps.size(), shrunk->scenario.steps.size(), shrunk->runs);
    return k_exit_pass;
}

} // namespace edgecase
