// The oracle: judges one run. The simulation tells it what happens, in order; it looks at the subject's flags
// and at the inside of the model, and keeps the first violation. Each invariant is checked in one place,
// named by a comment, and counted each time it was put to the test.
//
// Split by subject: oracle.cpp (calls, descriptors, log), oracle_interest.cpp (flags against the interest
// list), oracle_delivery.cpp (batches, dispatches, wakeups), oracle_queues.cpp (timers, posted events,
// notify), oracle_files.cpp (reads through AIO), oracle_server.cpp (turns), oracle_listeners.cpp
// (listeners, the accept mutex, other workers), oracle_bytes.cpp (what streams carry), oracle_state.cpp (what it
// remembers).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/epoll_abi.hpp"
#include "core/timers.hpp"
#include "fakekernel/model.hpp"
#include "fakekernel/trace.hpp"
#include "props/invariants.hpp"
#include "props/parties.hpp"
#include "props/subject.hpp"
#include "props/verdict.hpp"

namespace edgecase {

// Why a handler runs.
enum class Cause : std::uint8_t { none, scan, accepted, posted, timers };

// How a worker that waits stands with a listener.
struct WatchOfWorker {
    bool is_watched = false; // it is in the worker's epoll
    bool rests = false;      // it has a timer that will put it there
    bool asleep = false;     // the wait has found nothing
    std::int64_t until_ns = 0;
};

class Oracle {
public:
    // Who may have the accept mutex: the subject, a worker by its number, one that no step speaks of, nobody.
    static constexpr unsigned k_subject = 0;
    static constexpr unsigned k_unseen_worker = k_max_workers + 1;
    static constexpr unsigned k_nobody = k_unseen_worker + 1;

    // model null: the run is on a kernel whose inside cannot be seen.
    Oracle(const Parties& parties, const Subject& subject, const fake::Model* model)
        : parties_(parties), subject_(subject), model_(model) {}

    void reset(const Config& config);

    // What happens, in order. Names are valid only while open.

    void step_begins(std::uint32_t step) { step_ = step; }
    // The scenario does something else than let the loop turn.
    void scenario_acts() { idle_turns_ = 0; }
    // view: of the slot that it has got, before anybody did anything with it.
    void took_slot(Name name, const SlotView& view);
    void opened(Name name);
    void will_close(Name name, bool shared);
    // Its registration is in epoll still, by way of a copy of the descriptor. Whether that is the subject's fault.
    [[nodiscard]] bool outlived(Name name, bool shared);
    void closed(Name name);
    void reconnected(Name name);
    // The subject has shut its own end for reading.
    void shut_for_reading(Name name) { names_[name].shut_for_reading = true; }
    // The subject's own connection, which it has added as a whole, is its owner's now.
    void dialled(Name name);

    // blocks: of memory that the subject has. epoll_events: what it is asked for in place of the configuration's, or 0.
    void init_begins(std::size_t blocks);
    void init_ends(Outcome outcome, std::size_t blocks, std::uint32_t epoll_events);
    void done_begins();
    void done_ends();

    // A call of the module for a connection: add, del or handle.
    void call_begins(Name name, StepKind kind, Side side, std::uint8_t flags);
    void call_ends(Outcome outcome);

    // A listener is the reactor's to accept from; the handler of one has ended; an accepted descriptor has an owner
    // now.
    void listens(Name name);
    void listener_ended();
    void accepted_by(int listener); // its name, or -1: no listener that is open
    void owner_told(Name name, bool deferred);
    // who: the subject, another worker by its number, or one that no step speaks of.
    void mutex_tried(unsigned who, bool got);
    void mutex_unlocked(unsigned who);
    void ticked() { ++ticks_; }
    void alarm_came() { has_alarm_ = true; }

    // In between, the oracle finds out by itself which part of the turn each handler belongs to.
    void turn_begins();
    void turn_ends();

    // The application acts by itself, in a handler of the named connection; closes it.
    void application_begins(int name);
    void application_ends(Name name);
    void application_was_refused(Name name) { names_[name].half[0].failed = true; }
    void application_closes(Name name);
    // The echo server has sent something.
    void echoed(Name name);

    void process_begins(Msec timer, std::uint8_t flags);
    void process_ends();
    // What it answered, before that.
    void process_answered(Outcome outcome, std::uint8_t flags);
    void run_begins(Queue queue);
    void run_ends();

    void dispatched(unsigned slot, Half half);
    void dispatch_ends();
    void notified(unsigned task);

    // who: 0 the loop, or a poster; each is in one notify at a time.
    void notify_begins(unsigned task, unsigned who);
    void notify_ended(unsigned task, Outcome outcome, unsigned who);
    void timer_added(Name name, Half half, Msec after, Msec now);
    void timer_deleted(Name name, Half half);
    // A connection may be closed to make room, or not any longer; its read handler is asked to close it. Whether a
    // call of the read handler asks for that, by what is known before it.
    void made_reusable(Name name);
    void kept(Name name) { std::erase(reusable_, name); }
    [[nodiscard]] bool is_asked_to_close(Name name, const SlotView& view) const;
    void asked_to_close(Name name);
    void closing_handler_ends();
    void post_ended(Name name, Half half);
    void unposted(Name name, Half half);

    // A read of a file. Begins: whether it asks for something new, and does not collect what is complete or
    // come too early. Ended: holds whether the bytes in the buffer are those of the file.
    bool file_read_begins(Name name);
    void file_read_ended(Name name, const FileRead& read, bool holds);
    void completion_taken(std::uint64_t data, std::int64_t result);
    void file_handled(Name name);
    [[nodiscard]] int reading_file() const { return reading_file_; } // the name, or -1

    // The application read or wrote. injected: the script answered it.
    void transferred(Name name, Half half, std::size_t asked, SysResult result, bool injected);

    // The bytes of that, and the same of the peer; `stream` is as it was before. bytes: what came, null for a peer's,
    // which says itself whether they were as sent.
    void received(Name name, const Stream& stream, const std::byte* bytes, SysResult result, bool injected);
    void peer_received(Name name, const Stream& stream, SysResult result, bool as_sent);

    void system_call(const fake::Record& record, const EpollEvent* events, bool injected);
    // names: what each entry of a scripted wait stands for, -1 for nobody; see k_entry_notify.
    void scripted_batch(const EpollEvent* events, const std::vector<int>& names);
    void logged(LogLevel level, std::string_view line, unsigned who);
    void falls_asleep(std::int64_t until_ns);
    void would_block(fake::Call call, int fd);
    void fault_fired(bool reachable);
    void misused() { misuse_ = true; }
    void ran_out_of_slots() { ran_out_ = true; }

    // Another worker: it begins; its turn does; it has made a call, for one of its listeners or not (-1); it waits, and
    // this is how it stands with one of them. It is gone, whether it died or ended as it should, which is judged.
    void worker_begins(unsigned number);
    void worker_turn_begins(unsigned number) { sharer_turn_begins(number); }
    void worker_called(unsigned number, const fake::Record& record, int listener);
    void worker_waits(unsigned number, Name listener, const WatchOfWorker& watch);
    void worker_gone(unsigned number);
    void worker_ended(unsigned number, unsigned open_descriptors, std::size_t blocks_in_use);
    void run_ended(unsigned open_descriptors, std::size_t blocks_in_use);
    // A check in the subject's code failed, with this line; the run is over.
    void check_failed(std::string_view line);
    void trace_differed(std::uint64_t first, std::uint64_t second);

    // What came of it.

    [[nodiscard]] bool has_violation() const { return violated_; }
    [[nodiscard]] const Violation& violation() const { return violation_; }
    [[nodiscard]] Faults faults() const { return faults_; }
    [[nodiscard]] bool misuse() const { return misuse_; }
    [[nodiscard]] bool running() const { return running_; }
    [[nodiscard]] bool in_done() const { return in_done_; }
    [[nodiscard]] int epoll_fd() const { return epoll_fd_; }
    [[nodiscard]] int notify_fd() const { return notify_fd_; }
    [[nodiscard]] int aio_fd() const { return aio_fd_; }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }
    [[nodiscard]] const InvariantCounts& exercised() const { return exercised_; }
    [[nodiscard]] std::vector<Invariant> not_judged() const;

    // Says what it remembers (oracle_state.cpp).
    void describe(fake::StateDigest& state) const;

    // Stands for the notify channel where a batch entry's name is meant.
    static constexpr int k_entry_notify = -2;
    static constexpr int k_entry_nobody = -1;

private:
    struct HalfState {
        bool exhausted = false; // the last try answered EAGAIN, or it was never tried since it was added
        bool finished = false;  // the last try answered the end or an error: nothing more to come
        bool failed = false;    // the last try answered an error
        bool excused = false;   // the script took the readiness away from under it
        bool timer_set = false;
        bool toggled = false; // active changed by a call since the batch was taken
        Msec timer_key = 0;
        std::uint64_t timer_sequence = 0;
        unsigned dispatches = 0; // since the batch was taken
        std::uint64_t due_since =
            0; // with timer_resolution: the tick before which its timer was due, counted from 1
    };
    struct NameState {
        std::array<HalfState, 2> half;
        std::uint32_t mode = 0; // the ET bit of the last successful call
        bool tracked = false;
        bool was_asked_to_close = false;
        bool shut_for_reading = false; // it is called readable for good, and a read may find nothing
    };
    struct FileState {
        enum class Stage : std::uint8_t {
            idle,
            in_flight, // accepted, and not taken from the kernel
            taken,     // from the kernel; its handler has not run
            complete,  // its handler has run, or begins to; the result is not collected
        };
        Stage stage = Stage::idle;
        bool used = false;         // it is in files_used_
        std::uint64_t data = 0;    // of the request
        std::uint64_t request = 0; // its number in the model
        std::int64_t result = 0;   // once it is taken
    };
    [[nodiscard]] bool judges_alerts() const;

    struct Entry { // of a batch
        std::uint32_t mask = 0;
        int name = k_entry_nobody;
        bool is_made_up =
            false; // scripted, for nobody: it is for whom its data name, from whenever there is one
        bool is_scripted = false; // there may be more of them for one name
        std::uint64_t data = 0;   // of an entry that is made up
        std::array<bool, 2> was_active{};
    };
    struct Posted {
        int name = 0; // or k_entry_notify
        Half half = Half::read;
        std::uint64_t sequence = 0; // of the timers: of adding
        Msec key = 0;               // of the timers
        bool gone = false;          // ran or deleted
    };
    struct CallState {
        bool under_way = false;
        Name name = 0;
        StepKind kind = StepKind::add;
        Side side = Side::read;
        std::uint8_t flags = 0;
        SlotView before;
        bool registered = false;
        std::uint32_t events = 0;
        std::uint64_t data = 0;
        unsigned descriptors = 0;
        unsigned alerts = 0;
        bool alert_names_call = false;
        std::uint64_t calls = 0;
    };
    struct TurnState {
        unsigned waits = 0;
        bool progressed = false; // in the sense of no-busy-loop
        bool counts = true;      // no fault and no reaction of the scenario's explains that it did not
    };
    struct Sharer { // a process that has listeners under the accept mutex: the subject, or another worker
        bool had_mutex = false;     // when it last tried
        bool tried_mutex = false;   // in the turn under way
        bool delete_failed = false; // in that turn: it could not take a listener out of epoll
    };
    struct NotifyState { // of who is in notify()
        bool under_way = false;
        unsigned task = 0;
        bool ran = false;          // the task, since it began; or there is nobody left to run it
        bool took_reports = false; // read the counter back, and has not written since
        bool tried_back = false;   // to read it back
        bool seems_full = false;   // its latest write found no room in the counter
    };
    struct WaitState {                    // the latest wait of the loop
        Msec asked_ms = k_timer_infinite; // by the caller of process_events
        int error = 0;
        bool found_nothing = false;
        bool has_end = false;
        bool took_alarm = false;
        std::uint64_t now_ns = 0;
    };
    struct InitState {
        unsigned failed_steps = 0;   // of init itself
        unsigned other_failures = 0; // of its clean-up, and of putting listeners back
        unsigned emergencies = 0;
        unsigned alerts = 0;
        unsigned descriptors = 0;
        unsigned contexts = 0;
        unsigned eventfds = 0; // asked for
        std::size_t blocks = 0;
        bool was_running = false;
    };

    bool exercise(Invariant invariant) {
        ++exercised_[static_cast<unsigned>(invariant)];
        return !violated_;
    }
    void violate(Invariant invariant, std::string why);
    [[nodiscard]] static unsigned index(Half half) { return static_cast<unsigned>(half); }
    void set_timer(HalfState& state, bool is_set) {
        timers_set_ += unsigned{is_set} - unsigned{state.timer_set};
        state.timer_set = is_set;
        state.due_since = is_set ? state.due_since : 0;
    }
    // The bits of a mask that concern a half: an error or a hangup concerns both.
    [[nodiscard]] static constexpr std::uint32_t bits_of(Half half) {
        return (half == Half::read ? k_epollin : k_epollout) | k_epollerr | k_epollhup;
    }
    [[nodiscard]] std::string text_of(int name) const;

    // oracle_state.cpp
    void describe_names(fake::StateDigest& state) const;

    // oracle_files.cpp
    void request_accepted(const fake::Record& record);
    void check_file_flags(Name name);
    [[nodiscard]] bool can_read_through_aio() const;
    void check_completions();
    void discard_reads();

    // oracle.cpp
    void descriptor_made(const fake::Record& record, int& role);
    void connection_made(const fake::Record& record);
    void check_close_on_exec(int fd);
    void check_wait(const fake::Record& record, bool injected);
    void descriptor_closed(const fake::Record& record);
    void bad_descriptor(const fake::Record& record);

    // oracle_interest.cpp
    void check_interest();
    void check_interest_of(Name name);
    void check_handled(const SlotView& after);
    void check_close_flag();
    void check_failed_call();
    [[nodiscard]] int epoll_file() const;
    [[nodiscard]] int watch_of(const Party& party) const;
    [[nodiscard]] std::uint32_t expected_mask(const Party& party, const SlotView& view,
                                              std::uint32_t mode) const;

    // oracle_delivery.cpp
    void take_batch(const EpollEvent* events, std::size_t count);
    void batch_taken();
    [[nodiscard]] const Entry* entry_for(int name, Half half) const;
    void check_dispatch_from_batch(int name, Half half, const SlotView& view, bool is_post);
    void check_waiters_of_errors();
    void check_not_ready(Name name, Half half);
    void check_nothing_posted();
    void check_wakeups();

    // oracle_server.cpp
    [[nodiscard]] Cause cause_in_turn(int name, Half half, const SlotView& view) const;
    void go_on_to(Cause cause);
    void end_part();
    void follow_listener_timers();
    void follow_progress(const fake::Record& record, bool injected);
    [[nodiscard]] bool is_ready_still(Name name) const;
    void excuse_level_triggered();
    void check_progress();
    void check_wait_of_turn(const fake::Record& record);
    void check_timeout(std::int64_t timeout_ms);
    void check_ticks();
    void check_accept(const fake::Record& record);

    // oracle_listeners.cpp
    static std::string text_of_sharer(unsigned who);
    void sharer_turn_begins(unsigned who);
    void check_may_accept(unsigned who, Name name);
    void check_listener_changed(unsigned who, const fake::Record& record, int name);
    void check_watched_in_wait(unsigned who, Name name, bool is_watched);
    void check_listeners_watched(bool asleep, std::int64_t until_ns);
    void check_stays_watched(unsigned who, Name name, bool is_seen_to, bool asleep, std::int64_t until_ns);
    [[nodiscard]] bool is_governed(const Party& party) const;

    // oracle_bytes.cpp
    void check_no_timer_left(Name name);
    void check_end(Name name, const Stream& stream, const char* who);
    void follow_timers(Name name);

    // oracle_application.cpp
    [[nodiscard]] std::uint64_t owed_to(Name name) const;
    void check_echoes();

    // oracle_queues.cpp
    void collect_posts();
    void check_posted_flags(Name name);
    void check_run(int name, Half half, Cause cause);
    [[nodiscard]] bool came_meanwhile(Name name, Half half, Cause cause) const;
    void forget_queued(Name name);
    void remove_posted(int name, Half half);
    void notify_descriptor_used(const fake::Record& record);
    void check_pending_notifies();
    [[nodiscard]] bool is_queued(int name, Half half) const;
    [[nodiscard]] bool is_queued_in(Queue queue, int name, Half half) const;
    [[nodiscard]] bool was_posted(int name, Half half, const SlotView& view) const;

    const Parties& parties_;
    const Subject& subject_;
    const fake::Model* model_;

    Config config_;
    std::uint32_t step_ = 0;
    std::uint64_t calls_ = 0;
    bool violated_ = false;
    Violation violation_;
    InvariantCounts exercised_{};
    Faults faults_ = Faults::none;
    bool misuse_ = false;
    bool ran_out_ = false;
    bool running_ = false;
    bool in_init_ = false;
    bool in_done_ = false;
    int closing_name_ = -1;      // whose close is under way
    bool delete_failed_ = false; // in that close
    int epoll_fd_ = -1;
    int notify_fd_ = -1;
    int aio_fd_ = -1;
    unsigned aio_contexts_ = 0;
    std::vector<int> channel_fds_;
    std::vector<int> accepted_fds_; // accepted or made by the reactor, and not closed since

    std::array<NameState, k_max_names> names_;
    std::vector<Name> touched_;
    std::vector<int> watch_names_; // by watch of the model: whose registration it is

    CallState call_;
    InitState init_;

    std::vector<Entry> batch_;
    bool post_mode_ = false;
    bool waited_ = false; // in the process under way
    WaitState wait_;
    bool has_alarm_ = false;            // one has come that no wait has taken
    std::uint32_t expected_events_ = 0; // how many each wait must ask for; 0: not known
    bool has_interval_timer_ = false;   // by the subject's own calls
    bool timer_refused_ = false;        // to be set or stopped, in the init or done under way
    int last_file_error_ = 0;           // of the calls of the read under way that decide about it
    bool submit_failed_ = false;        // in that read
    bool aio_refused_ = false;          // ENOSYS, since the latest init
    Cause cause_ = Cause::none;
    bool in_turn_ = false;
    TurnState turn_;
    std::vector<Name> faulted_; // whom calls were about that the script answered, in the turn under way
    unsigned idle_turns_ = 0;
    unsigned accepts_ = 0;                            // of the listener's handler under way
    std::uint64_t ticks_ = 0;                         // of the interval timer, in sleeps
    std::array<Sharer, k_unseen_worker + 1> sharers_; // k_subject, and the workers by number
    unsigned mutex_holder_ = k_nobody;
    // In a turn: the half whose handler begins, and so was taken off its queue a moment ago.
    int beginning_name_ = k_entry_nobody;
    Half beginning_half_ = Half::read;
    unsigned dispatch_depth_ = 0;
    SlotView application_before_; // when the application's handler began
    bool application_ends_ = false;

    std::array<std::vector<Posted>, 2> queues_; // by Queue: accepted, posted
    std::vector<Posted> running_queue_;         // what the run under way is to run, in order
    std::vector<Name> reusable_;                // in the order of becoming so
    bool makes_room_ = false;                   // somebody was asked, and nobody has got a connection since
    std::uint64_t timer_sequence_ = 0;
    unsigned timers_set_ = 0;    // halves whose timer is set
    bool has_listeners_ = false; // there was one of the reactor's
    std::array<FileState, k_max_names> files_;
    std::vector<Name> files_used_;
    int reading_file_ = -1;
    bool taking_failed_ = false; // the script failed io_getevents: what is complete waits for another report
    std::array<bool, k_max_tasks> notify_pending_{};        // answered ok, and its handler has not run
    std::array<bool, k_max_tasks> notify_entered_{};        // asked for at all since its handler ran
    std::array<NotifyState, k_max_posters + 1> notifies_{}; // by who
    bool asleep_ = false;                                   // the loop's wait has found nothing
    bool owed_too_late_ = false; // a report came to be owed when this process_events had looked already
};

} // namespace edgecase
