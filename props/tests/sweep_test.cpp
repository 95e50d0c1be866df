// The fault sweep: which faults it comes to, that it finds what they break, and that the corpus stands all of them.
#include "props/sweep.hpp"

#include <algorithm>
#include <set>

#include "props/canaries.hpp"
#include "props/shrink.hpp"
#include "props/tests/corpus_files.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

struct Found {
    std::set<std::string> identities;
    std::set<std::string> faults; // the lines that were put in
};

Found sweep(Sabotage sabotage, std::string_view steps, SweepCounts& counts,
            const SweepOptions& options = {}) {
    const std::unique_ptr<Harness> harness = make_broken_harness(sabotage);
    const Scenario scenario = scenario_of(steps);
    REQUIRE(harness->run(scenario).kind == Verdict::Kind::pass);
    Found found;
    sweep_faults(*harness, scenario, options, counts, [&](const Scenario& swept, const Verdict& verdict) {
        found.identities.insert(identity_text(identity_of(verdict, swept)));
        for (std::size_t i = 0; i < swept.steps.size(); ++i) {
            if (i >= scenario.steps.size() || !(swept.steps[i] == scenario.steps[i])) {
                found.faults.insert(step_text(std::span(swept.steps).subspan(i, 1)));
                break;
            }
        }
    });
    return found;
}

} // namespace

TEST_CASE("sweep: a subject that fails badly is found by a scenario without a fault") {
    SweepCounts counts;
    const Found found = sweep(Sabotage::failed_add_sets_active, "open a unix\nadd a read et\n", counts);
    CHECK(found.identities == std::set<std::string>{"failed-call-changes-nothing-at-add"});
    CHECK(found.faults == std::set<std::string>{"fail epoll_ctl 1 ENOMEM", "fail epoll_ctl 1 ENOMEM always",
                                                "fail epoll_ctl 1 ENOSPC", "fail epoll_ctl 1 ENOSPC always"});
    CHECK(counts.findings == 6); // those at the first line are met again at the second
    CHECK(counts.unmet == 0);
}

TEST_CASE("sweep: the sound subject stands it; one error of each class takes fewer runs") {
    constexpr std::string_view k_steps = "listen a\nclient b to a\nturn\npeer b send 5\nrun idle\n";
    SweepCounts all;
    CHECK(sweep(Sabotage::none, k_steps, all).identities.empty());
    CHECK(all.calls >= 8);
    CHECK(all.unmet == 0);
    SweepCounts classes;
    CHECK(sweep(Sabotage::none, k_steps, classes, {SweepErrors::one_of_each_class}).identities.empty());
    CHECK(classes.calls == all.calls);
    CHECK(classes.runs < all.runs);
}

TEST_CASE("sweep: calls are listed by line and number, with what an answer in their place would meet") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    RunOptions options;
    options.list_calls = true;
    harness->run(
        scenario_of("open a unix\nadd a read et\nfail recv 1 EAGAIN\npeer a send 5\nread a all\nprocess "
                    "10ms\n"),
        options);
    std::vector<CallMade> calls = harness->simulation().calls_made();
    const auto first_of_add =
        std::find_if(calls.begin(), calls.end(), [](const CallMade& call) { return call.line == 1; });
    calls.erase(calls.begin(), first_of_add);
    REQUIRE(calls.size() == 5);
    CHECK(calls[0].instead.call == fake::Call::epoll_ctl);
    CHECK(calls[0].instead.size == 1); // EPOLL_CTL_ADD
    CHECK(calls[1].instead.call == fake::Call::recv);
    CHECK(calls[1].line == 4);
    CHECK(calls[1].nth == 1);
    CHECK(calls[1].answered_by_script);
    CHECK(calls[2].instead.call == fake::Call::epoll_wait);
    CHECK_FALSE(calls[2].instead.would_sleep); // the bytes are still there
    CHECK(calls[3].instead.call == fake::Call::recv);
    CHECK(calls[3].line == 5);
    CHECK_FALSE(calls[3].answered_by_script);
    CHECK(calls[4].instead.call == fake::Call::recv); // nothing is left
    CHECK(calls[4].nth == 2);
    CHECK((calls[4].instead.ready & k_epollin) == 0);
}

TEST_CASE("sweep: whatever call of a scenario of the corpus fails, every invariant holds") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    SweepCounts counts;
    for (const CorpusFile& file : corpus()) {
        if (file.path.find("/corpus/captures/") != std::string::npos) {
            continue; // thousands of calls each: ci/test sweeps them
        }
        const Scenario scenario = parsed(file).scenario;
        sweep_faults(*harness, scenario, {SweepErrors::one_of_each_class}, counts,
                     [&](const Scenario& swept, const Verdict& verdict) {
                         ScenarioText text;
                         text.scenario = swept;
                         INFO(verdict_text(verdict, text, file.path) << print_scenario(text));
                         CHECK(verdict.kind == Verdict::Kind::pass);
                     });
    }
    CHECK(counts.runs > 10'000);
    CHECK(counts.unmet == 0);
}
