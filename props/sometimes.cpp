#include "props/sometimes.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/epoll_abi.hpp"
#include "core/repeat.hpp"
#include "props/poster.hpp"

namespace edgecase {

namespace {

using fake::Call;
using fake::Note;
using fake::Record;
using fake::RecordKind;
using enum Sometimes;

constexpr std::array<SometimesText, k_sometimes> k_points{{
    {stale_in_read_half, "stale-in-read-half",
     "an earlier handler closed the connection of a later entry of the batch"},
    {stale_in_write_half, "stale-in-write-half",
     "a read handler closed its connection, and the entry has a write half"},
    {slot_reused_under_its_entry, "slot-reused-under-its-entry",
     "a slot is in use again while the entry of its former user is handled"},
    {write_half_to_come_for_reused_slot, "write-half-to-come-for-reused-slot",
     "so it is, with the write half of that entry to come"},
    {write_half_of_reused_slot, "write-half-of-reused-slot", "and its new user waits to write"},
    {posted_event_lost_its_connection, "posted-event-lost-its-connection",
     "a connection was closed while its event waited in a queue"},
    {slot_reused_in_batch, "slot-reused-in-batch",
     "a slot that a handler freed was used again in the same batch"},
    {slot_reused_twice_in_batch, "slot-reused-twice-in-batch", "so it was twice, the same slot"},
    {stale_entry_of_reused_slot, "stale-entry-of-reused-slot",
     "a later entry of the batch is for the former user of a slot that is in use again"},
    {connection_twice_in_batch, "connection-twice-in-batch", "one connection stands twice in a batch"},
    {batch_truncated, "batch-truncated", "a batch was full, and the next one brought what had no room in it"},
    {empty_batch_without_timeout, "empty-batch-without-timeout", "an endless wait answered 0"},
    {both_halves_of_one_entry, "both-halves-of-one-entry", "one entry called the read and the write handler"},
    {error_without_direction, "error-without-direction", "an entry has ERR or HUP, and neither IN nor OUT"},
    {peer_half_closed, "peer-half-closed", "an entry has RDHUP"},
    {foreign_bits, "foreign-bits", "an entry has bits that nobody asked for"},
    {data_of_nobody, "data-of-nobody", "an entry has data that were never given to epoll_ctl"},
    {generation_wrapped, "generation-wrapped", "the generation of a slot went over its highest number"},
    {wait_interrupted, "wait-interrupted", "a signal ended a wait"},
    {wait_interrupted_with_alarm, "wait-interrupted-with-alarm", "and it was the interval timer's"},
    {wait_failed, "wait-failed", "a wait failed with another error than EINTR"},
    {wait_ended_by_timer, "wait-ended-by-timer", "a wait slept to its timeout, and a handler ran then"},
    {world_acts_in_wait, "world-acts-in-wait", "something happened while a wait slept"},
    {handler_closes_itself, "handler-closes-itself", "a handler closed its own connection"},
    {handler_closes_another, "handler-closes-another", "a handler closed another connection"},
    {handler_adds_another, "handler-adds-another", "a handler added another connection to epoll"},
    {nothing_to_read, "nothing-to-read", "the first read of a read handler found nothing"},
    {write_blocked, "write-blocked", "a write found no room"},
    {write_went_on, "write-went-on", "and its write handler was called later"},
    {short_write, "short-write", "a write moved less than it was given"},
    {end_of_file, "end-of-file", "a read found the end"},
    {reset_by_peer, "reset-by-peer", "a read failed with ECONNRESET"},
    {broken_pipe, "broken-pipe", "a write failed with EPIPE"},
    {call_interrupted, "call-interrupted", "a call other than the wait failed with EINTR"},
    {call_interrupted_to_the_limit, "call-interrupted-to-the-limit",
     "so often in a row that it was given up"},
    {notify_coalesced, "notify-coalesced", "one report ran several notify handlers"},
    {notify_counter_full, "notify-counter-full", "a notify found the counter full"},
    {notify_rewound, "notify-rewound", "the counter was read back to 0"},
    {notify_counter_cut_short, "notify-counter-cut-short",
     "a read or write of the counter moved less than 8 bytes"},
    {notify_in_notify_handler, "notify-in-notify-handler", "a notify handler notified"},
    {poster_in_wait, "poster-in-wait", "a thread notified while the wait slept"},
    {poster_in_call, "poster-in-call",
     "a thread stood inside a system call of its notify while others went on"},
    {poster_in_handler, "poster-in-handler", "a thread notified while a handler ran"},
    {two_posters_at_once, "two-posters-at-once", "two threads were half way through notify"},
    {completion_after_close, "completion-after-close",
     "a read of a file completed after the file was closed"},
    {completions_together, "completions-together", "one io_getevents took several completions"},
    {completion_failed, "completion-failed", "a read in flight completed with an error"},
    {read_in_completion_handler, "read-in-completion-handler", "the handler of a read began another one"},
    {no_request_free, "no-request-free", "io_submit had no room, and the read was made at once"},
    {done_with_reads_in_flight, "done-with-reads-in-flight", "done found reads in flight"},
    {no_file_aio, "no-file-aio", "io_setup failed"},
    {listener_came_back, "listener-came-back", "a listener was taken out of epoll and put in again"},
    {listener_refused_by_epoll, "listener-refused-by-epoll", "epoll refused a listener"},
    {out_of_descriptors, "out-of-descriptors", "accept found no descriptor free"},
    {accept_aborted, "accept-aborted", "a client was gone before accept took it"},
    {accept_without_accept4, "accept-without-accept4", "there is no accept4, and accept was called"},
    {several_accepted_at_once, "several-accepted-at-once",
     "one call of a listener's handler accepted several"},
    {nobody_to_accept, "nobody-to-accept", "a listener's handler found nobody waiting"},
    {worker_was_faster, "worker-was-faster", "because another worker had accepted"},
    {connection_turned_away, "connection-turned-away", "a connection was accepted and closed at once"},
    {mutex_busy, "mutex-busy", "another had the accept mutex"},
    {mutex_lost_listener_left, "mutex-lost-listener-left", "so the listener was taken out of epoll"},
    {init_failed, "init-failed", "init failed"},
    {init_again, "init-again", "init was called again while the reactor ran"},
    {init_after_done, "init-after-done", "the reactor was started again after done"},
    {no_memory, "no-memory", "an allocation failed"},
    {connect_failed_later, "connect-failed-later", "the socket told that its connect had failed"},
    {connect_failed_at_once, "connect-failed-at-once", "connect failed, and was not in progress"},
    {add_refused, "add-refused", "epoll refused an ADD"},
    {change_refused, "change-refused", "epoll refused a MOD or a DEL"},
}};

constexpr bool points_are_in_order() {
    for (unsigned point = 0; point < k_sometimes; ++point) {
        if (static_cast<unsigned>(k_points[point].point) != point) {
            return false;
        }
    }
    return true;
}
static_assert(points_are_in_order());

constexpr std::uint32_t k_directions = k_epollin | k_epollout;
constexpr std::uint32_t k_asked_for =
    k_directions | k_epollpri | k_epollrdhup | k_epollerr | k_epollhup | k_epollet;
constexpr std::uint32_t k_last_generation = 0xffffffff;
constexpr std::uint32_t k_most_slots =
    2 * k_max_names; // there are no more connections, and some are the channels' own

std::uint32_t slot_of(std::uint64_t data) {
    return static_cast<std::uint32_t>(data);
}

bool is_name(std::uint16_t label) {
    return label >= fake::k_label_name;
}

bool is_read(Call call) {
    return call == Call::recv || call == Call::read;
}

bool is_write(Call call) {
    return call == Call::send || call == Call::write || call == Call::sendmsg;
}

} // namespace

// What is known at a place of the trace.
class SometimesRecogniser::Reading {
public:
    void begin(const Scenario& scenario, SometimesHits& hits) {
        scenario_ = &scenario;
        hits_ = &hits;
        most_events_ = scenario.config.epoll_events;
        for (const std::uint16_t label : labels_used_) {
            parties_[label - fake::k_label_name] = {};
        }
        labels_used_.clear();
        for (const std::uint32_t slot : slots_used_) {
            slots_[slot] = {};
        }
        slots_used_.clear();
        freed_.clear();
        reused_.clear();
        requests_.clear();
        batch_.clear();
        earlier_batch_.clear();
        posted_.clear();
        now_ = {};
    }

    void read(const Record& record) {
        if (record.who == 0) {
            read_of_the_loop(record);
        } else if (record.who >= fake::k_first_worker) {
            const bool accepts = is_call(record, Call::accept4) && record.error == 0;
            now_.worker_accepted = now_.worker_accepted || accepts;
        } else if (record.kind == RecordKind::call) {
            read_notify_channel(record);
        }
    }

    void end() { end_batch(false); }

private:
    struct Party {
        bool is_used = false;
        std::uint64_t data = 0; // as it was last given to epoll_ctl
        bool is_in_epoll = false;
        bool is_listener = false;
        bool was_taken_out = false;
        bool write_blocked = false;
        bool closed = false;
    };
    struct Entry {
        std::uint64_t data = 0;
        std::uint32_t mask = 0;
    };
    // Generations that were given to epoll_ctl, the first and the latest.
    struct Slot {
        bool is_used = false;
        std::uint32_t first = 0;
        std::uint32_t latest = 0;
    };
    struct Request {
        std::uint64_t data = 0;
        std::uint16_t label = 0;
        bool completed = false;
    };
    struct Handler {
        bool runs = false;
        std::uint16_t label = 0;
        std::uint8_t half = 0;
        unsigned calls = 0;    // of its own connection, so far
        unsigned accepted = 0; // of a listener's
    };
    struct Now {
        bool asleep = false;
        bool slept = false; // in the wait before
        bool timed_out = false;
        bool alarm = false;
        bool has_mutex = false;
        bool posts = false;         // as a turn with the mutex does, all of the batch
        bool mutex_is_busy = false; // and no wait came since
        bool running = false;
        bool was_done = false;
        bool in_notify = false;
        bool worker_accepted = false;
        bool taking = false; // between accept4 and what its owner is told
        std::int64_t taken = -1;
        bool aio_declined = false;
        bool without_accept4 = false;
        bool world_acted = false; // since the last batch
        bool was_full = false;    // the batch before
        unsigned notified = 0;    // since the last wait
        unsigned completions = 0; // since the last io_getevents
        unsigned posters = 0;     // a set of bits: those half way
        Call interrupted = Call::epoll_wait;
        unsigned interruptions = 0;
        std::size_t entry = 0; // the one that is being handled
        Handler handler;
    };

    static bool is_call(const Record& record, Call call) {
        return record.kind == RecordKind::call && record.what == static_cast<std::uint8_t>(call);
    }

    void hit(Sometimes point, bool is_so = true) {
        if (is_so) {
            (*hits_)[static_cast<unsigned>(point)] = 1;
        }
    }

    Party& party(std::uint16_t label) {
        Party& found = parties_[label - fake::k_label_name];
        if (!found.is_used) {
            found.is_used = true;
            labels_used_.push_back(label);
        }
        return found;
    }

    void give(std::uint64_t data) {
        const std::uint32_t number = slot_of(data);
        const auto generation = static_cast<std::uint32_t>(data >> 32);
        if (number >= k_most_slots) {
            return; // a subject with other data than core's
        }
        Slot& slot = slots_[number];
        hit(generation_wrapped, slot.is_used && slot.latest == k_last_generation && generation == 0);
        if (!slot.is_used) {
            slot = {true, generation, generation};
            slots_used_.push_back(number);
        }
        slot.latest = generation;
    }

    [[nodiscard]] bool was_given(std::uint64_t data) const {
        const std::uint32_t number = slot_of(data);
        if (number >= k_most_slots || !slots_[number].is_used) {
            return false;
        }
        const Slot& slot = slots_[number];
        return static_cast<std::uint32_t>(data >> 32) - slot.first <= slot.latest - slot.first;
    }

    void read_of_the_loop(const Record& record) {
        switch (record.kind) {
        case RecordKind::call: read_call(record); break;
        case RecordKind::wait_event: read_entry(record); break;
        case RecordKind::dispatch: read_dispatch(record); break;
        case RecordKind::notify:
            now_.handler = {};
            now_.in_notify = true;
            hit(notify_coalesced, ++now_.notified > 1);
            break;
        case RecordKind::module: read_module(record); break;
        case RecordKind::world: read_world(record); break;
        case RecordKind::sleep: now_.asleep = true; break;
        case RecordKind::life: read_life(record); break;
        case RecordKind::note: read_note(record); break;
        case RecordKind::completion: read_completion(record); break;
        case RecordKind::accept:
            now_.taking = false;
            hit(several_accepted_at_once, ++now_.handler.accepted > 1);
            break;
        case RecordKind::log: break;
        }
    }

    void read_call(const Record& record) {
        const Call call = static_cast<Call>(record.what);
        if (call == Call::epoll_wait) {
            read_wait(record);
            return;
        }
        read_interruption(call, record.error);
        switch (call) {
        case Call::epoll_ctl: read_ctl(record); break;
        case Call::close: read_close(record); break;
        case Call::accept4:
        case Call::accept: read_accept(call, record); break;
        case Call::io_setup: hit(no_file_aio, record.error != 0); break;
        case Call::io_submit:
            now_.aio_declined = record.error == EAGAIN;
            if (record.value == 1 && is_name(record.label)) {
                requests_.push_back({record.c, record.label, false});
                hit(read_in_completion_handler, now_.handler.runs && now_.handler.half == 2);
            }
            break;
        case Call::pread: hit(no_request_free, now_.aio_declined); break;
        case Call::io_getevents: now_.completions = 0; break;
        case Call::io_destroy:
            hit(done_with_reads_in_flight, std::any_of(requests_.begin(), requests_.end(),
                                                       [](const Request& one) { return !one.completed; }));
            break;
        case Call::connect:
            hit(connect_failed_at_once, record.error != 0 && record.error != EINPROGRESS);
            break;
        case Call::getsockopt: hit(connect_failed_later, record.error == 0 && record.value != 0); break;
        case Call::allocate: hit(no_memory, record.error != 0); break;
        default: break;
        }
        if (record.label == fake::k_label_notify) {
            read_notify_channel(record);
        } else if (is_name(record.label)) {
            read_transfer(call, record);
        }
    }

    void read_interruption(Call call, int error) {
        if (error != EINTR) {
            now_.interruptions = 0;
            return;
        }
        hit(call_interrupted);
        now_.interruptions = now_.interrupted == call ? now_.interruptions + 1 : 1;
        now_.interrupted = call;
        hit(call_interrupted_to_the_limit, now_.interruptions >= k_most_interruptions);
    }

    void read_transfer(Call call, const Record& record) {
        Party& own = party(record.label);
        const bool of_handler = now_.handler.runs && now_.handler.label == record.label;
        if (is_read(call)) {
            hit(end_of_file, record.error == 0 && record.value == 0 && record.b > 0);
            hit(reset_by_peer, record.error == ECONNRESET);
            hit(nothing_to_read,
                of_handler && now_.handler.half == 0 && now_.handler.calls == 0 && record.error == EAGAIN);
        } else if (is_write(call)) {
            hit(write_blocked, record.error == EAGAIN);
            hit(broken_pipe, record.error == EPIPE);
            const bool is_short = record.error == 0 && record.value < record.b;
            hit(short_write, is_short);
            own.write_blocked = record.error == EAGAIN || is_short;
        }
        now_.handler.calls += of_handler;
    }

    void read_notify_channel(const Record& record) {
        const Call call = static_cast<Call>(record.what);
        if (call == Call::write) {
            hit(notify_counter_full, record.error == EAGAIN);
            hit(notify_counter_cut_short, record.error == 0 && record.value < 8);
        } else if (call == Call::read) {
            hit(notify_rewound, record.error == 0 && record.value == 8);
            hit(notify_counter_cut_short, record.error == 0 && record.value < 8);
        }
    }

    void read_ctl(const Record& record) {
        const bool adds = record.b == k_epoll_ctl_add;
        hit(adds ? add_refused : change_refused, record.error != 0);
        if (!is_name(record.label)) {
            give(record.c);
            return;
        }
        Party& own = party(record.label);
        hit(listener_refused_by_epoll, own.is_listener && record.error != 0);
        if (record.error != 0) {
            return;
        }
        if (record.b == k_epoll_ctl_del) {
            own.is_in_epoll = false;
            own.was_taken_out = true;
            hit(mutex_lost_listener_left, own.is_listener && now_.mutex_is_busy);
            return;
        }
        hit(listener_came_back, adds && own.is_listener && own.was_taken_out);
        hit(handler_adds_another,
            adds && now_.handler.runs && now_.handler.label != record.label && !now_.handler.accepted);
        if (adds && now_.handler.runs) {
            read_reuse(record.c);
        }
        read_watch_under_entry(record);
        own.data = record.c;
        own.is_in_epoll = true;
        give(record.c);
    }

    void read_reuse(std::uint64_t data) {
        const std::uint32_t slot = slot_of(data);
        const auto freed = std::find(freed_.begin(), freed_.end(), slot);
        if (freed == freed_.end()) {
            return;
        }
        freed_.erase(freed);
        hit(slot_reused_in_batch);
        hit(slot_reused_twice_in_batch, std::find(reused_.begin(), reused_.end(), slot) != reused_.end());
        reused_.push_back(slot);
        for (std::size_t i = now_.entry + 1; i < batch_.size(); ++i) {
            hit(stale_entry_of_reused_slot, slot_of(batch_[i].data) == slot && batch_[i].data != data);
        }
    }

    // A handler that was called in place watches the new user of its entry's slot.
    void read_watch_under_entry(const Record& record) {
        if (!now_.handler.runs || now_.posts || now_.entry >= batch_.size()) {
            return;
        }
        const Entry& entry = batch_[now_.entry];
        if (slot_of(entry.data) != slot_of(record.c) || entry.data == record.c) {
            return;
        }
        hit(slot_reused_under_its_entry);
        if (now_.handler.half == 0 && (entry.mask & k_epollout) != 0) {
            hit(write_half_to_come_for_reused_slot);
            hit(write_half_of_reused_slot, (static_cast<std::uint32_t>(record.value) & k_epollout) != 0);
        }
    }

    void read_close(const Record& record) {
        if (now_.taking && record.a == now_.taken) {
            now_.taking = false;
            hit(connection_turned_away);
        }
        if (!is_name(record.label)) {
            return;
        }
        Party& own = party(record.label);
        if (now_.handler.runs && now_.running) {
            const bool itself = now_.handler.label == record.label;
            hit(itself ? handler_closes_itself : handler_closes_another);
            if (own.is_in_epoll) {
                freed_.push_back(slot_of(own.data));
                read_stale(own.data, itself);
            }
        }
        if (own.is_in_epoll && std::erase(posted_, own.data) > 0) {
            hit(posted_event_lost_its_connection);
        }
        own.is_in_epoll = false;
        own.closed = true;
    }

    // A handler that was called in place has closed this connection.
    void read_stale(std::uint64_t data, bool itself) {
        for (std::size_t i = now_.entry; i < batch_.size() && !now_.posts; ++i) {
            if (batch_[i].data == data) {
                hit(stale_in_read_half, i > now_.entry);
                hit(stale_in_write_half, i == now_.entry && itself && now_.handler.half == 0 &&
                                             (batch_[i].mask & k_epollout) != 0);
            }
        }
    }

    void read_accept(Call call, const Record& record) {
        hit(out_of_descriptors, record.error == EMFILE || record.error == ENFILE);
        hit(accept_aborted, record.error == ECONNABORTED);
        now_.without_accept4 = now_.without_accept4 || record.error == ENOSYS;
        hit(accept_without_accept4, call == Call::accept && now_.without_accept4);
        if (record.error == EAGAIN && now_.handler.accepted == 0) {
            hit(nobody_to_accept);
            hit(worker_was_faster, now_.worker_accepted);
        }
        if (record.error == 0) {
            now_.taking = true;
            now_.taken = record.value;
        }
    }

    void read_wait(const Record& record) {
        end_batch(false);
        hit(wait_interrupted, record.error == EINTR);
        hit(wait_interrupted_with_alarm, record.error == EINTR && now_.alarm);
        hit(wait_failed, record.error != 0 && record.error != EINTR);
        hit(empty_batch_without_timeout, record.error == 0 && record.value == 0 && record.b < 0);
        now_.timed_out = now_.asleep && record.error == 0 && record.value == 0;
        now_.asleep = now_.alarm = now_.mutex_is_busy = false;
        now_.notified = 0;
        earlier_batch_.clear();
        if (now_.was_full && !now_.world_acted) {
            earlier_batch_ = batch_;
        }
        batch_.clear();
        now_.was_full = record.error == 0 && record.value > 0 && record.value == most_events_;
        now_.world_acted = false;
    }

    void read_entry(const Record& record) {
        const Entry entry{record.c, static_cast<std::uint32_t>(record.b)};
        const auto is_it = [&](const Entry& other) { return other.data == entry.data; };
        hit(connection_twice_in_batch, std::any_of(batch_.begin(), batch_.end(), is_it));
        hit(batch_truncated,
            !earlier_batch_.empty() && std::none_of(earlier_batch_.begin(), earlier_batch_.end(), is_it));
        hit(error_without_direction,
            (entry.mask & (k_epollerr | k_epollhup)) != 0 && (entry.mask & k_directions) == 0);
        hit(peer_half_closed, (entry.mask & k_epollrdhup) != 0);
        hit(foreign_bits, (entry.mask & ~k_asked_for) != 0);
        hit(data_of_nobody, !was_given(entry.data));
        batch_.push_back(entry);
        if (now_.posts) {
            posted_.push_back(entry.data);
        }
        now_.entry = 0;
    }

    void read_dispatch(const Record& record) {
        if (record.value == 1) {
            return; // it is asked to close, to make room for another: in a handler's call, or in nobody's
        }
        const Handler before = now_.handler;
        now_.in_notify = false;
        now_.handler = {true, record.label, record.what, 0, 0};
        if (record.what > 1) {
            return; // of a file
        }
        hit(wait_ended_by_timer, now_.timed_out);
        const auto slot = static_cast<std::uint32_t>(record.c);
        const auto posted = std::find_if(posted_.begin(), posted_.end(),
                                         [&](std::uint64_t data) { return slot_of(data) == slot; });
        if (posted != posted_.end()) {
            posted_.erase(posted);
        }
        for (std::size_t i = now_.entry; i < batch_.size(); ++i) {
            if (slot_of(batch_[i].data) == slot) {
                now_.entry = i;
                break;
            }
        }
        hit(both_halves_of_one_entry, before.runs && before.label == record.label && before.half == 0 &&
                                          record.what == 1 && now_.entry < batch_.size() &&
                                          slot_of(batch_[now_.entry].data) == slot);
        if (is_name(record.label) && record.what == 1) {
            Party& own = party(record.label);
            hit(write_went_on, own.write_blocked);
            own.write_blocked = false;
        }
    }

    void read_module(const Record& record) {
        const StepKind kind = static_cast<StepKind>(record.what);
        switch (kind) {
        case StepKind::listen:
            if (is_name(record.label)) {
                party(record.label).is_listener = true;
            }
            break;
        case StepKind::post:
            if (is_name(record.label) && record.value == 0) {
                posted_.push_back(party(record.label).data);
            }
            break;
        case StepKind::notify: hit(notify_in_notify_handler, now_.in_notify); break;
        case StepKind::process: {
            const bool posts =
                record.c < scenario_->steps.size() && (scenario_->steps[record.c].flags & k_flag_post) != 0;
            end_batch(posts);
            break;
        }
        case StepKind::turn:
        case StepKind::run_idle:
        case StepKind::run: end_batch(false); break;
        default: break;
        }
    }

    // Nothing of the batch can run any more in its place. posts: it was posted by a `process`.
    void end_batch(bool posts) {
        if (posts) {
            for (const Entry& entry : batch_) {
                posted_.push_back(entry.data);
            }
        }
        now_.handler = {};
        now_.in_notify = false;
        now_.timed_out = false;
        now_.worker_accepted = false;
        freed_.clear();
        reused_.clear();
        now_.posts = now_.has_mutex;
    }

    void read_world(const Record& record) {
        const StepKind kind = static_cast<StepKind>(record.what);
        now_.world_acted = true;
        hit(world_acts_in_wait, now_.asleep);
        now_.alarm = now_.alarm || kind == StepKind::alarm;
        if (is_poster_step(kind)) {
            read_poster(record);
        }
    }

    void read_poster(const Record& record) {
        const unsigned bit = 1U << static_cast<unsigned>(record.a);
        const PosterStand stand = static_cast<PosterStand>(record.value);
        const bool half_way = stand == PosterStand::before_call || stand == PosterStand::in_call;
        now_.posters = half_way ? now_.posters | bit : now_.posters & ~bit;
        hit(poster_in_wait, now_.asleep);
        hit(poster_in_call, stand == PosterStand::in_call);
        hit(poster_in_handler, now_.handler.runs || now_.in_notify);
        hit(two_posters_at_once, (now_.posters & (now_.posters - 1)) != 0);
    }

    void read_life(const Record& record) {
        if (static_cast<StepKind>(record.what) == StepKind::done) {
            now_.running = false;
            now_.was_done = true;
            return;
        }
        hit(init_failed, record.value != 0);
        hit(init_again, now_.running && record.value == 0);
        hit(init_after_done, now_.was_done && record.value == 0);
        now_.running = now_.running || record.value == 0;
        if (record.value == 0 && record.c < scenario_->steps.size() &&
            scenario_->steps[record.c].kind == StepKind::init_with) {
            most_events_ = static_cast<std::int64_t>(scenario_->steps[record.c].value);
        }
    }

    void read_note(const Record& record) {
        switch (static_cast<Note>(record.what)) {
        case Note::tick: now_.alarm = true; break;
        case Note::mutex_got: now_.has_mutex = true; break;
        case Note::mutex_busy:
            now_.has_mutex = false;
            now_.mutex_is_busy = true;
            hit(Sometimes::mutex_busy);
            break;
        case Note::mutex_freed: now_.has_mutex = false; break;
        default: break;
        }
    }

    void read_completion(const Record& record) {
        hit(completions_together, ++now_.completions > 1);
        hit(completion_failed, record.value < 0);
        for (Request& request : requests_) {
            if (request.data == record.c && !request.completed) {
                request.completed = true;
                hit(completion_after_close, party(request.label).closed);
                break;
            }
        }
    }

    const Scenario* scenario_ = nullptr;
    SometimesHits* hits_ = nullptr;
    std::int64_t most_events_ = 0;
    std::array<Party, k_max_names> parties_{};
    std::vector<std::uint16_t> labels_used_;
    std::array<Slot, k_most_slots> slots_{};
    std::vector<std::uint32_t> slots_used_;
    std::vector<Request> requests_;
    std::vector<Entry> batch_;
    std::vector<Entry> earlier_batch_;
    std::vector<std::uint64_t> posted_; // whose events wait in a queue
    std::vector<std::uint32_t> freed_;  // slots, by handlers of this batch
    std::vector<std::uint32_t> reused_;
    Now now_;
};

const std::array<SometimesText, k_sometimes>& sometimes_points() {
    return k_points;
}

std::optional<Sometimes> sometimes_named(std::string_view name) {
    for (const SometimesText& text : k_points) {
        if (text.name == name) {
            return text.point;
        }
    }
    return std::nullopt;
}

SometimesRecogniser::SometimesRecogniser() : reading_(std::make_unique<Reading>()) {}
SometimesRecogniser::~SometimesRecogniser() = default;

void SometimesRecogniser::look(std::span<const fake::Record> records, const Scenario& scenario,
                               SometimesHits& hits) {
    reading_->begin(scenario, hits);
    for (const Record& record : records) {
        reading_->read(record);
    }
    reading_->end();
}

} // namespace edgecase
