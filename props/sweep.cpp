#include "props/sweep.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "fakekernel/legal_results.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

constexpr int k_last_errno = 133; // EHWPOISON
constexpr unsigned k_last_nth = 255;

// Errors after which a program does the same.
int class_of(int error) {
    switch (error) {
    case EAGAIN: return EAGAIN;
    case EINTR: return EINTR;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC: return ENOMEM;
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT: return ECONNRESET;
    case EINPROGRESS: return EINPROGRESS;
    case ENOSYS: return ENOSYS;
    default: return EIO;
    }
}

std::vector<Step> faults_for(const CallMade& made, SweepErrors errors) {
    std::vector<Step> faults;
    std::vector<int> classes;
    fake::Injection injection = made.instead;
    Step step;
    step.kind = StepKind::fail;
    step.call = injection.call;
    step.count = static_cast<std::uint8_t>(made.nth);
    step.value = 1;
    for (int error = 1; error <= k_last_errno; ++error) {
        injection.error = error;
        if (fake::errno_name(error).empty() || !fake::is_reachable(injection)) {
            continue;
        }
        if (errors == SweepErrors::one_of_each_class) {
            if (std::find(classes.begin(), classes.end(), class_of(error)) != classes.end()) {
                continue;
            }
            classes.push_back(class_of(error));
        }
        step.error = static_cast<std::uint8_t>(error);
        for (const std::uint64_t times : {std::uint64_t{1}, std::uint64_t{0}}) { // once; from there on always
            step.value = times;
            faults.push_back(step);
        }
    }
    injection.error = 0;
    injection.bytes = 1;
    const std::uint32_t may_be_short = step_shape(StepKind::shorten).pattern.parts[1].calls;
    if ((may_be_short >> static_cast<unsigned>(injection.call) & 1U) != 0 && injection.size > 1 &&
        fake::is_reachable(injection)) {
        step.kind = StepKind::shorten;
        step.error = 0;
        step.value = 1;
        faults.push_back(step);
    }
    return faults;
}

} // namespace

void sweep_faults(Harness& harness, const Scenario& scenario, const SweepOptions& options,
                  SweepCounts& counts, const std::function<void(const Scenario&, const Verdict&)>& found) {
    ++counts.scenarios;
    RunOptions run_options;
    run_options.list_calls = true;
    harness.run(scenario, run_options);
    const std::vector<CallMade> calls = harness.simulation().calls_made();
    // Scripts of its own may be defensive where another call has failed before them.
    const bool is_scripted = std::any_of(scenario.steps.begin(), scenario.steps.end(),
                                         [](const Step& step) { return is_script_step(step.kind); });
    Scenario swept;
    for (const CallMade& made : calls) {
        if (made.nth > k_last_nth) {
            ++counts.unreachable;
            continue;
        }
        const std::vector<Step> faults =
            made.answered_by_script ? std::vector<Step>{} : faults_for(made, options.errors);
        ++(faults.empty() ? counts.without : counts.calls);
        for (const Step& fault : faults) {
            swept = scenario;
            swept.steps.insert(swept.steps.begin() + static_cast<std::ptrdiff_t>(made.line), fault);
            const Verdict& verdict = harness.run(swept);
            ++counts.runs;
            counts.budgets += verdict.kind == Verdict::Kind::budget;
            const bool unmet = std::any_of(verdict.unreached.begin(), verdict.unreached.end(),
                                           [&](const Unreached& one) { return one.step == made.line; });
            const bool is_defensive = fault.value == 1 && verdict.faults == Faults::defensive;
            counts.unmet += unmet || (is_defensive && !is_scripted);
            if (verdict.kind == Verdict::Kind::finding) {
                ++counts.findings;
                found(swept, verdict);
            }
        }
    }
}

} // namespace edgecase
