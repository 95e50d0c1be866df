// One run of one scenario: kernel, subject and peers put together, the scenario's steps carried out, the
// oracle told of everything. Whoever runs a scenario (replay, property, fuzz target, campaign) does it here.
//
// A simulation is an object that is used again and again: the memory of one run serves the next, and nothing
// of one run is seen by another. It runs on a Platform: kernel, world and subject that belong together
// (harness.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/shared_accept_mutex.hpp"
#include "fakekernel/legal_results.hpp"
#include "fakekernel/model.hpp"
#include "fakekernel/script.hpp"
#include "fakekernel/scripted_kernel.hpp"
#include "fakekernel/state_digest.hpp"
#include "fakekernel/trace.hpp"
#include "props/oracle.hpp"
#include "props/parties.hpp"
#include "props/poster.hpp"
#include "props/scenario.hpp"
#include "props/subject.hpp"
#include "props/verdict.hpp"
#include "props/worker.hpp"
#include "props/world.hpp"

namespace edgecase {

// What the simulation asks of the subject's kernel besides the subject's own calls.
class KernelControl {
public:
    virtual ~KernelControl() = default;
    virtual void reset() = 0;
    virtual void signal() = 0;
    virtual void alarm() = 0;
    [[nodiscard]] virtual std::size_t blocks_in_use() const = 0;
};

// What a run stands on. All parts outlive the simulation.
struct Platform {
    KernelControl& kernel;
    World& world;
    Subject& subject;
    fake::Script& script;
    fake::Model* model; // null: the kernel's inside cannot be seen
};

struct RunOptions {
    bool keep_trace = false; // all records and log lines, for people
    bool list_calls = false; // each call that a script could have answered
    bool tell_state = false; // in which the steps leave everything, on the model
};

// A call of the subject, as a script would name it.
struct CallMade {
    std::uint32_t line = 0;  // the step at the top during which it was made
    std::uint32_t nth = 0;   // of its kind in that line, up from 1
    fake::Injection instead; // what an answer in the place of the kernel's meets: without error and bytes
    bool answered_by_script = false; // and it was so
};

class Simulation final : public fake::CallObserver, public SubjectHost, public WorkerHost {
public:
    Simulation();
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    // Once, before the first run: the parts of the platform need the simulation to exist before they do.
    void stand_on(const Platform& platform);

    // Runs a valid scenario from its beginning to its end. The verdict is good until the next run.
    const Verdict& run(const Scenario& scenario, const RunOptions& options = {});

    // Runs it twice and judges same-scenario-same-trace as well.
    const Verdict& run_twice(const Scenario& scenario, const RunOptions& options = {});

    [[nodiscard]] const fake::Trace& trace() const { return trace_; }
    [[nodiscard]] const std::vector<std::string>& log_lines() const { return log_lines_; }

    // Of the latest run, if it was asked for.
    [[nodiscard]] const std::vector<CallMade>& calls_made() const { return calls_made_; }

    // After the steps of the latest run, before its end, if it was asked for and the run came so far.
    [[nodiscard]] const std::optional<fake::StateHash>& state_after_steps() const {
        return state_after_steps_;
    }

    // Since the simulation was made.
    [[nodiscard]] const InvariantCounts& exercised() const { return oracle_->exercised(); }
    [[nodiscard]] const std::array<std::uint64_t, k_step_kinds>& steps_taken() const { return steps_taken_; }
    [[nodiscard]] const std::array<std::uint64_t, fake::k_calls>& faults_fired() const {
        return faults_fired_;
    }
    // Script steps whose call or wait came: a fault that never came is taken, and not reached.
    [[nodiscard]] const std::array<std::uint64_t, k_step_kinds>& scripts_reached() const {
        return scripts_reached_;
    }

    // fake::CallObserver
    void before_call(fake::Call call, int fd) override;
    void after_call(fake::Record& record, const EpollEvent* events) override;
    void injected(fake::Call call, int fd, const fake::ScriptAnswer& answer, std::size_t size,
                  int timeout_ms) override;
    int scripted_wait(EpollEvent* events, int& most) override;
    void falls_asleep(int epfd, std::int64_t until_ns) override;
    bool act_during(fake::Call call) override;
    bool act_while_asleep() override;
    void interrupts_sleep() override;
    void completions_taken(const AioCompletion* completions, std::size_t count) override;
    void ticks() override;
    void alarm_comes() override { oracle_->alarm_came(); }
    void would_block(fake::Call call, int fd) override;

    // SubjectHost
    void on_handler(unsigned slot, Half half) override;
    void on_notify(unsigned task) override;
    void on_file(unsigned file) override;
    void on_listener(unsigned slot) override;
    void on_accept(unsigned listener_slot, unsigned slot) override;
    void on_listener_ended() override;
    bool try_accept_mutex() override;
    void unlock_accept_mutex() override;
    void on_log(LogLevel level, int error, std::string_view line) override;

    // WorkerHost
    void before_worker_call(unsigned number, fake::Call call) override;
    void after_worker_call(unsigned number, fake::Record& record, const EpollEvent* events) override;
    void on_worker_turn(unsigned number) override;
    void worker_falls_asleep(unsigned number, std::int64_t until_ns) override;
    void worker_injected(unsigned number, fake::Call call, int fd, const fake::ScriptAnswer& answer,
                         std::size_t size, int timeout_ms) override;
    void worker_would_block(unsigned number, fake::Call call) override;
    void on_worker_log(unsigned number, LogLevel level, int error, std::string_view line) override;
    bool worker_tries_mutex(unsigned number) override;
    void worker_unlocks_mutex(unsigned number) override;

private:
    // Thrown by before_call through the subject when the step budget is used up.
    struct BudgetSpent {};

    struct ReactionEntry {
        std::uint32_t first = 0; // of its nested steps
        std::uint32_t count = 0;
        int next = -1;
    };
    struct ReactionQueue {
        int head = -1;
        int tail = -1;
    };
    // Where the reads of a file go, and what the latest asked for.
    struct FileBuffer {
        std::vector<std::byte> bytes;
        std::uint64_t offset = 0;
        std::size_t size = 0;
    };
    struct Making { // the connection or listener that the subject is making at the moment
        int name = -1;
        Party party; // fd: -1 before there is one, and from when the name has it
    };
    struct WorkerProcess {
        std::unique_ptr<Worker> worker;              // null: never started in any run
        std::vector<std::pair<int, Name>> listeners; // its descriptors
        int epoll_fd = -1;
    };

    void begin(const Scenario& scenario, const RunOptions& options);
    void run_steps();
    void end();
    void tear_down();
    void note_scripts();
    void finish_verdict();

    // simulation_state.cpp
    [[nodiscard]] fake::StateHash state() const;
    void describe_script(fake::StateDigest& state) const;
    void describe_nested(std::uint32_t first, std::uint32_t count, fake::StateDigest& state) const;
    void describe_queue(const ReactionQueue& queue, fake::StateDigest& state) const;
    void describe_reactions(fake::StateDigest& state) const;

    // Steps. index: the step's place in the scenario.
    void take_step(std::uint32_t index);
    void take_world_step(std::uint32_t index);
    void take_script_step(std::uint32_t index);
    void take_module_step(std::uint32_t index);
    void take_life_step(const Step& step);
    void open_party(const Step& step);
    SysResult peer_send(const Step& step);
    SysResult peer_recv(const Step& step);
    static void note_moved(Party& party, std::uint64_t& bytes, SysResult result);
    void heal();
    void add_script(std::uint32_t index, fake::ScriptKind kind, fake::Script& script);
    void timer(const Step& step);
    void post(const Step& step);
    void notify(const Step& step);
    void call_module(const Step& step);
    Outcome make_module_call(const Step& step, unsigned slot);
    [[nodiscard]] std::uint8_t module_flags(const Step& step) const;
    void close_party(const Step& step);
    void process(const Step& step);
    void run_queue(const Step& step);
    void add_reaction(std::uint32_t index);
    ReactionQueue& queue_of(const Step& step);

    // simulation_server.cpp
    void take_server_step(const Step& step);
    void listen(const Step& step);
    Outcome turn(StepKind kind);
    void run_idle();
    SysResult client(Name name, Name listener);
    SysResult arrive(Name name, Name listener);
    bool deferred_client_acts(const Step& step, SysResult& result);
    SysResult peer_connect(Name listener);
    void dial(const Step& step);
    [[nodiscard]] Making begin_making(const Making& making);
    int end_making(const Making& outer, int slot);
    void begin_made();
    [[nodiscard]] int unmentioned_name();
    void accepted(int listener_fd, int fd);
    [[nodiscard]] int arrival_with(int fd) const;
    void turned_away(int fd);
    void default_accept(Name name);
    SysResult change_mutex(MutexTurn what);

    // simulation_application.cpp
    [[nodiscard]] bool is_served(Name name) const {
        return parties_[name].is_open() && parties_[name].is_served;
    }
    void start_application();
    void end_application();
    void run_application(Name name, const Half* half);
    void application_calls(fake::Call call, int fd);
    void application_called(const fake::Record& record);
    void application_moved(Name name, Half half, const fake::Record& record);
    void gave_up_repeating();

    void read_party(Name name, std::uint64_t bytes);
    void write_party(Name name, std::uint64_t bytes);
    void writev_party(Name name, std::uint64_t bytes, unsigned count);
    void start_if_needed();
    void initialise(std::uint32_t epoll_events);
    [[nodiscard]] bool is_misuse(const Step& step) const;
    void misused();

    // simulation_posters.cpp
    void take_poster_step(const Step& step);
    static void run_poster(void* context);
    void resume_poster(Poster& poster, StepKind kind);
    void stop_poster(PosterStand stand, fake::Call call);
    [[nodiscard]] bool posters_are_busy() const;
    void finish_posters();
    void abandon_posters();

    // simulation_workers.cpp
    void take_worker_step(const Step& step);
    [[nodiscard]] Worker& worker_at(unsigned number);
    void fail_worker(std::uint32_t index);
    void start_worker(unsigned number);
    void let_worker_run(unsigned number, bool stops_at_calls);
    void record_worker(unsigned number, WorkerStand stand);
    void kill_worker(unsigned number);
    void bury_worker(unsigned number);
    void worker_waits(unsigned number, bool asleep, std::int64_t until_ns);
    void end_workers();
    void abandon_workers();

    void react(ReactionQueue& queue);
    void default_reaction(Name name, Half half);
    void asked_to_close(Name name);
    void read_file(Name name, std::uint64_t offset, std::size_t size);
    [[nodiscard]] bool holds_file_bytes(const FileBuffer& buffer, std::int64_t bytes) const;

    [[nodiscard]] fake::Injection injection_at(fake::Pid pid, fake::Call call, int fd) const;
    void list_call(fake::Call call, int fd);
    void judge_injection(fake::Pid pid, fake::Call call, int fd, const fake::ScriptAnswer& answer,
                         std::size_t size, int timeout_ms);
    void reset_scripts();
    void note_scripts_of(const fake::Script& script);
    [[nodiscard]] bool would_give(const EpollEvent* events, int count, int most) const;
    [[nodiscard]] bool stopped() const { return oracle_->has_violation(); }
    void trace_line(LogLevel level, int error, std::string_view line);
    void trace_batch(const fake::Record& record, const EpollEvent* events);
    void note(fake::Note note, std::uint16_t label = fake::k_label_none);
    void record(fake::RecordKind kind, std::uint8_t what, std::uint16_t label, SysResult result);
    [[nodiscard]] std::uint16_t label_of(int fd) const;
    static std::uint16_t label_of_name(Name name) {
        return static_cast<std::uint16_t>(fake::k_label_name + name);
    }

    const Platform* platform_ = nullptr;
    std::vector<Platform> platform_store_;
    Parties parties_;
    std::vector<Oracle> oracle_store_;
    Oracle* oracle_ = nullptr;
    fake::Trace trace_;
    std::vector<std::string> log_lines_;
    Verdict verdict_;

    const Scenario* scenario_ = nullptr;
    bool keep_trace_ = false;
    bool list_calls_ = false;
    std::optional<fake::StateHash> state_after_steps_;
    std::vector<CallMade> calls_made_;
    std::array<std::size_t, k_max_posters + 1>
        call_under_way_{}; // in calls_made_, of the loop and of each poster
    bool ended_ = false;   // the tear-down has begun: nothing is judged but the balance
    bool budget_spent_ = false;
    bool ever_started_ = false;
    bool call_injected_ = false; // the script answered the call under way
    std::uint32_t next_step_ = 0;
    std::uint32_t current_step_ = 0;
    std::uint64_t acting_ = fake::k_no_step; // the step that is being carried out, nested ones too
    std::uint64_t log_count_ = 0;
    Making making_;
    std::uint64_t calls_left_ = 0;
    std::uint64_t calls_in_step_ = 0;
    fake::Call last_call_ = fake::Call::epoll_create1;
    std::array<Poster, k_max_posters> posters_;
    std::uint16_t who_ = 0; // runs now, as in a trace's records

    std::vector<ReactionEntry> reactions_;
    std::array<std::array<ReactionQueue, 3>, k_max_names> queues_; // by Handler
    std::array<ReactionQueue, k_max_tasks> notify_queues_;
    std::array<ReactionQueue, k_max_names> accept_queues_;
    std::vector<Name> queues_used_;

    std::array<FileBuffer, k_max_names> file_buffers_;
    std::vector<std::pair<Name, Name>> deferred_clients_; // that have done nothing yet, and their listeners
    std::vector<Name> arrivals_;                          // accepted, and their owner was not told yet
    int next_unmentioned_ =
        -1; // the highest name that may be given to an anonymous client; -1: not looked for yet
    std::array<bool, k_max_names> mentioned_{};
    SharedAcceptMutex::Word accept_mutex_word_{0};
    std::array<WorkerProcess, k_max_workers> workers_;
    std::vector<int> listening_;    // descriptors of the worker that is being started
    bool has_application_ = false;  // and it runs
    bool application_acts_ = false; // its code is running
    struct Interrupted {            // its last transfer, if a signal interrupted it
        bool is_set = false;
        Name name = 0;
        Half half = Half::read;
        std::size_t asked = 0;
    };
    Interrupted interrupted_;

    bool runs_idle_ = false; // the turn under way ends where it would sleep
    bool slept_ = false;     // it came to that

    // What the script says of the next wait, and the step that says so.
    struct PendingWait {
        bool is_set = false;
        std::uint32_t step = 0;
    };
    PendingWait wait_script_;
    PendingWait wait_order_;
    PendingWait wait_at_most_;
    std::vector<int> entry_names_;

    std::vector<std::byte> buffer_; // what is read goes here
    std::vector<BytePiece> pieces_; // of a writev
    std::array<std::uint64_t, k_step_kinds> steps_taken_{};
    std::array<std::uint64_t, fake::k_calls> faults_fired_{};
    std::array<std::uint64_t, k_step_kinds> scripts_reached_{};
};

} // namespace edgecase
