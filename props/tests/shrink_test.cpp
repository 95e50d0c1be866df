// Shrinking: what stays of a finding, and what goes.
#include "props/shrink.hpp"

#include "props/canaries.hpp"
#include "props/generate.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

// A finding on a subject that is broken in that way, shrunk; its steps as text.
struct Case {
    Sabotage sabotage;
    std::string_view steps;
    std::string_view shrunk;
};

std::string shrunk_text(Sabotage sabotage, const Scenario& scenario) {
    const std::unique_ptr<Harness> harness = make_broken_harness(sabotage);
    const std::optional<Shrunk> shrunk = shrink_finding(*harness, scenario);
    REQUIRE(shrunk);
    ScenarioText text;
    text.scenario = shrunk->scenario;
    return print_scenario(text);
}

} // namespace

TEST_CASE("shrink: what the failing step does not depend on goes, and arguments take their simplest values") {
    const Case cases[] = {
        {Sabotage::loses_a_byte,
         "config epoll_events 8\nconfig budget 2000\nopen a tcp\nopen b unix\nopen c eventfd\nadd a read et\n"
         "fail accept4 3 EMFILE times 2\nsignal\nprocess 0ms\ntime 10ms\npeer a send 64\n"
         "read a all\nclose a\nturn\n",
         "edgecase 1\nopen a unix\npeer a send 2\nread a all\n"},
        {Sabotage::failed_add_sets_active,
         "open b tcp\nopen c unix\nadd c read\non c.read: read c all; peer c send 1; add b read; close c\n"
         "fail epoll_ctl 1 ENOSPC always\npeer c send 3\nprocess infinite\ntime 5ms\n",
         "edgecase 1\nopen a unix\nopen b unix\nadd b read\non b.read: add a read\nfail epoll_ctl 1 ENOMEM\n"
         "peer b send 1\nprocess 0ms\n"},
        {Sabotage::counts_its_runs, "open a unix\npeer a send 5\nprocess 0ms\ntime 1ms\n", "edgecase 1\n"},
    };
    for (const Case& one : cases) {
        CHECK(shrunk_text(one.sabotage, scenario_of(one.steps)) == one.shrunk);
    }
}

TEST_CASE("shrink: invariant and kind of step stay, for random findings of every kind of sabotage") {
    unsigned shrunk_count = 0;
    for (const Sabotage sabotage : {Sabotage::swallows_handlers, Sabotage::calls_handler_without_report,
                                    Sabotage::failed_add_sets_active, Sabotage::forgets_posted,
                                    Sabotage::swallows_notifies, Sabotage::keeps_descriptors}) {
        const std::unique_ptr<Harness> harness = make_broken_harness(sabotage);
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            const Scenario scenario = generate_scenario(seed, {});
            const Verdict met = harness->run(scenario);
            if (met.kind != Verdict::Kind::finding) {
                continue;
            }
            const std::optional<Shrunk> shrunk = shrink_finding(*harness, scenario);
            REQUIRE(shrunk);
            ++shrunk_count;
            CHECK(shrunk->scenario.steps.size() <= scenario.steps.size());
            const Verdict& again = harness->run(shrunk->scenario);
            REQUIRE(again.kind == Verdict::Kind::finding);
            CHECK(identity_of(again, shrunk->scenario) == identity_of(met, scenario));
            CHECK(again.faults <= met.faults);
            CHECK((met.misuse || !again.misuse));
            const std::optional<Shrunk> twice = shrink_finding(*harness, shrunk->scenario);
            REQUIRE(twice);
            CHECK(twice->scenario == shrunk->scenario);
        }
    }
    CHECK(shrunk_count >= 60);
}

TEST_CASE("shrink: a scenario that passes is no finding, and effort has a limit") {
    const std::unique_ptr<Harness> sound = make_model_harness();
    CHECK(!shrink_finding(*sound, scenario_of("open a unix\n")));
    const std::unique_ptr<Harness> broken = make_broken_harness(Sabotage::keeps_descriptors);
    const Scenario scenario = scenario_of("open a unix\nopen b unix\nopen c unix\nclose c\n");
    const std::optional<Shrunk> shrunk = shrink_finding(*broken, scenario, 1);
    REQUIRE(shrunk);
    CHECK(shrunk->runs == 1);
    CHECK(shrunk->verdict.kind == Verdict::Kind::finding);
}

TEST_CASE("shrink: an identity is a name for a file") {
    CHECK(identity_text({Invariant::no_lost_wakeup, StepKind::process}) == "no-lost-wakeup-at-process");
    CHECK(identity_text({Invariant::fds_balanced, std::nullopt}) == "fds-balanced-at-tear-down");
    CHECK(identity_text({Invariant::fds_balanced, StepKind::close_shared}) == "fds-balanced-at-close-shared");
    CHECK(identity_text({Invariant::bounded_turn, StepKind::run_idle}) == "bounded-turn-at-run-idle");
}
