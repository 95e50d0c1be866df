// The state in which the steps of a run have left everything: kernel, reactor, connections, what is still to be answered
// otherwise, what handlers will do when they are next called, and what the oracle remembers. Not in it: the other
// processes and threads that a scenario may have (workers, posters, children), for which no state is ever told.
#include "fakekernel/state_digest.hpp"
#include "props/simulation.hpp"

namespace edgecase {

namespace {

void describe_step(const Step& step, fake::StateDigest& state) {
    state.add(step.kind, step.name, step.choice, step.flags, step.call, step.count, step.back, step.error,
              step.mask, step.nested, step.value);
}

} // namespace

fake::StateHash Simulation::state() const {
    fake::StateDigest state;
    platform_->model->describe(state);
    platform_->subject.describe(state);
    state.add(platform_->model->now_ns() / 1'000'000 - platform_->subject.now());
    parties_.describe(state);
    oracle_->describe(state);
    describe_script(state);
    describe_reactions(state);
    state.add(ever_started_, has_application_, interrupted_.is_set, accept_mutex_word_.load());
    for (const auto& [client, listener] : deferred_clients_) {
        state.add(client, listener);
    }
    for (const Name name : arrivals_) {
        state.add(name);
    }
    return state.hash();
}

void Simulation::describe_script(fake::StateDigest& state) const {
    for (const fake::ScriptEntry& entry : platform_->script.entries()) {
        if (entry.is_spent()) {
            continue;
        }
        state.add(entry.kind, entry.call, entry.countdown, entry.times, entry.error, entry.value,
                  entry.reached);
        if (entry.kind == fake::ScriptKind::before || entry.kind == fake::ScriptKind::during) {
            describe_step(scenario_->steps[entry.step + 1], state);
        }
    }
    for (const PendingWait& pending : {wait_script_, wait_order_, wait_at_most_}) {
        state.add(pending.is_set);
        if (pending.is_set) {
            describe_nested(pending.step, 1 + scenario_->steps[pending.step].nested, state);
        }
    }
}

void Simulation::describe_nested(std::uint32_t first, std::uint32_t count, fake::StateDigest& state) const {
    for (std::uint32_t index = first; index < first + count; ++index) {
        describe_step(scenario_->steps[index], state);
    }
}

void Simulation::describe_queue(const ReactionQueue& queue, fake::StateDigest& state) const {
    for (int at = queue.head; at >= 0; at = reactions_[static_cast<std::size_t>(at)].next) {
        const ReactionEntry& entry = reactions_[static_cast<std::size_t>(at)];
        state.add(entry.count);
        describe_nested(entry.first, entry.count, state);
    }
    state.add(-1);
}

void Simulation::describe_reactions(fake::StateDigest& state) const {
    for (const Name name : in_order(queues_used_)) {
        if (parties_[name].life == Party::Life::closed) {
            continue; // its handlers will not run again
        }
        state.add(name);
        for (const ReactionQueue& queue : queues_[name]) {
            describe_queue(queue, state);
        }
        describe_queue(accept_queues_[name], state);
    }
    for (const ReactionQueue& queue : notify_queues_) {
        describe_queue(queue, state);
    }
}

} // namespace edgecase
