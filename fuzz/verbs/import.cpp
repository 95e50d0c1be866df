// import: a capture of a real server becomes a scenario, which is run and held against the capture.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/captures/capture.hpp"
#include "props/captures/comparison.hpp"
#include "props/captures/importer.hpp"
#include "props/harness.hpp"
#include "props/report.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

std::string notes_text(const ImportedCapture& imported, const std::string& file) {
    std::string text;
    for (const ImportNote& note : imported.notes) {
        text += fmt::format("{}:{}: left out: {}\n", file, note.line, note.text);
    }
    return text;
}

// Each line as a comment: behind a scenario it leaves it one.
std::string as_comments(const std::string& text) {
    std::string comments;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        comments += "# " + text.substr(at, end - at) + "\n";
        at = end == std::string::npos ? text.size() : end + 1;
    }
    return comments;
}

} // namespace

int import_file(const ImportOptions& options) {
    std::string error;
    const std::optional<std::string> text = read_file(options.path, error);
    if (!text) {
        fmt::print(stderr, "{}\n", error);
        return k_exit_unusable;
    }
    const CaptureResult read = read_capture(*text, options.path);
    if (!read) {
        fmt::print(stderr, "{}\n", format_error(read.error()));
        return k_exit_unusable;
    }
    const Capture& capture = read.capture();
    const ImportedCapture imported = import_capture(capture);
    const std::string scenario = print_scenario(imported.text);
    const std::unique_ptr<Harness> harness = make_model_harness();
    RunOptions run_options;
    run_options.keep_trace = true;
    const Verdict& verdict = harness->run(imported.text.scenario, run_options);
    const CaptureComparison comparison = compare_with_trace(capture, imported, harness->simulation().trace());
    std::string report = comparison_text(comparison, options.path) + notes_text(imported, options.path);
    if (verdict.kind != Verdict::Kind::pass) {
        report += verdict_text(verdict, imported.text, options.out.empty() ? options.path : options.out);
    }
    report += unreached_text(verdict, imported.text, options.path);

    if (options.out.empty()) {
        fmt::print("{}{}", scenario, as_comments(report));
    } else if (!write_new_file(options.out, scenario, error)) {
        fmt::print(stderr, "{}\n", error);
        return k_exit_unusable;
    } else {
        fmt::print("{}", report);
    }
    const bool is_finding = verdict.kind != Verdict::Kind::pass || !comparison.all_agree();
    return options.strict && is_finding ? k_exit_finding : k_exit_pass;
}

} // namespace edgecase
