// What the oracle remembers between two steps, as numbers: what it will find wrong from here on depends on these, and on
// the state of everybody else. What it keeps only while a call, a handler or a turn is under way is nothing by then.
#include <algorithm>
#include <tuple>

#include "fakekernel/state_digest.hpp"
#include "props/oracle.hpp"

namespace edgecase {

void Oracle::describe(fake::StateDigest& state) const {
    state.add(faults_, misuse_, ran_out_, running_, epoll_fd_, notify_fd_, aio_fd_, aio_contexts_, post_mode_,
              has_alarm_, expected_events_, has_interval_timer_, idle_turns_, makes_room_, has_listeners_,
              taking_failed_, aio_refused_, asleep_, owed_too_late_, mutex_holder_);
    for (const std::vector<int>& fds : {channel_fds_, accepted_fds_}) {
        for (const int fd : fds) {
            state.add(fd);
        }
        state.add(-1);
    }
    describe_names(state);
    for (const Entry& entry : batch_) {
        state.add(entry.mask, entry.name, entry.is_made_up, entry.data, entry.was_active[0],
                  entry.was_active[1]);
    }
    state.add(batch_.size(), wait_.error, wait_.found_nothing, wait_.has_end, wait_.took_alarm);
    for (const Sharer& sharer : sharers_) {
        state.add(sharer.had_mutex, sharer.tried_mutex, sharer.delete_failed);
    }
    for (const std::vector<Posted>& queue : queues_) {
        for (const Posted& posted : queue) {
            state.add(posted.name, posted.half, posted.gone);
        }
        state.add(k_entry_nobody);
    }
    for (const Name name : reusable_) {
        state.add(name);
    }
    for (unsigned task = 0; task < k_max_tasks; ++task) {
        state.add(notify_pending_[task], notify_entered_[task]);
    }
}

// Names in their order, and their timers in the order in which those were added, which decides between equal keys.
void Oracle::describe_names(fake::StateDigest& state) const {
    std::vector<std::tuple<std::uint64_t, Name, unsigned>> timers;
    for (const Name name : in_order(touched_)) {
        const NameState& own = names_[name];
        state.add(name, own.mode, own.tracked, own.was_asked_to_close, own.shut_for_reading);
        for (unsigned half = 0; half < own.half.size(); ++half) {
            const HalfState& it = own.half[half];
            state.add(it.exhausted, it.finished, it.failed, it.excused, it.timer_set, it.toggled,
                      it.dispatches, it.due_since == 0 ? 0 : ticks_ + 1 - it.due_since);
            if (it.timer_set) {
                state.add(it.timer_key - subject_.now());
                timers.emplace_back(it.timer_sequence, name, half);
            }
        }
    }
    std::sort(timers.begin(), timers.end());
    for (const auto& [sequence, name, half] : timers) {
        state.add(name, half);
    }
    for (const Name name : files_used_) {
        const FileState& file = files_[name];
        state.add(name, file.stage, file.data, file.result);
    }
}

} // namespace edgecase
