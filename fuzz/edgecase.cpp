// The command line: edgecase VERB ARGS. Only parsing is here; each verb is a file in verbs/.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "fuzz/verbs/verbs.hpp"
#include "props/explore.hpp"
#include "props/nearest_word.hpp"
#include "props/subjects.hpp"
#include "props/swarm.hpp"

namespace {

constexpr const char* k_version = "edgecase 0.1.0, scenario language 1";

void add_paths(CLI::App* verb, std::vector<std::string>& paths, const char* what) {
    verb->add_option("FILE", paths, what)->required();
}

// The first argument if it is meant as a verb and is none: what to say of it. Empty if there is nothing to say.
std::string complaint_about_verb(const CLI::App& app, int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "";
    if (first.empty() || first.front() == '-') {
        return {};
    }
    std::vector<std::string> names;
    for (const CLI::App* verb : app.get_subcommands(nullptr)) {
        names.push_back(verb->get_name());
    }
    if (std::find(names.begin(), names.end(), first) != names.end()) {
        return {};
    }
    std::string text = "there is no verb `" + first + "`";
    if (const std::string near = edgecase::nearest_word(first, {names.begin(), names.end()}); !near.empty()) {
        return text + "; did you mean `" + near + "`?";
    }
    text += "; there are:";
    for (const std::string& name : names) {
        text += " " + name;
    }
    return text;
}

} // namespace

int main(int argc, char** argv) {
    using namespace edgecase;
    CLI::App app{"Deterministic simulation of epoll reactors: replays, prints and converts scenarios.",
                 "edgecase"};
    app.require_subcommand(1);
    app.set_version_flag("--version", k_version);
    app.footer("Exit code: 0 pass, 1 finding, 2 unusable input or arguments. The format: corpus/FORMAT.md.");
    app.fallthrough();
    app.add_option_function<std::string>(
        "--subject",
        [](const std::string& name) {
            if (std::string error; !choose_subject(name, error)) {
                throw CLI::ValidationError("--subject", error);
            }
        },
        "the reactor to run, a mutant in place of core (edgecase list subjects)");
    int exit_code = k_exit_pass;

    ReplayOptions replay_options;
    CLI::App* verb = app.add_subcommand("replay", "run scenarios, each twice, and judge them");
    add_paths(verb, replay_options.paths, "scenarios, engines' artefacts, folders of them");
    verb->add_flag("-v,--verbose", replay_options.verbose,
                   "a line for each that passes, and what was unreached");
    verb->add_flag("--linux", replay_options.linux_kernel, "also on the real kernel, and compare");
    verb->callback([&] { exit_code = replay(replay_options); });

    ShrinkOptions shrink_options;
    verb = app.add_subcommand("shrink",
                              "make a finding as small as it can be while it breaks the same invariant in "
                              "a step of the same kind");
    verb->add_option("FILE", shrink_options.path, "a scenario, or an engine's artefact, that is a finding")
        ->required();
    verb->add_option("-o,--out", shrink_options.out, "a new file for what it became; else standard output");
    verb->callback([&] { exit_code = shrink_file(shrink_options); });

    SweepVerbOptions sweep_options;
    verb = app.add_subcommand("sweep",
                              "fail every call of scenarios, one at a time, in each way that Linux could");
    add_paths(verb, sweep_options.paths, "scenarios that pass, or folders of them");
    verb->add_flag("--by-class", sweep_options.by_class, "one error of each class, in place of every one");
    verb->callback([&] { exit_code = sweep_files(sweep_options); });

    SimOptions sim_options;
    sim_options.steps = k_swarm_steps;
    verb = app.add_subcommand(
        "sim", "long random runs, one a seed: a phase with faults, and one in which all must heal");
    verb->add_option("--seeds", sim_options.seeds, "A-B, one number, or a commit's hash")->required();
    verb->add_option("--steps", sim_options.steps, "at most, in the phase with faults")
        ->check(CLI::Range(1U, k_most_swarm_steps));
    verb->add_option("--json", sim_options.json, "a file for the report at the end");
    verb->callback([&] { exit_code = simulate_seeds(sim_options); });

    ExploreVerbOptions explore_options;
    verb = app.add_subcommand("explore", "every scenario of a small scope, from an alphabet that it prints");
    verb->add_option("--connections", explore_options.connections, "that stand at the beginning (2)")
        ->check(CLI::Range(1U, k_most_explored_connections));
    verb->add_option("--depth", explore_options.depth, "letters at the most (6)")
        ->check(CLI::Range(1U, k_deepest));
    verb->add_option("--seconds", explore_options.seconds, "and no longer than that (60)")
        ->check(CLI::Range(0.1, 1e6));
    verb->callback([&] { exit_code = explore_scope(explore_options); });

    CLI::App* corpus_verb = app.add_subcommand("corpus", "what is done to a folder of scenarios as a whole");
    corpus_verb->require_subcommand(1);
    CorpusMinOptions min_options;
    verb = corpus_verb->add_subcommand(
        "min", "the smallest set with the same sometimes points, pairs of the trace and "
               "invariants");
    add_paths(verb, min_options.paths, "scenarios, engines' artefacts, folders of them");
    verb->add_option("-o,--out", min_options.out, "a folder for copies of those that are kept")->required();
    verb->callback([&] { exit_code = minimise_corpus(min_options); });

    FormatOptions format_options;
    verb = app.add_subcommand("fmt", "print scenarios in their normal form");
    add_paths(verb, format_options.paths, "text scenarios, or folders of them");
    verb->add_flag("-i,--in-place", format_options.in_place, "rewrite the files");
    verb->add_flag("--check", format_options.check, "exit 1 if a file is not in its normal form");
    verb->callback([&] { exit_code = format_files(format_options); });

    TraceOptions trace_options;
    verb = app.add_subcommand("trace", "run scenarios and print every call, dispatch and log line");
    add_paths(verb, trace_options.paths, "scenarios, or folders of them");
    verb->add_flag("--hash", trace_options.hash_only, "one line a scenario: the hash of its trace");
    verb->callback([&] { exit_code = trace_files(trace_options); });

    std::vector<std::string> configurations;
    verb = app.add_subcommand("check-config", "read configurations and run a reactor with each");
    add_paths(verb, configurations, "configuration files: timer_resolution and events { }");
    verb->callback([&] { exit_code = check_configurations(configurations); });

    ConvertOptions encode_options;
    verb = app.add_subcommand("encode", "from text to the bytes that fuzzing engines work on");
    add_paths(verb, encode_options.paths, "scenarios, or folders of them");
    verb->add_option("-o,--out", encode_options.out, "a folder for the results; else standard output");
    verb->callback([&] { exit_code = encode_files(encode_options); });

    ConvertOptions decode_options;
    verb = app.add_subcommand("decode", "from bytes to text");
    add_paths(verb, decode_options.paths, "engines' artefacts, or folders of them");
    verb->add_option("-o,--out", decode_options.out, "a folder for the results; else standard output");
    verb->callback([&] { exit_code = decode_files(decode_options); });

    ImportOptions import_options;
    verb =
        app.add_subcommand("import", "make a scenario of what strace saw of a server, run it, and compare");
    verb->add_option("CAPTURE", import_options.path, "what `strace -f -ttt -s 24` printed")->required();
    verb->add_option(
        "-o,--out", import_options.out,
        "a new file for the scenario; else standard output, with the report in comments behind it");
    verb->add_flag("--strict", import_options.strict, "exit 1 if a call that can be compared does not agree");
    verb->callback([&] { exit_code = import_file(import_options); });

    std::string what;
    verb = app.add_subcommand(
        "list",
        "what there is: invariants, faults, fuzz targets, sometimes points, subjects, words of the language");
    verb->add_option("WHAT", what, "invariants, faults, targets, sometimes, subjects or words")
        ->required()
        ->check(CLI::IsMember({"invariants", "faults", "targets", "sometimes", "subjects", "words"}));
    verb->callback([&] { exit_code = list_things(what); });

    verb = app.add_subcommand("canaries", "break each invariant on purpose and see that the oracle says so");
    verb->callback([&] { exit_code = run_canaries(); });

    std::vector<std::string> call_files;
    verb = app.add_subcommand("calls", "run what kernel_fuzz found: bytes as system calls on the model");
    verb->add_option("FILE", call_files, "inputs of kernel_fuzz")->required();
    verb->callback([&] { exit_code = run_kernel_calls(call_files); });

    DiffOptions diff_options;
    verb = app.add_subcommand(
        "diff", "random programs of system calls on the real kernel and on the model, compared");
    CLI::Option* seconds = verb->add_option("--seconds", diff_options.seconds, "for so long (default: 10)")
                               ->check(CLI::Range(0.1, 1e6));
    verb->add_option("--programs", diff_options.programs, "so many")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}))
        ->excludes(seconds);
    verb->add_option("--seed", diff_options.seed, "of the first program; the next ones follow (default: 1)")
        ->check(CLI::NonNegativeNumber);
    verb->callback([&] { exit_code = compare_with_linux(diff_options); });

    BenchOptions bench_options;
    verb = app.add_subcommand("bench",
                              "runs a second over a corpus, heap allocations, the real kernel beside it");
    verb->add_option("FILE", bench_options.paths, "scenarios, or folders of them (default: corpus/seeds)");
    verb->add_option("--seconds", bench_options.seconds, "for each measurement")
        ->check(CLI::Range(0.1, 600.0));
    verb->callback([&] { exit_code = bench(bench_options); });

    if (const std::string complaint = complaint_about_verb(app, argc, argv); !complaint.empty()) {
        std::fprintf(stderr, "edgecase: %s\n", complaint.c_str());
        return k_exit_unusable;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? k_exit_pass : k_exit_unusable;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "edgecase: %s\n", error.what());
        return k_exit_unusable;
    }
    // What was printed may not have arrived yet, and may never.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::fprintf(stderr, "edgecase: standard output cannot be written\n");
        return k_exit_unusable;
    }
    return exit_code;
}
