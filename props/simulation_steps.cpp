// The steps of a scenario, carried out.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "props/acting.hpp"
#include "props/byte_pattern.hpp"
#include "props/scenario_language.hpp"
#include "props/simulation.hpp"

namespace edgecase {

namespace {

constexpr unsigned k_most_reads = 256;           // of one "read all"
constexpr std::size_t k_read_bytes = 65'536;     // asked for at a time
constexpr std::size_t k_datagram_bytes = 65'507; // the most that one takes

std::uint8_t as_byte(StepKind kind) {
    return static_cast<std::uint8_t>(kind);
}

SysResult as_result(Outcome outcome) {
    return outcome == Outcome::ok ? SysResult::ok(0) : SysResult{1, 0};
}

Transport transport_of(const Party& party) {
    if (party.kind == ObjectKind::listener) {
        return Transport::listener;
    }
    if (party.is_datagram()) {
        return Transport::datagram;
    }
    return party.is_socket() ? Transport::stream : Transport::file;
}

} // namespace

void Simulation::take_step(std::uint32_t index) {
    const Step& step = scenario_->steps[index];
    if (is_world_step(step.kind)) {
        take_world_step(index);
    } else if (is_script_step(step.kind)) {
        take_script_step(index);
    } else if (is_module_step(step.kind)) {
        take_module_step(index);
    } else if (step_shape(step.kind).family == Family::reaction) {
        add_reaction(index);
    } else {
        const Acting acting(acting_, index);
        if (is_server_step(step.kind)) {
            take_server_step(step);
        } else {
            take_life_step(step);
        }
    }
}

void Simulation::take_world_step(std::uint32_t index) {
    const Step& step = scenario_->steps[index];
    const Acting acting(acting_, index);
    ++steps_taken_[as_byte(step.kind)];
    oracle_->scenario_acts();
    if (is_poster_step(step.kind)) {
        take_poster_step(step);
        return;
    }
    if (step.kind == StepKind::worker) {
        take_worker_step(step);
        return;
    }
    World& world = platform_->world;
    const Party& party = parties_[step.name];
    SysResult result;
    const bool needs_open = step.kind == StepKind::connect || step.kind == StepKind::dup ||
                            step.kind == StepKind::arm || step.kind == StepKind::icmp ||
                            step.kind == StepKind::spurious || step.kind == StepKind::shutdown;
    const bool needs_peer = (step.kind >= StepKind::peer_send && step.kind <= StepKind::undup) ||
                            step.kind == StepKind::complete || step.kind == StepKind::complete_fails;
    if ((needs_open && !party.is_open()) || (needs_peer && !party.has_peer())) {
        note(fake::Note::dead_name, label_of_name(step.name));
        return;
    }
    if (!deferred_clients_.empty() && needs_peer && !deferred_client_acts(step, result)) {
        record(fake::RecordKind::world, as_byte(step.kind), label_of_name(step.name), result);
        return;
    }
    switch (step.kind) {
    case StepKind::open: open_party(step); return;
    case StepKind::connect:
        if (party.kind != ObjectKind::fresh) {
            note(fake::Note::dead_name, label_of_name(step.name));
            return;
        }
        result = world.connect(step.name, party.fd, static_cast<ConnectOutcome>(step.choice));
        if (result.error == EINPROGRESS) {
            oracle_->reconnected(step.name); // what ended before has begun again
            parties_[step.name].to_subject = parties_[step.name].from_subject = Stream{};
        }
        break;
    case StepKind::peer_send: result = peer_send(step); break;
    case StepKind::peer_recv: result = peer_recv(step); break;
    case StepKind::peer_shutdown:
        result = world.peer_shutdown(step.name, static_cast<Shut>(step.choice));
        break;
    case StepKind::peer_close: result = world.peer_close(step.name); break;
    case StepKind::peer_reset:
        result = world.peer_reset(step.name);
        parties_[step.name].cut();
        break;
    case StepKind::client:
        if (party.life != Party::Life::unborn || !parties_[static_cast<Name>(step.value)].has_peer()) {
            note(fake::Note::dead_name, label_of_name(step.name));
            return;
        }
        result = client(step.name, static_cast<Name>(step.value));
        break;
    case StepKind::peer_connect: result = peer_connect(step.name); break;
    case StepKind::dup: result = world.dup(step.name, party.fd); break;
    case StepKind::undup: result = world.undup(step.name); break;
    case StepKind::shutdown:
        if (is_served(step.name) || party.listens) {
            note(party.listens ? fake::Note::reactors_own : fake::Note::applications_own,
                 label_of_name(step.name));
            return;
        }
        result = world.shutdown(party.fd, static_cast<Shut>(step.choice));
        if (static_cast<Shut>(step.choice) != Shut::write) {
            parties_[step.name].to_subject.is_cut = true; // what comes from here on may be read, or not
            oracle_->shut_for_reading(step.name);
        }
        break;
    case StepKind::fork: result = world.fork(); break;
    case StepKind::child_exit: result = world.child_exit(); break;
    case StepKind::time: world.pass_time(step.value); break;
    case StepKind::signal: platform_->kernel.signal(); break;
    case StepKind::alarm: platform_->kernel.alarm(); break;
    case StepKind::arm: result = world.arm(party.fd, static_cast<Arming>(step.choice), step.value); break;
    case StepKind::raise: result = world.raise(); break;
    case StepKind::icmp: result = world.icmp(step.name, party.fd); break;
    case StepKind::complete: result = world.complete(party.aio_request, 0, step.value); break;
    case StepKind::complete_fails: result = world.complete(party.aio_request, step.error, 0); break;
    case StepKind::spurious: world.wake(party.fd); break;
    case StepKind::mutex: result = change_mutex(static_cast<MutexTurn>(step.choice)); break;
    default: return;
    }
    record(fake::RecordKind::world, as_byte(step.kind), label_of_name(step.name), result);
}

SysResult Simulation::peer_send(const Step& step) {
    Party& party = parties_[step.name];
    const SysResult result = platform_->world.peer_send(step.name, step.value, party.to_subject.sent_bytes);
    note_moved(party, party.to_subject.sent_bytes, result);
    return result;
}

SysResult Simulation::peer_recv(const Step& step) {
    Party& party = parties_[step.name];
    // The echo server writes what it was sent.
    const Direction pattern = party.is_served ? Direction::to_subject : Direction::from_subject;
    const World::Taken taken =
        platform_->world.peer_recv(step.name, step.value, pattern, party.from_subject.taken_bytes);
    if (party.is_stream() && !stopped()) {
        oracle_->peer_received(step.name, party.from_subject, taken.result, taken.as_sent);
    }
    note_moved(party, party.from_subject.taken_bytes, taken.result);
    if (taken.last.failed()) {
        note_moved(party, party.from_subject.taken_bytes, taken.last); // behind what it got
    }
    return taken.result;
}

// What was moved counts; after an error some of what was sent may be gone.
void Simulation::note_moved(Party& party, std::uint64_t& bytes, SysResult result) {
    if (!result.failed()) {
        bytes += static_cast<std::uint64_t>(result.value);
    } else if (result.error != EAGAIN && result.error != EINTR) {
        party.cut();
    }
}

void Simulation::open_party(const Step& step) {
    start_if_needed();
    if (stopped()) {
        return;
    }
    if (parties_[step.name].life != Party::Life::unborn) {
        note(fake::Note::dead_name, label_of_name(step.name));
        return;
    }
    Making making;
    making.name = step.name;
    making.party.kind = static_cast<ObjectKind>(step.choice);
    const World::Opened opened = platform_->world.open(step.name, making.party.kind);
    if (opened.fd < 0) {
        note(fake::Note::no_slot, label_of_name(step.name));
        return;
    }
    making.party.fd = opened.fd;
    // A full table is no fault of the subject's, and it says so with an ALERT.
    if (parties_.open().size() >= scenario_->config.worker_connections || !oracle_->running()) {
        oracle_->ran_out_of_slots();
    }
    const Making outer = begin_making(making);
    const int slot = end_making(outer, platform_->subject.take(opened.fd, transport_of(making.party)));
    if (slot < 0) {
        note(fake::Note::no_slot, label_of_name(step.name));
        platform_->world.take_back(opened.fd);
        platform_->world.closed(step.name);
        return;
    }
    oracle_->took_slot(step.name, platform_->subject.view(static_cast<unsigned>(slot)));
    record(fake::RecordKind::world, as_byte(step.kind), label_of_name(step.name), SysResult::ok(slot));
}

void Simulation::add_script(std::uint32_t index, fake::ScriptKind kind, fake::Script& script) {
    const Step& step = scenario_->steps[index];
    fake::ScriptEntry entry;
    entry.kind = kind;
    entry.call = step.call;
    entry.countdown = step.count;
    entry.times = static_cast<std::uint32_t>(step.value);
    entry.error = step.error;
    entry.value = step.value;
    entry.step = index;
    script.add(entry);
}

void Simulation::take_script_step(std::uint32_t index) {
    const Step& step = scenario_->steps[index];
    fake::Script& script = platform_->script;
    ++steps_taken_[as_byte(step.kind)];
    switch (step.kind) {
    case StepKind::worker_fail: fail_worker(index); break;
    case StepKind::fail: add_script(index, fake::ScriptKind::fail, script); break;
    case StepKind::shorten: add_script(index, fake::ScriptKind::shorten, script); break;
    case StepKind::before: add_script(index, fake::ScriptKind::before, script); break;
    case StepKind::during: add_script(index, fake::ScriptKind::during, script); break;
    case StepKind::wait_gives: wait_script_ = {true, index}; break;
    case StepKind::wait_order: wait_order_ = {true, index}; break;
    case StepKind::wait_at_most: wait_at_most_ = {true, index}; break;
    case StepKind::heal: heal(); break;
    default: break;
    }
}

void Simulation::heal() {
    note_scripts();
    reset_scripts();
    wait_script_ = wait_order_ = wait_at_most_ = {};
    ++scripts_reached_[as_byte(StepKind::heal)];
}

void Simulation::start_if_needed() {
    if (!ever_started_) {
        const Acting acting(acting_, fake::k_no_step);
        initialise(0);
    }
}

void Simulation::initialise(std::uint32_t epoll_events) {
    ever_started_ = true;
    oracle_->init_begins(platform_->kernel.blocks_in_use());
    const Outcome outcome = platform_->subject.init(epoll_events);
    record(fake::RecordKind::life, as_byte(StepKind::init), fake::k_label_none, as_result(outcome));
    if (!stopped()) {
        oracle_->init_ends(outcome, platform_->kernel.blocks_in_use(), epoll_events);
    }
    if (!stopped() && outcome == Outcome::ok) {
        start_application();
    }
}

void Simulation::take_life_step(const Step& step) {
    ++steps_taken_[as_byte(step.kind)];
    if (step.kind != StepKind::done) {
        initialise(static_cast<std::uint32_t>(step.value));
        return;
    }
    if (posters_are_busy()) {
        misused(); // no thread may be in notify()
    }
    oracle_->done_begins();
    platform_->subject.done();
    record(fake::RecordKind::life, as_byte(StepKind::done), fake::k_label_none, SysResult::ok(0));
    if (!stopped()) {
        oracle_->done_ends();
    }
}

Simulation::ReactionQueue& Simulation::queue_of(const Step& step) {
    if (step.kind == StepKind::on_notify) {
        return notify_queues_[step.value];
    }
    queues_used_.push_back(step.name);
    return step.kind == StepKind::on ? queues_[step.name][step.choice] : accept_queues_[step.name];
}

void Simulation::add_reaction(std::uint32_t index) {
    const Step& step = scenario_->steps[index];
    ++steps_taken_[as_byte(step.kind)];
    ReactionQueue& queue = queue_of(step);
    const int place = static_cast<int>(reactions_.size());
    reactions_.push_back({index + 1, step.nested, -1});
    if (queue.tail >= 0) {
        reactions_[static_cast<std::size_t>(queue.tail)].next = place;
    } else {
        queue.head = place;
    }
    queue.tail = place;
}

void Simulation::react(ReactionQueue& queue) {
    const ReactionEntry entry = reactions_[static_cast<std::size_t>(queue.head)];
    queue.head = entry.next;
    if (queue.head < 0) {
        queue.tail = -1;
    }
    for (std::uint32_t i = 0; i < entry.count && !stopped(); ++i) {
        const std::uint32_t index = entry.first + i;
        const Step& step = scenario_->steps[index];
        if (is_world_step(step.kind)) {
            take_world_step(index);
        } else if (is_module_step(step.kind)) {
            take_module_step(index);
        } else {
            const Acting acting(acting_, index);
            take_server_step(step);
        }
    }
}

// Read to EAGAIN; write what is owed; an expired timer is acknowledged and that is all.
void Simulation::default_reaction(Name name, Half half) {
    const Party& party = parties_[name];
    const unsigned slot = static_cast<unsigned>(party.slot);
    if (platform_->subject.view(slot).has(half, k_half_timedout)) {
        platform_->subject.clear_timedout(slot, half);
        return;
    }
    if (half == Half::read) {
        read_party(name, 0);
    } else if (party.owed_bytes > 0) {
        write_party(name, 0);
    }
}

void Simulation::take_module_step(std::uint32_t index) {
    const Step& step = scenario_->steps[index];
    const Acting acting(acting_, index);
    ++steps_taken_[as_byte(step.kind)];
    start_if_needed();
    if (stopped()) {
        return;
    }
    const Party& party = parties_[step.name];
    const bool names_one = has_name(step);
    const bool closes = step.kind == StepKind::close || step.kind == StepKind::close_shared;
    if (names_one && !closes && party.is_open() && party.listens) {
        note(fake::Note::reactors_own, label_of_name(step.name));
        return;
    }
    if (names_one && is_served(step.name)) {
        note(fake::Note::applications_own, label_of_name(step.name));
        return;
    }
    switch (step.kind) {
    case StepKind::add:
    case StepKind::del:
    case StepKind::handle: call_module(step); break;
    case StepKind::notify: notify(step); break;
    case StepKind::process: process(step); break;
    case StepKind::run: run_queue(step); break;
    case StepKind::dial: dial(step); break;
    default:
        if (!party.is_open()) {
            note(fake::Note::dead_name, label_of_name(step.name));
            return;
        }
        switch (step.kind) {
        case StepKind::close:
        case StepKind::close_shared: close_party(step); break;
        case StepKind::timer:
        case StepKind::untimer: timer(step); break;
        case StepKind::post:
        case StepKind::unpost: post(step); break;
        case StepKind::reusable:
        case StepKind::keep:
            if (party.kind == ObjectKind::listener) {
                break; // which is nobody's to close
            }
            if (step.kind == StepKind::reusable) {
                platform_->subject.make_reusable(static_cast<unsigned>(party.slot));
                oracle_->made_reusable(step.name);
            } else {
                platform_->subject.keep(static_cast<unsigned>(party.slot));
                oracle_->kept(step.name);
            }
            record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
            break;
        case StepKind::read:
            read_party(step.name, step.value);
            record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
            break;
        case StepKind::read_file:
            if (is_file(parties_[step.name].kind)) {
                read_file(step.name, step.mask, step.value);
                record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name),
                       SysResult::ok(0));
            }
            break;
        case StepKind::write:
            parties_[step.name].owed_bytes = 0;
            write_party(step.name, step.value);
            record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
            break;
        case StepKind::writev:
            writev_party(step.name, step.value, step.count);
            record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
            break;
        case StepKind::outcome:
            if (parties_[step.name].is_socket()) {
                platform_->subject.connect_error(static_cast<unsigned>(parties_[step.name].slot));
            }
            record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
            break;
        default: break;
        }
        break;
    }
}

void Simulation::misused() {
    if (!oracle_->misuse()) {
        note(fake::Note::misuse);
    }
    oracle_->misused();
}

// What the module's contract forbids its callers: DESIGN's misuse. Flags and interest must agree all the
// same.
bool Simulation::is_misuse(const Step& step) const {
    const Party& party = parties_[step.name];
    if (!party.is_open()) {
        return true; // a call after close
    }
    const bool closes = step.kind == StepKind::del && (step.flags & k_flag_close) != 0;
    if (closes) {
        return false;
    }
    if (party.closing) {
        return true;
    }
    if (is_file(party.kind)) {
        return true; // epoll does not take a file (EPERM)
    }
    const SlotView view = platform_->subject.view(static_cast<unsigned>(party.slot));
    const bool read = view.has(Half::read, k_half_active);
    const bool write = view.has(Half::write, k_half_active);
    const Side side = static_cast<Side>(step.choice);
    if (side == Side::connection) {
        return step.kind == StepKind::add ? read || write : !read && !write;
    }
    const bool own = side == Side::read ? read : write;
    const bool other = side == Side::read ? write : read;
    const std::uint32_t mode = (module_flags(step) & k_flag_et) != 0 ? k_epollet : 0;
    const bool mixes = other && mode != party.mode;
    // handle looks by itself whether there is anything to add or to delete.
    return mixes || (step.kind != StepKind::handle && own == (step.kind == StepKind::add));
}

// handle chooses the trigger mode by what the reactor announces, the other calls are told.
std::uint8_t Simulation::module_flags(const Step& step) const {
    if (step.kind != StepKind::handle) {
        return step.flags;
    }
    return scenario_->config.clear_event ? k_flag_et : 0;
}

Outcome Simulation::make_module_call(const Step& step, unsigned slot) {
    Subject& subject = platform_->subject;
    switch (step.kind) {
    case StepKind::add: return subject.add(slot, static_cast<Side>(step.choice), step.flags);
    case StepKind::handle: return subject.handle(slot, static_cast<Half>(step.choice));
    default: return subject.del(slot, static_cast<Side>(step.choice), step.flags);
    }
}

void Simulation::call_module(const Step& step) {
    if (!oracle_->running()) {
        note(fake::Note::not_running, label_of_name(step.name));
        return;
    }
    Party& party = parties_[step.name];
    const bool taken_over = !party.is_open() && parties_.with_slot(static_cast<unsigned>(party.slot)) >= 0;
    if (party.slot < 0 || taken_over) {
        note(fake::Note::dead_name, label_of_name(step.name));
        return;
    }
    if (is_misuse(step)) {
        misused();
    }
    const Side side = static_cast<Side>(step.choice);
    const unsigned slot = static_cast<unsigned>(party.slot);
    const std::uint8_t flags = module_flags(step);
    oracle_->call_begins(step.name, step.kind, side, flags);
    const std::uint64_t calls = oracle_->calls();
    const Outcome outcome = make_module_call(step, slot);
    record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), as_result(outcome));
    const bool closes = step.kind == StepKind::del && (step.flags & k_flag_close) != 0;
    if (outcome == Outcome::ok && closes) {
        party.closing = true;
    } else if (outcome == Outcome::ok && side == Side::connection && step.kind == StepKind::add) {
        party.mode = k_epollet;
    } else if (outcome == Outcome::ok && side != Side::connection && oracle_->calls() != calls) {
        party.mode = (flags & k_flag_et) != 0 ? k_epollet : 0;
    }
    if (!stopped()) {
        oracle_->call_ends(outcome);
    }
}

void Simulation::close_party(const Step& step) {
    Party& party = parties_[step.name];
    const bool shared = step.kind == StepKind::close_shared;
    const SlotView view = platform_->subject.view(static_cast<unsigned>(party.slot));
    const bool registered =
        view.has(Half::read, k_half_active) || view.has(Half::write, k_half_active) || party.closing;
    const bool is_shared = platform_->world.is_shared(party.fd);
    if (!shared && registered && is_shared) {
        misused(); // the registration outlives the descriptor
    }
    if (shared && party.closing) {
        misused(); // deleted with the close flag, so there is nothing that it would delete
    }
    const int file = party.file;
    oracle_->will_close(step.name, shared);
    platform_->subject.close(static_cast<unsigned>(party.slot), shared);
    // By the interest list: if a child that shared the description has gone meanwhile, there is no such file to ask.
    bool outlived = false;
    if (const fake::Model* model = platform_->model; model != nullptr && is_shared && oracle_->running()) {
        const int epoll_file = model->file_of(0, oracle_->epoll_fd());
        for (int watch = model->first_watch(epoll_file); watch >= 0; watch = model->next_watch(watch)) {
            outlived = outlived || (model->watch(watch).file == file && model->watch(watch).fd == party.fd);
        }
    }
    if (outlived && !oracle_->outlived(step.name, shared)) {
        misused(); // a delete that the script failed left a ghost behind
    }
    parties_.closed(step.name);
    platform_->world.closed(step.name);
    record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
    oracle_->closed(step.name);
}

void Simulation::notify(const Step& step) {
    if (!oracle_->running() || !platform_->subject.can_notify()) {
        note(fake::Note::not_running);
        return;
    }
    const unsigned task = static_cast<unsigned>(step.value);
    oracle_->notify_begins(task, 0);
    const Outcome outcome = platform_->subject.notify(task);
    record(fake::RecordKind::module, as_byte(step.kind), fake::k_label_notify, as_result(outcome));
    oracle_->notify_ended(task, outcome, 0);
}

void Simulation::process(const Step& step) {
    if (!oracle_->running()) {
        note(fake::Note::not_running);
        return;
    }
    oracle_->process_begins(step.value, step.flags);
    const Outcome outcome = platform_->subject.process(step.value, step.flags);
    record(fake::RecordKind::module, as_byte(step.kind), fake::k_label_none, as_result(outcome));
    if (!stopped()) {
        oracle_->process_answered(outcome, step.flags);
        oracle_->process_ends();
    }
}

void Simulation::run_queue(const Step& step) {
    const Queue queue = static_cast<Queue>(step.choice);
    record(fake::RecordKind::module, as_byte(step.kind), fake::k_label_none, SysResult::ok(0));
    oracle_->run_begins(queue);
    platform_->subject.run(queue);
    if (!stopped()) {
        oracle_->run_ends();
    }
}

void Simulation::timer(const Step& step) {
    const Half half = static_cast<Half>(step.choice);
    const unsigned slot = static_cast<unsigned>(parties_[step.name].slot);
    if (step.kind == StepKind::timer) {
        platform_->subject.add_timer(slot, half, step.value);
        oracle_->timer_added(step.name, half, step.value, platform_->subject.now());
    } else {
        platform_->subject.del_timer(slot, half);
        oracle_->timer_deleted(step.name, half);
    }
    record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
}

void Simulation::post(const Step& step) {
    const Half half = static_cast<Half>(step.choice);
    const unsigned slot = static_cast<unsigned>(parties_[step.name].slot);
    if (step.kind == StepKind::post) {
        platform_->subject.post(slot, half);
        oracle_->post_ended(step.name, half);
    } else {
        platform_->subject.unpost(slot, half);
        oracle_->unposted(step.name, half);
    }
    record(fake::RecordKind::module, as_byte(step.kind), label_of_name(step.name), SysResult::ok(0));
}

void Simulation::read_party(Name name, std::uint64_t bytes) {
    Party& party = parties_[name];
    if (!party.can_read()) {
        return;
    }
    const std::size_t asked = bytes == 0 ? k_read_bytes : std::min<std::size_t>(bytes, buffer_.size());
    for (unsigned i = 0; i < (bytes == 0 ? k_most_reads : 1U) && !stopped(); ++i) {
        const SysResult result =
            platform_->subject.read(static_cast<unsigned>(party.slot), buffer_.data(), asked);
        if (stopped()) {
            return;
        }
        oracle_->transferred(name, Half::read, asked, result, call_injected_);
        if (party.is_stream()) {
            oracle_->received(name, party.to_subject, buffer_.data(), result, call_injected_);
            note_moved(party, party.to_subject.taken_bytes, result);
        }
        if (result.failed() || (result.value == 0 && !party.is_datagram())) {
            return;
        }
    }
}

// A read of a file, or the collection of what came of the one before: nginx's contract. Also after the name is
// closed, by the handler of a read that was in flight then.
void Simulation::read_file(Name name, std::uint64_t offset, std::size_t size) {
    FileBuffer& buffer = file_buffers_[name];
    buffer.bytes.resize(k_read_bytes);
    const bool asks = oracle_->file_read_begins(name);
    if (asks) {
        buffer.offset = offset;
        buffer.size = size;
    }
    const FileRead read = platform_->subject.read_file(name, parties_[name].fd, buffer.bytes.data(), size,
                                                       static_cast<std::int64_t>(offset));
    if (!stopped()) {
        oracle_->file_read_ended(name, read, holds_file_bytes(buffer, read.bytes));
    }
}

// Whether the buffer holds what is in the file at the place that was asked for.
bool Simulation::holds_file_bytes(const FileBuffer& buffer, std::int64_t bytes) const {
    for (std::size_t i = 0; i < static_cast<std::size_t>(bytes); ++i) {
        if (buffer.bytes[i] != std::byte{fake::file_byte(buffer.offset + i)}) {
            return false;
        }
    }
    return true;
}

// bytes 0: what is owed.
void Simulation::write_party(Name name, std::uint64_t bytes) {
    Party& party = parties_[name];
    if (!party.can_write()) {
        return;
    }
    // An eventfd takes a number of eight bytes at a time, and it is the number that is written.
    const bool is_eventfd = party.kind == ObjectKind::eventfd;
    const std::size_t most = party.is_datagram() ? k_datagram_bytes : buffer_.size();
    party.owed_bytes += bytes;
    while (party.owed_bytes > 0 && !stopped()) {
        const std::size_t asked =
            is_eventfd ? sizeof(std::uint64_t) : std::min<std::size_t>(party.owed_bytes, most);
        const std::uint64_t number = party.owed_bytes;
        const void* from = is_eventfd
                               ? static_cast<const void*>(&number)
                               : byte_pattern(name, Direction::from_subject, party.from_subject.sent_bytes);
        const SysResult result = platform_->subject.write(static_cast<unsigned>(party.slot), from, asked);
        if (stopped()) {
            return;
        }
        oracle_->transferred(name, Half::write, asked, result, call_injected_);
        if (!is_eventfd) {
            note_moved(party, party.from_subject.sent_bytes, result);
        }
        if (result.failed()) {
            if (result.error != EAGAIN) {
                party.owed_bytes = 0;
            }
            return;
        }
        party.owed_bytes -= is_eventfd ? party.owed_bytes : static_cast<std::uint64_t>(result.value);
        if (static_cast<std::size_t>(result.value) < asked) {
            return;
        }
    }
}

// One call; what it leaves is owed, as with a write.
void Simulation::writev_party(Name name, std::uint64_t bytes, unsigned count) {
    Party& party = parties_[name];
    if (!party.is_socket()) {
        return;
    }
    if (party.is_datagram()) {
        bytes = std::min<std::uint64_t>(bytes, k_datagram_bytes);
    }
    const std::byte* from = byte_pattern(name, Direction::from_subject, party.from_subject.sent_bytes);
    pieces_.clear();
    std::size_t offset_bytes = 0;
    for (unsigned i = 0; i < count; ++i) {
        const std::size_t size = bytes / count + (i < bytes % count ? 1 : 0);
        pieces_.push_back({from + offset_bytes, size});
        offset_bytes += size;
    }
    party.owed_bytes = bytes;
    const SysResult result = platform_->subject.writev(static_cast<unsigned>(party.slot), pieces_);
    if (stopped()) {
        return;
    }
    oracle_->transferred(name, Half::write, bytes, result, call_injected_);
    note_moved(party, party.from_subject.sent_bytes, result);
    if (!result.failed()) {
        party.owed_bytes -= static_cast<std::uint64_t>(result.value);
    } else if (result.error != EAGAIN) {
        party.owed_bytes = 0;
    }
}

} // namespace edgecase
