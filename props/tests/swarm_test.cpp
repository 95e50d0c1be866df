// The swarm: plans are functions of the seed, sound subjects heal, and what does not heal is said.
#include "props/swarm.hpp"

#include <algorithm>

#include "props/canaries.hpp"
#include "props/scenario_valid.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

TEST_CASE("swarm: plan and scenario are functions of the seed, and valid") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    unsigned with_faults = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const SwarmPlan plan = swarm_plan(seed, 100);
        CHECK(plan_text(plan) == plan_text(swarm_plan(seed, 100)));
        const SwarmRun run = run_swarm(*harness, plan);
        CHECK(run.scenario == run_swarm(*harness, plan).scenario);
        CHECK_FALSE(scenario_fault(run.scenario));
        CHECK(run.scenario.steps[run.healed_at].kind == StepKind::heal);
        for (const Step& step : run.scenario.steps) {
            if (&step < run.scenario.steps.data() + run.healed_at) {
                const bool comes_along = begins_name(step.kind) || step.kind == StepKind::add ||
                                         step.kind == StepKind::del || step.kind == StepKind::close ||
                                         step.kind == StepKind::wait_entry || step.kind == StepKind::time;
                const bool left_out =
                    std::find(plan.left_out.begin(), plan.left_out.end(), step.kind) != plan.left_out.end();
                INFO(static_cast<unsigned>(step.kind));
                CHECK((comes_along || !left_out));
            } else if (&step > run.scenario.steps.data() + run.healed_at) {
                CHECK_FALSE(is_script_step(step.kind));
            }
        }
        with_faults += run.verdict.faults != Faults::none;
    }
    CHECK(with_faults >= 5);
    CHECK(plan_text(swarm_plan(1, 100)) != plan_text(swarm_plan(2, 100)));
}

TEST_CASE("swarm: the subject heals, and no invariant breaks") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    unsigned judged = 0;
    for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
        const SwarmPlan plan = swarm_plan(seed, 200);
        const SwarmRun run = run_swarm(*harness, plan);
        ScenarioText text;
        text.scenario = run.scenario;
        INFO(plan_text(plan) << "\n" << verdict_text(run.verdict, text, "swarm"));
        CHECK(run.verdict.kind != Verdict::Kind::finding);
        CHECK(run.unhealed.empty());
        judged += !run.verdict.misuse && run.verdict.kind == Verdict::Kind::pass;
    }
    CHECK(judged >= 50);
}

TEST_CASE("swarm: a subject that loses wakeups, or does not wait, is found out") {
    for (const Sabotage sabotage : {Sabotage::swallows_handlers, Sabotage::swallows_notifies,
                                    Sabotage::forgets_its_listener, Sabotage::never_sleeps}) {
        const std::unique_ptr<Harness> harness = make_broken_harness(sabotage);
        bool found = false;
        for (std::uint64_t seed = 0; seed < 60 && !found; ++seed) {
            const SwarmRun run = run_swarm(*harness, swarm_plan(seed, 100));
            found = run.verdict.kind == Verdict::Kind::finding || !run.unhealed.empty();
        }
        INFO(static_cast<unsigned>(sabotage));
        CHECK(found);
    }
}

TEST_CASE("simulation: heal drops what the script has still to come") {
    const TextRun healed(
        "open a unix\nadd a read et\nfail recv 1 ECONNRESET always\nbefore recv 1: signal\nwait gives "
        "a HUP\nheal\npeer a send 5\nprocess 0ms\n");
    CHECK(healed.passed());
    CHECK(healed.says("recv(a (5), 65536 bytes) = 5"));
    CHECK_FALSE(healed.says("ECONNRESET"));
    CHECK_FALSE(healed.says("HUP c:"));
    CHECK(healed.verdict().unreached.size() == 3);
    const TextRun partly(
        "open a unix\nfail recv 1 ETIMEDOUT always\nread a 1\nheal\npeer a send 1\nread a 1\n");
    CHECK(partly.count("ETIMEDOUT") >= 1);
    CHECK(partly.says("recv(a (5), 1 bytes) = 1"));
    CHECK(partly.verdict().unreached.empty());
}
