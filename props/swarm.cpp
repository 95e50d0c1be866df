#include "props/swarm.hpp"

#include <algorithm>
#include <bitset>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "props/random.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

using fake::Call;
using fake::Record;
using fake::RecordKind;

constexpr unsigned k_most_taken_out = 200;
constexpr unsigned k_calls_of_a_step = 20; // on average, so many are not used up by what comes to rest
constexpr unsigned k_calls_besides = 2000;
constexpr unsigned k_turns_to_drain = 4;
constexpr unsigned k_passes_of_closing = 3;
constexpr unsigned k_least_connections = 8; // so that what is tried at the end has room
constexpr unsigned k_most_turns = 64;       // without progress, after the healing
constexpr std::uint64_t k_probe_task = 9;

// A line of the healed phase, which the scenario cannot hold otherwise than these do.
Step step_of(StepKind kind, Name name = 0, std::uint64_t value = 0, std::uint8_t choice = 0) {
    Step step;
    step.kind = kind;
    step.name = name;
    step.value = value;
    step.choice = choice;
    return step;
}

Step numbered(StepKind kind, unsigned count, std::uint8_t choice = 0) {
    Step step = step_of(kind, 0, 0, choice);
    step.count = static_cast<std::uint8_t>(count);
    return step;
}

// Names that no step speaks of, the highest first.
std::vector<Name> free_names(const Scenario& scenario) {
    std::bitset<k_max_names> used;
    for (const Step& step : scenario.steps) {
        used.set(step.name);
        if (step.kind == StepKind::client) {
            used.set(step.value % k_max_names);
        }
    }
    std::vector<Name> free;
    for (unsigned name = k_max_names; name > 0; --name) {
        if (!used[name - 1]) {
            free.push_back(static_cast<Name>(name - 1));
        }
    }
    return free;
}

// What is tried at the end, by the steps that must come to something.
struct Probes {
    Name connection = 0;
    Name listener = 0;
    Name client = 0;
    std::uint32_t send = 0;
    std::uint32_t timer = 0;
    std::uint32_t notify = 0;
    std::uint32_t accept = 0;
    std::uint32_t serve = 0;
};

class Healing {
public:
    explicit Healing(Scenario& scenario) : scenario_(scenario) {
        for (const Step& step : scenario.steps) {
            if (begins_name(step.kind)) {
                begun_.set(step.name);
            }
        }
    }

    // Nothing if there are no names left to try it with.
    // rests_at: the last thing that happens before the reactor must come to rest.
    std::optional<Probes> write(std::uint32_t& rests_at) {
        const std::vector<Name> names = free_names(scenario_);
        add(step_of(StepKind::heal));
        add(step_of(StepKind::mutex, 0, 0, static_cast<std::uint8_t>(MutexTurn::free)));
        finish_posters();
        for (unsigned worker = 1; worker <= k_max_workers; ++worker) {
            add(numbered(StepKind::worker, worker, static_cast<std::uint8_t>(WorkerDeed::exit)));
        }
        add(step_of(StepKind::init)); // it may have failed; of a reactor that runs nothing comes of it
        for_each_begun([&](Name name) { add(step_of(StepKind::peer_recv, name)); });
        for (const std::uint64_t ms : {std::uint64_t{0}, std::uint64_t{1000}, std::uint64_t{86'400'000}}) {
            add(step_of(StepKind::time, 0, ms));
            take_turns();
        }
        // Whoever waits by levels for what is always so never rests; without them the reactor must.
        for (unsigned pass = 0; pass < k_passes_of_closing;
             ++pass) { // reactions may have opened some meanwhile
            // Of some there are copies.
            for_each_begun([&](Name name) { add(step_of(StepKind::close_shared, name)); });
            take_turns();
        }
        rests_at = add(step_of(StepKind::time, 0, 1000));
        add(step_of(StepKind::run_idle));
        if (names.size() < 3) {
            return std::nullopt;
        }
        return try_everything(names);
    }

private:
    Probes try_everything(const std::vector<Name>& names) {
        Probes probes;
        probes.connection = names[0];
        probes.listener = names[1];
        probes.client = names[2];
        add(step_of(StepKind::open, probes.connection));
        add(step_of(StepKind::add, probes.connection));
        probes.send = add(step_of(StepKind::peer_send, probes.connection, 3));
        add(step_of(StepKind::run_idle));
        add(step_of(StepKind::timer, probes.connection, 50));
        probes.timer = add(step_of(StepKind::time, 0, 86'400'000)); // whatever timer_resolution is
        add(step_of(StepKind::run_idle));
        finish_posters(); // while one is half way, its report is everybody's
        probes.notify = add(step_of(StepKind::notify, 0, k_probe_task));
        add(step_of(StepKind::run_idle));
        add(step_of(StepKind::close, probes.connection));
        add(step_of(StepKind::listen, probes.listener));
        probes.accept = add(step_of(StepKind::client, probes.client, probes.listener));
        add(step_of(StepKind::run_idle));
        probes.serve = add(step_of(StepKind::peer_send, probes.client, 1));
        add(step_of(StepKind::run_idle));
        return probes;
    }

    void take_turns() {
        for (unsigned turn = 0; turn < k_turns_to_drain; ++turn) {
            add(step_of(StepKind::turn));
        }
    }

    void finish_posters() {
        for (unsigned poster = 1; poster <= k_max_posters; ++poster) {
            add(numbered(StepKind::poster_finish, poster));
        }
    }

    std::uint32_t add(const Step& step) {
        scenario_.steps.push_back(step);
        return static_cast<std::uint32_t>(scenario_.steps.size() - 1);
    }

    template <typename Act> void for_each_begun(Act act) {
        for (unsigned name = 0; name < k_max_names; ++name) {
            if (begun_[name]) {
                act(static_cast<Name>(name));
            }
        }
    }

    Scenario& scenario_;
    std::bitset<k_max_names> begun_;
};

bool is_progress(const Record& record) {
    switch (record.kind) {
    case RecordKind::call: {
        const Call call = static_cast<Call>(record.what);
        const bool is_wait = call == Call::epoll_wait;
        return record.error == 0 && !is_wait &&
               (record.value > 0 || call == Call::close || call == Call::epoll_ctl);
    }
    case RecordKind::notify:
    case RecordKind::world:
    case RecordKind::life:
    case RecordKind::accept:
    case RecordKind::completion: return true;
    case RecordKind::module: return record.label != fake::k_label_none; // not a turn's own
    default: return false;
    }
}

// What of the trace behind the healing shows.
class Convergence {
public:
    // rests_at: the step from which on it must come to rest.
    Convergence(std::uint32_t rests_at, const Probes* probes) : rests_at_(rests_at), probes_(probes) {}

    std::string judge(std::span<const Record> records) {
        for (const Record& record : records) {
            if (record.kind == RecordKind::world && record.c < k_max_steps) {
                latest_ =
                    std::max(latest_, static_cast<std::uint32_t>(record.c)); // reactions are written above
            }
            if (latest_ < rests_at_) {
                continue;
            }
            count_turns(record);
            look_at(record);
        }
        if (most_turns_ > k_most_turns) {
            return fmt::format("{} turns in a row without progress, {} are a lot", most_turns_, k_most_turns);
        }
        if (probes_ == nullptr) {
            return {};
        }
        return !sent_       ? "a new connection was added and sent to, and its read handler was not called"
               : !timed_    ? "its timer was due, and its read handler was not called"
               : !notified_ ? "notify was called, and its handler was not"
               : !accepted_ ? "a client connected to a new listener and was not accepted"
               : !served_   ? "it was sent to, and its read handler was not called"
                            : "";
    }

private:
    void count_turns(const Record& record) {
        if (is_progress(record)) {
            turns_ = 0;
        } else if (record.kind == RecordKind::call &&
                   record.what == static_cast<std::uint8_t>(Call::epoll_wait)) {
            most_turns_ = std::max(most_turns_, ++turns_);
        }
    }

    void look_at(const Record& record) {
        if (probes_ == nullptr) {
            return;
        }
        const auto is_read_of = [&](Name name) {
            return record.kind == RecordKind::dispatch &&
                   record.what == static_cast<std::uint8_t>(Half::read) &&
                   record.label == fake::k_label_name + name;
        };
        sent_ = sent_ || (latest_ >= probes_->send && is_read_of(probes_->connection));
        timed_ = timed_ || (latest_ >= probes_->timer && is_read_of(probes_->connection));
        served_ = served_ || (latest_ >= probes_->serve && is_read_of(probes_->client));
        accepted_ = accepted_ || (record.kind == RecordKind::accept &&
                                  record.label == fake::k_label_name + probes_->client);
        // Without a channel there is no such action.
        notified_ =
            notified_ ||
            (record.kind == RecordKind::notify && static_cast<std::uint64_t>(record.a) == k_probe_task) ||
            (record.kind == RecordKind::note && record.c == probes_->notify &&
             static_cast<fake::Note>(record.what) == fake::Note::not_running);
    }

    std::uint32_t rests_at_;
    const Probes* probes_;
    std::uint32_t latest_ = 0; // world step that was taken
    unsigned turns_ = 0;
    unsigned most_turns_ = 0;
    bool sent_ = false;
    bool timed_ = false;
    bool notified_ = false;
    bool accepted_ = false;
    bool served_ = false;
};

// Whether a reaction that was left over opened a connection after all of them had been closed: how that one is waited for
// is the scenario's business.
bool opens_late(Harness& harness, const SwarmRun& run, std::uint32_t rests_at) {
    RunOptions options;
    options.keep_trace = true;
    harness.run(run.scenario, options);
    bool rests = false;
    for (const Record& record : harness.simulation().trace().records()) {
        const bool is_step =
            (record.kind == RecordKind::world || record.kind == RecordKind::module) && record.c < k_max_steps;
        rests = rests || (is_step && record.c >= rests_at);
        if (rests && is_step && record.c < run.healed_at && begins_name(static_cast<StepKind>(record.what))) {
            return true;
        }
    }
    return false;
}

// The step that breaks the module's contract first; nothing if there is none.
std::optional<std::uint32_t> first_misuse(Harness& harness, const Scenario& scenario) {
    RunOptions options;
    options.keep_trace = true;
    harness.run(scenario, options);
    for (const Record& record : harness.simulation().trace().records()) {
        if (record.kind == RecordKind::note && static_cast<fake::Note>(record.what) == fake::Note::misuse &&
            record.c < scenario.steps.size()) {
            return static_cast<std::uint32_t>(record.c);
        }
    }
    return std::nullopt;
}

// A step, or the line that would be nothing without it.
void take_out(Scenario& scenario, std::uint32_t step) {
    std::uint32_t line = 0;
    while (line + scenario.steps[line].nested < step) {
        line += 1 + scenario.steps[line].nested;
    }
    const auto at = [&](std::uint32_t index) {
        return scenario.steps.begin() + static_cast<std::ptrdiff_t>(index);
    };
    if (line != step && nested_places(scenario.steps[line].kind) != k_at_place) {
        --scenario.steps[line].nested;
        scenario.steps.erase(at(step));
    } else {
        scenario.steps.erase(at(line), at(line + 1 + scenario.steps[line].nested));
    }
}

// Takes out what breaks the module's contract, and what never comes to rest: who waits by levels for what is always so
// does not, however often it is asked to.
unsigned take_out_bad_steps(Harness& harness, Scenario& scenario) {
    unsigned taken_out = 0;
    while (taken_out < k_most_taken_out) {
        const Verdict verdict = harness.run(scenario);
        if (verdict.misuse) {
            const std::optional<std::uint32_t> misuse = first_misuse(harness, scenario);
            if (!misuse) {
                break;
            }
            take_out(scenario, *misuse);
            ++taken_out;
            continue;
        }
        if (verdict.kind != Verdict::Kind::budget || verdict.violation.step >= scenario.steps.size()) {
            break;
        }
        const std::uint32_t first = verdict.violation.step;
        for (auto step = static_cast<std::uint32_t>(scenario.steps.size()); step > first; --step) {
            if (step - 1 == first || scenario.steps[step - 1].kind == StepKind::run_idle) {
                take_out(scenario, step - 1);
                ++taken_out;
            }
        }
    }
    return taken_out;
}

} // namespace

SwarmPlan swarm_plan(std::uint64_t seed, unsigned steps) {
    SwarmPlan plan;
    plan.seed = seed;
    plan.steps = steps;
    Random random(seed ^ 0x7377'6172'6d00); // not the numbers that the steps are drawn from
    plan.options.max_steps = steps;
    plan.options.focus = random.one_in(2) ? Focus::server : Focus::module;
    plan.options.life = random.one_in(4);
    plan.options.script = !random.one_in(8);
    plan.left_out = kinds_left_out(seed, plan.options);
    plan.config = generate_scenario(seed, plan.options).config;
    plan.config.worker_connections = std::max(plan.config.worker_connections, k_least_connections);
    plan.config.budget = k_calls_of_a_step * steps + k_calls_besides;
    return plan;
}

std::string plan_text(const SwarmPlan& plan) {
    std::string text = fmt::format("seed {}: up to {} steps, mostly of {}; config", plan.seed, plan.steps,
                                   plan.options.focus == Focus::server ? "servers" : "the module");
    const Config& config = plan.config;
    for (const ConfigLine& line : config_lines()) {
        if (line.number == nullptr && !(config.*line.capability)) {
            text += fmt::format(" without {}", line.key);
        } else if (line.number != nullptr && config.*line.value != Config{}.*line.value) {
            text += fmt::format(" {}={}", line.key, config.*line.value);
        }
    }
    text += "; without";
    for (const StepKind kind : plan.left_out) {
        text += fmt::format(" [{}]", pattern_text(step_shape(kind)));
    }
    return text + (plan.left_out.empty() ? " nothing" : "");
}

SwarmRun run_swarm(Harness& harness, const SwarmPlan& plan) {
    SwarmRun run;
    run.scenario = generate_scenario(plan.seed, plan.options);
    run.scenario.config = plan.config;
    run.taken_out = take_out_bad_steps(harness, run.scenario);
    run.healed_at = static_cast<std::uint32_t>(run.scenario.steps.size());
    std::uint32_t rests_at = run.healed_at;
    const std::optional<Probes> probes = Healing(run.scenario).write(rests_at);
    run.verdict = harness.run_twice(run.scenario);
    if (run.verdict.kind == Verdict::Kind::pass && !run.verdict.misuse) {
        run.unhealed =
            Convergence(rests_at, probes ? &*probes : nullptr).judge(harness.simulation().trace().records());
    } else if (run.verdict.kind == Verdict::Kind::budget && !run.verdict.misuse &&
               run.verdict.violation.step >= run.healed_at) {
        if (!opens_late(harness, run, rests_at)) {
            run.unhealed = "it did not come to rest: " + run.verdict.violation.why;
        }
    }
    return run;
}

} // namespace edgecase
