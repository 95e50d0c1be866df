#include "props/invariants.hpp"

namespace edgecase {

const std::array<InvariantText, k_invariants>& invariants() {
    static constexpr std::array<InvariantText, k_invariants> k_table{{
        {Invariant::interest_matches_active, "interest-matches-active", Needs::model_flags,
         "after a module call that returned ok, a connection is in the interest list if and only if one of "
         "its "
         "events is active, with the mask, mode and data that belong to them; after done no event is active"},
        {Invariant::close_event_makes_no_call, "close-event-makes-no-call", Needs::model_flags,
         "deleting with the close flag clears active, makes no system call, and no other call of the module "
         "names "
         "that descriptor before its close"},
        {Invariant::failed_call_changes_nothing, "failed-call-changes-nothing", Needs::model_flags,
         "a module call that returned an error left flags, interest and descriptors as they were and wrote "
         "one "
         "ALERT; a failed init left nothing behind and wrote one EMERG, and one ALERT for each failed "
         "clean-up"},
        {Invariant::stale_event_dropped, "stale-event-dropped", Needs::model_flags,
         "no flag is set, nothing is posted and no handler runs for a connection that is closed, or that is "
         "not "
         "the one which the event's data named when it was registered"},
        {Invariant::inactive_not_dispatched, "inactive-not-dispatched", Needs::flags,
         "the scan of a batch sets ready, posts or calls only for a direction that is active at that moment"},
        {Invariant::no_lost_wakeup, "no-lost-wakeup", Needs::model_flags,
         "when a wait lets time pass, no registered direction is ready in the kernel that was exhausted "
         "before "
         "and was not dispatched since it became ready"},
        {Invariant::error_wakes_waiters, "error-wakes-waiters", Needs::flags,
         "a report with ERR or HUP for a live connection gives every direction that is active when the scan "
         "reaches it ready and a call or a post"},
        {Invariant::no_busy_loop, "no-busy-loop", Needs::kernel,
         "in 8 consecutive turns bytes move, a connection is accepted or closed, interest changes, a timer "
         "or posted "
         "event runs, or time passes"},
        {Invariant::timers_on_time, "timers-on-time", Needs::flags,
         "a timer fires when the cached time has reached its key and not before, equal keys in order of "
         "adding; "
         "adding again within 300 ms of the key keeps the old key"},
        {Invariant::posted_runs_once, "posted-runs-once", Needs::flags,
         "a posted event sits in one queue and runs exactly once, in order, or is deleted"},
        {Invariant::notify_reaches_handler, "notify-reaches-handler", Needs::kernel,
         "for every notify that returned ok its handler is called before the next wait that lets time pass, "
         "unless done came first"},
        {Invariant::aio_completes_once, "aio-completes-once", Needs::flags,
         "a read that was accepted completes exactly once, with what the kernel gave, or is discarded by "
         "done, "
         "which "
         "leaves none in flight; active is 1 and ready 0 while it is in flight, the reverse after"},
        {Invariant::fds_balanced, "fds-balanced", Needs::kernel,
         "every descriptor the subject obtained is closed once and not used afterwards, none of the "
         "channels' and no AIO context is "
         "left after done, none at all at the end, and the module's are close-on-exec"},
        {Invariant::listener_stays_watched, "listener-stays-watched", Needs::model_flags,
         "a listener is in the interest list, or has a timer that will put it back, or is left to the accept "
         "mutex, which "
         "is tried again within its delay"},
        {Invariant::accept_needs_mutex, "accept-needs-mutex", Needs::kernel,
         "a listener under the accept mutex is put into epoll and accepted from only after the mutex was got "
         "and before "
         "another was found to have it, and is not watched in the waits after that"},
        {Invariant::bytes_conserved, "bytes-conserved", Needs::kernel,
         "what is read from a stream is a prefix of what was written to it, and all of it at its end, unless "
         "a reset or "
         "an error cut it short"},
        {Invariant::bounded_turn, "bounded-turn", Needs::kernel,
         "one turn takes one batch, runs the events posted and the timers due when each of its parts began, "
         "and a "
         "listener's handler calls accept4 64 times at the most"},
        {Invariant::no_alert_without_fault, "no-alert-without-fault", Needs::kernel,
         "no line at ALERT or above without a fault, without misuse, and while there are free connections"},
        {Invariant::no_blocking_call, "no-blocking-call", Needs::kernel,
         "nothing but the wait, io_destroy and the reading of a file lets time pass; a call that nothing can "
         "end is a deadlock"},
        {Invariant::accepted_config_can_wait, "accepted-config-can-wait", Needs::kernel,
         "a configuration that was accepted gives a loop that can wait: each turn asks the kernel, and with "
         "what the kernel takes"},
        {Invariant::echo_answers, "echo-answers", Needs::model,
         "the echo server sends no more than it has read, has a timer for each connection, and closes one "
         "only "
         "when that has ended and is owed nothing, or failed, or on its timer; when a wait lets time pass it "
         "neither has something to read and owes nothing, nor owes something and could send"},
        {Invariant::room_from_the_reusable, "room-from-the-reusable", Needs::flags,
         "a connection is asked to close only when none is free, and only if it is reusable, whoever has "
         "been so "
         "longest first"},
        {Invariant::checks_hold, "checks-hold", Needs::flags,
         "no check in the subject's own code fails: it never finds itself in a state that it holds for "
         "impossible"},
        {Invariant::same_scenario_same_trace, "same-scenario-same-trace", Needs::kernel,
         "the same scenario gives the same trace, whatever ran before it"},
    }};
    return k_table;
}

std::string_view invariant_name(Invariant invariant) {
    return invariants()[static_cast<unsigned>(invariant)].name;
}

std::optional<Invariant> invariant_named(std::string_view name) {
    for (const InvariantText& text : invariants()) {
        if (text.name == name) {
            return text.invariant;
        }
    }
    return std::nullopt;
}

} // namespace edgecase
