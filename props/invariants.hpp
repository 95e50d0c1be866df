// The invariants of the oracle: their names, what each states, and what it needs to be judged.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgecase {

enum class Invariant : std::uint8_t {
    interest_matches_active,
    close_event_makes_no_call,
    failed_call_changes_nothing,
    stale_event_dropped,
    inactive_not_dispatched,
    no_lost_wakeup,
    error_wakes_waiters,
    no_busy_loop,
    timers_on_time,
    posted_runs_once,
    notify_reaches_handler,
    aio_completes_once,
    fds_balanced,
    listener_stays_watched,
    accept_needs_mutex,
    bytes_conserved,
    bounded_turn,
    no_alert_without_fault,
    no_blocking_call,
    accepted_config_can_wait,
    echo_answers,
    room_from_the_reusable,
    checks_hold,
    same_scenario_same_trace,
};
inline constexpr unsigned k_invariants = static_cast<unsigned>(Invariant::same_scenario_same_trace) + 1;

// What an invariant is judged from.
enum class Needs : std::uint8_t {
    kernel,      // the kernel's view alone: holds for any program on any kernel
    model,       // the inside of the model
    flags,       // the subject's flags
    model_flags, // both
};

struct InvariantText {
    Invariant invariant;
    std::string_view name;
    Needs needs;
    std::string_view statement;
};

// In the order of the enumeration.
[[nodiscard]] const std::array<InvariantText, k_invariants>& invariants();

[[nodiscard]] std::string_view invariant_name(Invariant invariant);
[[nodiscard]] std::optional<Invariant> invariant_named(std::string_view name);

// How often each invariant was put to the test.
using InvariantCounts = std::array<std::uint64_t, k_invariants>;

} // namespace edgecase
