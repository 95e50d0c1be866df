// Posters: threads of the subject that notify, between the loop's own calls.
#include <utility>

#include "props/simulation.hpp"

namespace edgecase {

void Simulation::take_poster_step(const Step& step) {
    Poster& poster = posters_[step.count - 1U];
    const bool begins = step.kind == StepKind::poster_notify;
    if (begins) {
        start_if_needed();
        if (stopped()) {
            return;
        }
        if (!oracle_->running() || !platform_->subject.can_notify()) {
            note(fake::Note::not_running);
            return;
        }
    }
    const bool busy = poster.fiber.is_suspended() || poster.fiber.is_running();
    if (begins ? busy : !poster.fiber.is_suspended()) {
        note(fake::Note::poster);
        return;
    }
    if (begins) {
        if (oracle_->in_done()) {
            misused(); // the channel is being closed
        }
        poster.task = static_cast<unsigned>(step.value);
        poster.fiber.start(&run_poster, &poster);
    }
    poster.stops = step.kind != StepKind::poster_finish;
    resume_poster(poster, step.kind);
}

// On the poster's stack.
void Simulation::run_poster(void* context) {
    Poster& poster = *static_cast<Poster*>(context);
    Simulation& own = *static_cast<Simulation*>(poster.owner);
    own.oracle_->notify_begins(poster.task, poster.number);
    const Outcome outcome = own.platform_->subject.notify(poster.task);
    own.oracle_->notify_ended(poster.task, outcome, poster.number);
    poster.stand = outcome == Outcome::ok ? PosterStand::returned_ok : PosterStand::returned_error;
}

// Until it stops or ends. The loop, or another poster, is inside a call of its own meanwhile.
void Simulation::resume_poster(Poster& poster, StepKind kind) {
    const std::uint16_t who = std::exchange(who_, poster.number);
    const bool injected = call_injected_;
    poster.fiber.resume(); // may throw BudgetSpent, as the loop's calls may
    who_ = who;
    call_injected_ = injected;
    fake::Record record;
    record.kind = fake::RecordKind::world;
    record.what = static_cast<std::uint8_t>(kind);
    record.value = static_cast<std::int64_t>(poster.stand);
    record.a = poster.number;
    record.b = static_cast<std::int64_t>(poster.call);
    record.c = acting_;
    trace_.add(record);
}

// If it is a poster's call: gives way to whoever let the poster go on.
void Simulation::stop_poster(PosterStand stand, fake::Call call) {
    Poster& poster = posters_[who_ - 1U];
    if (poster.stops) {
        poster.stand = stand;
        poster.call = call;
        poster.fiber.stop();
    }
}

bool Simulation::posters_are_busy() const {
    for (const Poster& poster : posters_) {
        if (poster.fiber.is_suspended()) {
            return true;
        }
    }
    return false;
}

// Whoever takes a reactor down waits for its threads first.
void Simulation::finish_posters() {
    for (Poster& poster : posters_) {
        if (poster.fiber.is_suspended() && !stopped()) {
            poster.stops = false;
            resume_poster(poster, StepKind::poster_finish);
        }
    }
}

void Simulation::abandon_posters() {
    for (Poster& poster : posters_) {
        poster.fiber.abandon();
    }
    who_ = 0;
}

} // namespace edgecase
