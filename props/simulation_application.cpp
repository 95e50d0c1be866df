// The application in the place of scripted reactions: it acts on the reactor by itself and announces nothing, so
// what it does is learnt from its system calls, and from the subject's flags when its handler has ended.
#include <cerrno>

#include "props/simulation.hpp"

namespace edgecase {

namespace {

std::size_t asked_by(const fake::Record& record) {
    return static_cast<std::size_t>(record.b);
}

} // namespace

void Simulation::start_application() {
    if (scenario_->config.echo_buffer != 0 && !has_application_) {
        has_application_ = platform_->subject.start_application() == Outcome::ok;
    }
}

void Simulation::end_application() {
    if (!has_application_) {
        return;
    }
    has_application_ = false;
    oracle_->application_begins(Oracle::k_entry_nobody);
    application_acts_ = true;
    platform_->subject.end_application();
    application_acts_ = false;
}

// half: whose handler it is; null: the connection was accepted a moment ago.
void Simulation::run_application(Name name, const Half* half) {
    const unsigned slot = static_cast<unsigned>(parties_[name].slot);
    oracle_->application_begins(name);
    application_acts_ = true;
    if (half == nullptr) {
        platform_->subject.serve(slot);
    } else {
        platform_->subject.run_handler(slot, *half);
    }
    application_acts_ = false;
    gave_up_repeating();
    if (!stopped() && parties_[name].is_open()) {
        oracle_->application_ends(name);
    }
}

void Simulation::application_calls(fake::Call call, int fd) {
    const int party = parties_.with_fd(fd);
    if (call != fake::Call::close || party < 0) {
        return;
    }
    const Name name = static_cast<Name>(party);
    if (platform_->world.is_shared(fd)) {
        misused(); // the registration outlives the descriptor
    }
    if (!stopped()) {
        oracle_->application_closes(name);
    }
    oracle_->will_close(name, false);
}

void Simulation::application_called(const fake::Record& record) {
    const int party = parties_.with_fd(static_cast<int>(record.a));
    if (party < 0) {
        return;
    }
    const Name name = static_cast<Name>(party);
    switch (static_cast<fake::Call>(record.what)) {
    case fake::Call::close:
        interrupted_.is_set = false;
        parties_.closed(name);
        platform_->world.closed(name);
        oracle_->closed(name);
        break;
    case fake::Call::epoll_ctl:
        if (record.error != 0) {
            oracle_->application_was_refused(name);
        }
        break;
    case fake::Call::recv: application_moved(name, Half::read, record); break;
    case fake::Call::send: application_moved(name, Half::write, record); break;
    default: break;
    }
}

void Simulation::application_moved(Name name, Half half, const fake::Record& record) {
    if (interrupted_.name != name || interrupted_.half != half) {
        gave_up_repeating(); // it has gone on to something else
    }
    interrupted_ = {record.error == EINTR, name, half, asked_by(record)};
    if (interrupted_.is_set || stopped()) {
        return;
    }
    const SysResult result{record.value, record.error};
    Party& party = parties_[name];
    oracle_->transferred(name, half, asked_by(record), result, call_injected_);
    if (half == Half::write) {
        note_moved(party, party.from_subject.sent_bytes, result);
        oracle_->echoed(name);
        return;
    }
    if (result.value == 0) {
        oracle_->received(name, party.to_subject, nullptr, result, call_injected_);
    }
    note_moved(party, party.to_subject.taken_bytes, result);
}

// A call that was interrupted was repeated, or else the reactor has taken the interruptions for EAGAIN, as it does when
// there are too many.
void Simulation::gave_up_repeating() {
    if (interrupted_.is_set && !stopped()) {
        oracle_->transferred(interrupted_.name, interrupted_.half, interrupted_.asked,
                             SysResult::fail(EAGAIN), true);
    }
    interrupted_.is_set = false;
}

} // namespace edgecase
