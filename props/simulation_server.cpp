// The steps of a scenario on the reactor as a server: listeners and their clients, turns, the accept mutex.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "props/acting.hpp"
#include "props/scenario_language.hpp"
#include "props/simulation.hpp"

namespace edgecase {

namespace {

constexpr std::uint32_t k_loopback = 0x7f000001;

std::uint8_t as_byte(StepKind kind) {
    return static_cast<std::uint8_t>(kind);
}

SysResult as_result(bool ok) {
    return ok ? SysResult::ok(0) : SysResult{1, 0};
}

} // namespace

void Simulation::take_server_step(const Step& step) {
    ++steps_taken_[as_byte(step.kind)];
    start_if_needed();
    if (stopped()) {
        return;
    }
    switch (step.kind) {
    case StepKind::listen: listen(step); break;
    case StepKind::turn: turn(StepKind::turn); break;
    case StepKind::run_idle: run_idle(); break;
    default: break;
    }
}

void Simulation::listen(const Step& step) {
    if (parties_[step.name].life != Party::Life::unborn) {
        note(fake::Note::dead_name, label_of_name(step.name));
        return;
    }
    const World::Opened opened = platform_->world.open(step.name, ObjectKind::listener);
    if (opened.fd < 0) {
        note(fake::Note::no_slot, label_of_name(step.name));
        return;
    }
    // A full table is no fault of the subject's, and it says so with an ALERT.
    if (parties_.open().size() >= scenario_->config.worker_connections) {
        oracle_->ran_out_of_slots();
    }
    Making making;
    making.name = step.name;
    making.party.kind = ObjectKind::listener;
    making.party.fd = opened.fd;
    making.party.listens = true;
    making.party.reuseport = (step.flags & k_flag_reuseport) != 0;
    making.party.deferred = (step.flags & k_flag_deferred) != 0;
    const Making outer = begin_making(making);
    const int slot = end_making(outer, platform_->subject.listen(opened.fd, step.flags));
    record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), as_result(slot >= 0));
    if (slot < 0) {
        platform_->world.take_back(opened.fd);
        platform_->world.closed(step.name);
        return;
    }
    if (!stopped()) {
        oracle_->listens(step.name);
    }
}

Outcome Simulation::turn(StepKind kind) {
    if (!oracle_->running()) {
        note(fake::Note::not_running);
        return Outcome::error;
    }
    oracle_->turn_begins();
    const Outcome outcome = platform_->subject.turn();
    record(fake::RecordKind::module, as_byte(kind), fake::k_label_none, as_result(outcome == Outcome::ok));
    if (!stopped()) {
        oracle_->turn_ends();
    }
    return outcome;
}

// What there is to do is done without time passing: a turn that would sleep is the last one.
void Simulation::run_idle() {
    runs_idle_ = true;
    slept_ = false;
    while (oracle_->running() && !slept_ && !stopped()) {
        turn(StepKind::run_idle);
    }
    runs_idle_ = false;
}

SysResult Simulation::client(Name name, Name listener) {
    if (parties_[listener].deferred && parties_[listener].is_open()) {
        parties_.waits(name);
        deferred_clients_.push_back({name, listener});
        return SysResult::ok(0);
    }
    return arrive(name, listener);
}

// A client of a listener with TCP_DEFER_ACCEPT has connected, and the listener hears of it when it does something: its
// first bytes or its end bring it into the backlog. One that is reset before was never there. False: the step has
// nothing more to do.
bool Simulation::deferred_client_acts(const Step& step, SysResult& result) {
    const auto found = std::find_if(deferred_clients_.begin(), deferred_clients_.end(),
                                    [&](const auto& client) { return client.first == step.name; });
    if (found == deferred_clients_.end()) {
        return true;
    }
    const Name listener = found->second;
    const bool brings_bytes = step.kind == StepKind::peer_send && step.value != 0;
    const bool ends = step.kind == StepKind::peer_close ||
                      (step.kind == StepKind::peer_shutdown && static_cast<Shut>(step.choice) != Shut::read);
    if (brings_bytes || ends) {
        deferred_clients_.erase(found);
        result = arrive(step.name, listener);
        return !result.failed();
    }
    if (step.kind == StepKind::peer_reset) {
        deferred_clients_.erase(found);
        parties_.closed(step.name);
    } else {
        result = step.kind == StepKind::peer_recv ? SysResult::fail(EAGAIN) : SysResult::ok(0);
    }
    return false;
}

SysResult Simulation::arrive(Name name, Name listener) {
    const SysResult result = platform_->world.client(name, listener);
    parties_.waits(name);
    if (result.failed()) {
        parties_.closed(name);
    }
    return result;
}

// To a listener of the reactor's comes a client whose connection will have a name that the scenario does not speak
// of, so that what becomes of it can be told.
SysResult Simulation::peer_connect(Name listener) {
    if (!parties_[listener].listens) {
        return platform_->world.peer_connect(listener);
    }
    const int name = unmentioned_name();
    return name < 0 ? SysResult::fail(EADDRNOTAVAIL) : client(static_cast<Name>(name), listener);
}

// The highest that is not taken; -1 if there is none left.
int Simulation::unmentioned_name() {
    if (next_unmentioned_ < 0) {
        next_unmentioned_ = k_max_names - 1;
        mentioned_.fill(false);
        for (const Step& step : scenario_->steps) {
            for (const Element& element : step_shape(step.kind).pattern) {
                if (element.kind == ElementKind::name || element.kind == ElementKind::target) {
                    mentioned_[element.kind == ElementKind::name ? field_of(step, element.field)
                                                                 : step.name] = true;
                }
            }
        }
    }
    while (next_unmentioned_ > 0 && mentioned_[static_cast<std::size_t>(next_unmentioned_)]) {
        --next_unmentioned_;
    }
    const auto name = static_cast<std::size_t>(next_unmentioned_);
    if (mentioned_[name]) {
        return -1;
    }
    mentioned_[name] = true;
    return static_cast<int>(name);
}

// The subject has accepted a connection; its owner will hear of it, unless it is turned away.
void Simulation::accepted(int listener_fd, int fd) {
    const int listener = parties_.with_fd(listener_fd);
    const int name = listener < 0 ? -1 : platform_->world.accepted(static_cast<Name>(listener), fd, 0);
    if (name < 0) {
        return;
    }
    Party& party = parties_[static_cast<Name>(name)];
    party.fd = fd;
    party.file = platform_->model == nullptr ? -1 : platform_->model->file_of(0, fd);
    arrivals_.push_back(static_cast<Name>(name));
    // A full table is no fault of the subject's, and it says so with an ALERT.
    if (parties_.open().size() >= scenario_->config.worker_connections) {
        oracle_->ran_out_of_slots();
    }
}

int Simulation::arrival_with(int fd) const {
    const auto found =
        std::find_if(arrivals_.begin(), arrivals_.end(), [&](Name name) { return parties_[name].fd == fd; });
    return found == arrivals_.end() ? -1 : *found;
}

void Simulation::turned_away(int fd) {
    if (const int name = arrival_with(fd); name >= 0) {
        std::erase(arrivals_, static_cast<Name>(name));
        parties_.closed(static_cast<Name>(name));
        platform_->world.closed(static_cast<Name>(name));
    }
}

void Simulation::on_listener(unsigned slot) {
    if (stopped()) {
        return;
    }
    const int name = parties_.with_slot(slot);
    fake::Record entry;
    entry.kind = fake::RecordKind::dispatch;
    entry.label = name < 0 ? fake::k_label_none : label_of_name(static_cast<Name>(name));
    entry.c = slot;
    trace_.add(entry);
    oracle_->dispatched(slot, Half::read);
}

void Simulation::on_listener_ended() {
    if (!stopped()) {
        oracle_->listener_ended();
        oracle_->dispatch_ends();
    }
}

void Simulation::on_accept(unsigned listener_slot, unsigned slot) {
    if (stopped()) {
        return;
    }
    const SlotView view = platform_->subject.view(slot);
    const int listener = parties_.with_slot(listener_slot);
    const int arrival = arrival_with(view.fd);
    fake::Record entry;
    entry.kind = fake::RecordKind::accept;
    entry.label = arrival < 0 ? fake::k_label_none : label_of_name(static_cast<Name>(arrival));
    entry.a = listener;
    entry.c = slot;
    trace_.add(entry);
    oracle_->accepted_by(listener);
    if (arrival < 0) {
        platform_->subject.close(slot, false); // not of this scenario
        return;
    }
    const Name name = static_cast<Name>(arrival);
    std::erase(arrivals_, name);
    Party party = parties_[name];
    party.slot = static_cast<int>(slot);
    party.generation = view.generation;
    party.data = party.epoll_data();
    party.is_served = has_application_;
    parties_.opened(name, party);
    oracle_->opened(name);
    oracle_->owner_told(name, listener >= 0 && parties_[static_cast<Name>(listener)].deferred);
    const bool reacts = listener >= 0 && accept_queues_[static_cast<Name>(listener)].head >= 0;
    if (reacts) {
        react(accept_queues_[static_cast<Name>(listener)]);
    }
    if (is_served(name)) {
        run_application(name, nullptr);
    } else if (!reacts) {
        default_accept(name);
    }
}

// As nginx's ngx_http_init_connection does with ngx_handle_read_event: it is added for reading, and closed if it cannot
// be.
void Simulation::default_accept(Name name) {
    const Acting acting(acting_, fake::k_by_default);
    Step step;
    step.kind = StepKind::add;
    step.name = name;
    step.choice = static_cast<std::uint8_t>(Side::read);
    step.flags = scenario_->config.clear_event ? k_flag_et : 0;
    call_module(step);
    const unsigned slot = static_cast<unsigned>(parties_[name].slot);
    if (!stopped() && !platform_->subject.view(slot).has(Half::read, k_half_active)) {
        step = Step{};
        step.kind = StepKind::close;
        step.name = name;
        close_party(step);
    }
}

void Simulation::dial(const Step& step) {
    if (!oracle_->running()) {
        note(fake::Note::not_running, label_of_name(step.name));
        return;
    }
    if (parties_[step.name].life != Party::Life::unborn) {
        note(fake::Note::dead_name, label_of_name(step.name));
        return;
    }
    // A full table is no fault of the subject's, and it says so with an ALERT.
    if (parties_.open().size() >= scenario_->config.worker_connections) {
        oracle_->ran_out_of_slots();
    }
    const auto outcome = static_cast<ConnectOutcome>(step.choice);
    const InetAddress address{k_loopback, platform_->world.port_for(outcome)};
    Making making;
    making.name = step.name;
    making.party.kind = ObjectKind::tcp; // its socket is the subject's own making
    const Making outer = begin_making(making);
    const int slot = end_making(outer, platform_->subject.dial(address));
    platform_->world.dialled(step.name, outcome);
    record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), as_result(slot >= 0));
    if (slot < 0) {
        platform_->world.closed(step.name);
        return;
    }
    parties_[step.name].mode = k_epollet;
    if (!stopped()) {
        oracle_->dialled(step.name);
    }
}

// The subject is about to make a connection or a listener. To make room for it, it may ask another to close, whose handler
// may have it make one, too; until the one that is being made is added to epoll, or at the end of it all, there is no such
// connection yet. Returns what it was making.
Simulation::Making Simulation::begin_making(const Making& making) {
    parties_.begins(static_cast<Name>(making.name));
    return std::exchange(making_, making);
}

// It has, or -1: nothing came of it. Returns the slot.
int Simulation::end_making(const Making& outer, int slot) {
    const Name name = static_cast<Name>(making_.name);
    if (slot >= 0) {
        if (!parties_[name].is_open()) {
            begin_made(); // what adds it to epoll is still to come
        }
        Party& party = parties_[name];
        party.slot = slot;
        party.generation = platform_->subject.view(static_cast<unsigned>(slot)).generation;
        party.data = party.epoll_data();
    } else {
        if (!parties_[name].is_open()) {
            parties_.opened(name, making_.party); // so that what is known of it is kept
        }
        parties_.closed(name);
    }
    making_ = outer;
    return slot;
}

// From here on the name has a descriptor.
void Simulation::begin_made() {
    making_.party.file = platform_->model == nullptr ? -1 : platform_->model->file_of(0, making_.party.fd);
    parties_.opened(static_cast<Name>(making_.name), making_.party);
    oracle_->opened(static_cast<Name>(making_.name));
    making_.party.fd = -1;
}

} // namespace edgecase
