#include "props/canaries.hpp"

#include <array>

#include "props/harness.hpp"
#include "props/model_parts.hpp"
#include "props/saboteur.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

struct Canary {
    Invariant invariant;
    Sabotage sabotage;
    std::string_view words;
    std::string_view scenario;
};

constexpr std::array<Canary, k_invariants> k_canaries{{
    {Invariant::interest_matches_active, Sabotage::claims_write_is_active,
     "claims that the write event is active when only the read event was added",
     "edgecase 1\nopen a unix\nadd a read et\n"},
    {Invariant::close_event_makes_no_call, Sabotage::close_flag_makes_a_call,
     "deletes from epoll in spite of the close flag",
     "edgecase 1\nopen a unix\nadd a read et\ndel a read close\nclose a\n"},
    {Invariant::failed_call_changes_nothing, Sabotage::failed_add_sets_active,
     "claims that the event is active after an add that failed",
     "edgecase 1\nopen a unix\nfail epoll_ctl 1 ENOMEM\nadd a read et\n"},
    {Invariant::stale_event_dropped, Sabotage::calls_handler_without_report,
     "calls a handler that no entry of the batch is for",
     "edgecase 1\nopen a unix\nadd a read et\nprocess 0ms\n"},
    {Invariant::inactive_not_dispatched, Sabotage::dispatches_inactive,
     "calls the handler of an event that it says is not active",
     "edgecase 1\nopen a unix\nadd a read et\npeer a send 1\nprocess 0ms\n"},
    {Invariant::no_lost_wakeup, Sabotage::swallows_handlers, "takes a report and calls nobody",
     "edgecase 1\nopen a unix\nadd a read et\npeer a send 1\nprocess 0ms\nprocess 100ms\n"},
    {Invariant::error_wakes_waiters, Sabotage::swallows_write_handlers, "does not tell the writer of a reset",
     "edgecase 1\nopen a tcp\nadd a connection\npeer a reset\nprocess 0ms\n"},
    {Invariant::no_busy_loop, Sabotage::never_sleeps, "polls in place of sleeping",
     "edgecase 1\nturn\nturn\nturn\nturn\nturn\nturn\nturn\nturn\n"},
    {Invariant::timers_on_time, Sabotage::forgets_timers, "does not fire a timer that is due",
     "edgecase 1\nopen a unix\ntimer a.read 100ms\nprocess 100ms update\nrun timers\n"},
    {Invariant::posted_runs_once, Sabotage::forgets_posted, "does not run a posted event",
     "edgecase 1\nopen a unix\npost a.read\nrun posted\n"},
    {Invariant::notify_reaches_handler, Sabotage::swallows_notifies, "takes a notify and calls nobody",
     "edgecase 1\nnotify 1\nprocess 0ms\nprocess 100ms\n"},
    {Invariant::aio_completes_once, Sabotage::swallows_completions, "takes a completion and calls nobody",
     "edgecase 1\nconfig worker_aio_requests 4\nopen a file\naio a 0 10\nprocess 0ms\nrun posted\n"
     "process 100ms\n"},
    {Invariant::fds_balanced, Sabotage::keeps_descriptors, "keeps the descriptor when told to close",
     "edgecase 1\nopen a unix\nclose a\n"},
    {Invariant::listener_stays_watched, Sabotage::forgets_its_listener,
     "takes its listener out of epoll and leaves it there", "edgecase 1\nlisten a\nclient b to a\nturn\n"},
    {Invariant::accept_needs_mutex, Sabotage::ignores_the_mutex,
     "accepts although another worker has the mutex",
     "edgecase 1\nconfig accept_mutex 1\nmutex taken\nlisten a\nclient b to a\nturn\n"},
    {Invariant::bytes_conserved, Sabotage::loses_a_byte, "loses a byte of each read",
     "edgecase 1\nopen a unix\npeer a send 5\nread a all\n"},
    {Invariant::bounded_turn, Sabotage::turns_twice, "takes two batches in one turn",
     "edgecase 1\nopen a unix\nadd a read et\npeer a send 1\nturn\n"},
    {Invariant::no_alert_without_fault, Sabotage::writes_an_alert, "writes an ALERT without a reason",
     "edgecase 1\nprocess 0ms\n"},
    {Invariant::no_blocking_call, Sabotage::uses_blocking_descriptors, "reads from a blocking descriptor",
     "edgecase 1\nopen a unix\nread a 1\n"},
    {Invariant::accepted_config_can_wait, Sabotage::never_waits, "does not ask the kernel for events",
     "edgecase 1\nprocess 0ms\n"},
    {Invariant::echo_answers, Sabotage::cuts_off_application,
     "does not tell the echo server that it can send again",
     "edgecase 1\nconfig tcp_buffer 100\nconfig echo_buffer 200\nlisten a\nclient b to a\npeer b send "
     "100\nrun idle\n"
     "peer b send 100\nrun idle\npeer b recv all\nrun idle\n"},
    {Invariant::room_from_the_reusable, Sabotage::forgets_who_is_kept,
     "closes a connection to make room that its owner has said to keep",
     "edgecase 1\nconfig worker_connections 2\nopen a unix\nopen b unix\nreusable a\nkeep a\nopen c unix\n"},
    {Invariant::checks_hold, Sabotage::turns_in_a_handler, "begins a turn in a handler",
     "edgecase 1\nopen a unix\nadd a read et\npeer a send 1\nturn\n"},
    {Invariant::same_scenario_same_trace, Sabotage::counts_its_runs,
     "writes the number of the run into its log", "edgecase 1\nprocess 0ms\n"},
}};

class CanaryHarness final : public Harness {
public:
    explicit CanaryHarness(Sabotage sabotage)
        : parts_(simulation_), saboteur_(sabotage, simulation_, parts_.model),
          subject_(parts_.kernel, saboteur_) {
        saboteur_.stand_before(subject_);
        simulation_.stand_on(Platform{parts_.control, parts_.world, saboteur_, parts_.script, &parts_.model});
    }

    [[nodiscard]] Simulation& simulation() override { return simulation_; }

private:
    Simulation simulation_;
    ModelParts parts_;
    Saboteur saboteur_;
    CoreSubject<ModelKernel> subject_;
};

} // namespace

std::unique_ptr<Harness> make_broken_harness(Sabotage sabotage) {
    return std::make_unique<CanaryHarness>(sabotage);
}

std::vector<CanaryResult> run_all_canaries() {
    std::vector<CanaryResult> results;
    for (const Canary& canary : k_canaries) {
        CanaryResult result;
        result.invariant = canary.invariant;
        result.sabotage = canary.words;
        const ParseResult parsed = parse_scenario(canary.scenario, "canary");
        if (parsed) {
            CanaryHarness sound(Sabotage::none);
            CanaryHarness broken(canary.sabotage);
            result.quiet = sound.run_twice(parsed.text().scenario).kind == Verdict::Kind::pass;
            result.verdict = broken.run_twice(parsed.text().scenario);
            result.fired = result.verdict.kind == Verdict::Kind::finding &&
                           result.verdict.violation.invariant == canary.invariant;
        }
        results.push_back(result);
    }
    return results;
}

} // namespace edgecase
