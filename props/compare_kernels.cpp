#include "props/compare_kernels.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "props/linux_harness.hpp"
#include "props/scenario_language.hpp"
#include "props/trace_text.hpp"

namespace edgecase {

namespace {

// What both kernels must agree on: how each wait came out, with its masks and data in their order; every
// dispatch; every result of the module. Descriptor numbers are left out: the real process has others.
std::vector<std::string> answers_of(const Simulation& simulation, const Scenario& scenario) {
    std::vector<std::string> lines;
    for (const fake::Record& record : simulation.trace().records()) {
        switch (record.kind) {
        case fake::RecordKind::wait_event:
        case fake::RecordKind::dispatch:
        case fake::RecordKind::accept:
        case fake::RecordKind::notify:
        case fake::RecordKind::completion:
        case fake::RecordKind::module:
        case fake::RecordKind::life: lines.push_back(record_text(record, scenario, {})); break;
        case fake::RecordKind::world:
            if (is_poster_step(static_cast<StepKind>(record.what))) {
                lines.push_back(record_text(record, scenario, {}));
            }
            break;
        case fake::RecordKind::call:
            if (static_cast<fake::Call>(record.what) == fake::Call::epoll_wait) {
                lines.push_back(
                    fmt::format("  epoll_wait(timeout {}) = {}{}", record.b, record.value,
                                record.error == 0 ? "" : fmt::format(" {}", fake::errno_name(record.error))));
            }
            break;
        default: break;
        }
    }
    return lines;
}

std::string verdict_word(const Verdict& verdict) {
    switch (verdict.kind) {
    case Verdict::Kind::pass: return "pass";
    case Verdict::Kind::budget: return "budget";
    case Verdict::Kind::finding:
        return fmt::format("{}: {}", invariant_name(verdict.violation.invariant), verdict.violation.why);
    }
    return {};
}

} // namespace

bool runs_on_linux(const Scenario& scenario, std::string& reason) {
    if (!k_has_linux_harness) {
        reason = "this build has no real kernel";
        return false;
    }
    for (const Step& step : scenario.steps) {
        if (is_script_step(step.kind)) {
            reason = "it has a script";
            return false;
        }
        if (step.kind == StepKind::open && static_cast<ObjectKind>(step.choice) == ObjectKind::disk) {
            reason = "the real disk is not told when to answer";
            return false;
        }
        if (step.kind == StepKind::spurious) {
            reason = "a wakeup without a reason cannot be asked of the real kernel";
            return false;
        }
        if (step.kind == StepKind::arm) {
            reason = "a real timerfd runs on the real clock";
            return false;
        }
    }
    const auto is_worker = [](const Step& step) { return step.kind == StepKind::worker; };
    if (std::any_of(scenario.steps.begin(), scenario.steps.end(), is_worker)) {
        reason = "other workers are processes of the model";
        return false;
    }
    // Misuse: the write of a poster that notifies across done goes to a number that is another's by then.
    const auto is_done = [](const Step& step) { return step.kind == StepKind::done; };
    const auto is_posters = [](const Step& step) { return is_poster_step(step.kind); };
    if (std::any_of(scenario.steps.begin(), scenario.steps.end(), is_done) &&
        std::any_of(scenario.steps.begin(), scenario.steps.end(), is_posters)) {
        reason = "a poster may notify across done, and the real process has other descriptors then";
        return false;
    }
    if (scenario.config.tcp_buffer != Config{}.tcp_buffer) {
        reason = "the real kernel chooses the sizes of TCP buffers";
        return false;
    }
    if (scenario.config.backlog != Config{}.backlog) {
        reason = "what a full backlog drops is sent again by the real clock";
        return false;
    }
    return true;
}

KernelComparison compare_kernels(const Scenario& scenario) {
    KernelComparison comparison;
    if (!runs_on_linux(scenario, comparison.text)) {
        comparison.outcome = KernelComparison::Outcome::not_comparable;
        return comparison;
    }
    RunOptions options;
    options.keep_trace = true;
    const std::unique_ptr<Harness> model = make_model_harness();
    const std::unique_ptr<Harness> linux_kernel = make_linux_harness(Settling::yes);
    const Verdict& on_model = model->run(scenario, options);
    const Verdict& on_linux = linux_kernel->run(scenario, options);
    const std::vector<std::string> expected = answers_of(model->simulation(), scenario);
    const std::vector<std::string> actual = answers_of(linux_kernel->simulation(), scenario);
    const auto [left, right] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
    const bool same_verdict = verdict_word(on_model) == verdict_word(on_linux);
    if (left == expected.end() && right == actual.end() && same_verdict) {
        return comparison;
    }
    comparison.outcome = KernelComparison::Outcome::different;
    for (auto line = expected.begin(); line != left; ++line) {
        comparison.text += fmt::format("  both    {}\n", *line);
    }
    comparison.text +=
        fmt::format("  model   {}\n  Linux   {}\n", left == expected.end() ? "(the end)" : *left,
                    right == actual.end() ? "(the end)" : *right);
    comparison.text += fmt::format("  verdict on the model: {}; on Linux: {}\n", verdict_word(on_model),
                                   verdict_word(on_linux));
    return comparison;
}

} // namespace edgecase
