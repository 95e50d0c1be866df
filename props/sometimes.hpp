// Sometimes points: rare states that a search must have been in, or it has not looked there. Each is recognised from the
// trace of a run (and the scenario's steps, where a record names one); the reactor knows nothing of them.
//
// To add one: a value in Sometimes, its row in k_points (sometimes.cpp), the place there where it is recognised, and a
// scenario in corpus/seeds/ that comes to it: a test looks for one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "fakekernel/trace.hpp"
#include "props/scenario.hpp"

namespace edgecase {

enum class Sometimes : std::uint8_t {
    // A batch of events.
    stale_in_read_half,
    stale_in_write_half,
    slot_reused_under_its_entry,
    write_half_to_come_for_reused_slot,
    write_half_of_reused_slot,
    posted_event_lost_its_connection,
    slot_reused_in_batch,
    slot_reused_twice_in_batch,
    stale_entry_of_reused_slot,
    connection_twice_in_batch,
    batch_truncated,
    empty_batch_without_timeout,
    both_halves_of_one_entry,
    error_without_direction,
    peer_half_closed,
    foreign_bits,
    data_of_nobody,
    generation_wrapped,
    // The wait.
    wait_interrupted,
    wait_interrupted_with_alarm,
    wait_failed,
    wait_ended_by_timer,
    world_acts_in_wait,
    // Handlers.
    handler_closes_itself,
    handler_closes_another,
    handler_adds_another,
    nothing_to_read,
    write_blocked,
    write_went_on,
    short_write,
    end_of_file,
    reset_by_peer,
    broken_pipe,
    call_interrupted,
    call_interrupted_to_the_limit,
    // Notify.
    notify_coalesced,
    notify_counter_full,
    notify_rewound,
    notify_counter_cut_short,
    notify_in_notify_handler,
    poster_in_wait,
    poster_in_call,
    poster_in_handler,
    two_posters_at_once,
    // Files.
    completion_after_close,
    completions_together,
    completion_failed,
    read_in_completion_handler,
    no_request_free,
    done_with_reads_in_flight,
    no_file_aio,
    // Listeners.
    listener_came_back,
    listener_refused_by_epoll,
    out_of_descriptors,
    accept_aborted,
    accept_without_accept4,
    several_accepted_at_once,
    nobody_to_accept,
    worker_was_faster,
    connection_turned_away,
    mutex_busy,
    mutex_lost_listener_left,
    // Beginning and end.
    init_failed,
    init_again,
    init_after_done,
    no_memory,
    connect_failed_later,
    connect_failed_at_once,
    add_refused,
    change_refused,
};
inline constexpr unsigned k_sometimes = static_cast<unsigned>(Sometimes::change_refused) + 1;

struct SometimesText {
    Sometimes point;
    std::string_view name;
    std::string_view meaning;
};

// In the order of the enumeration.
[[nodiscard]] const std::array<SometimesText, k_sometimes>& sometimes_points();
[[nodiscard]] std::optional<Sometimes> sometimes_named(std::string_view name);

using SometimesHits = std::array<std::uint8_t, k_sometimes>; // 1: the run was there

// How many runs of a search were at each point, and which was the first.
class SometimesTally {
public:
    // run: its number or its seed.
    void add(const SometimesHits& hits, std::uint64_t run) {
        for (unsigned point = 0; point < k_sometimes; ++point) {
            if (hits[point] != 0 && runs_[point]++ == 0) {
                first_[point] = run;
            }
        }
    }

    [[nodiscard]] std::uint64_t runs(Sometimes point) const { return runs_[static_cast<unsigned>(point)]; }
    [[nodiscard]] std::optional<std::uint64_t> first(Sometimes point) const {
        return runs(point) == 0 ? std::nullopt : std::optional(first_[static_cast<unsigned>(point)]);
    }

private:
    std::array<std::uint64_t, k_sometimes> runs_{};
    std::array<std::uint64_t, k_sometimes> first_{};
};

// Used again and again; its memory is that of the longest run.
class SometimesRecogniser {
public:
    SometimesRecogniser();
    ~SometimesRecogniser();
    SometimesRecogniser(const SometimesRecogniser&) = delete;
    SometimesRecogniser& operator=(const SometimesRecogniser&) = delete;

    // Sets to 1 each point that the run was at; the others keep their value.
    void look(std::span<const fake::Record> records, const Scenario& scenario, SometimesHits& hits);

private:
    class Reading;
    std::unique_ptr<Reading> reading_;
};

} // namespace edgecase
