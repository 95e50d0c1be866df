#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/harness.hpp"
#include "props/report.hpp"
#include "props/trace_text.hpp"

namespace edgecase {

int trace_files(const TraceOptions& options) {
    std::vector<std::string> files;
    std::string error;
    if (!find_scenario_files(options.paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    const std::unique_ptr<Harness> harness = make_model_harness();
    RunOptions run_options;
    run_options.keep_trace = true;
    int exit_code = k_exit_pass;
    for (const std::string& file : files) {
        const std::optional<LoadedScenario> loaded = load_scenario(file, error);
        if (!loaded) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
        const Verdict& verdict = harness->run(loaded->text.scenario, run_options);
        if (verdict.kind == Verdict::Kind::finding) {
            exit_code = k_exit_finding;
        }
        if (options.hash_only) {
            fmt::print("{:016x} {}\n", verdict.trace_hash, file);
            continue;
        }
        if (files.size() > 1) {
            fmt::print("# {}\n", file);
        }
        const Simulation& simulation = harness->simulation();
        for (const fake::Record& record : simulation.trace().records()) {
            fmt::print("{}\n", record_text(record, loaded->text.scenario, simulation.log_lines()));
        }
        fmt::print("{}{}trace {:016x}, {} system calls\n", verdict_text(verdict, loaded->text, file),
                   unreached_text(verdict, loaded->text, file), verdict.trace_hash, verdict.calls);
    }
    return exit_code;
}

} // namespace edgecase
