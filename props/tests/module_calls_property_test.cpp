// The active flags: after any sequence of add, delete, connection calls, failures and closes, flags and
// interest agree, and each call comes out as the module's contract says. The contract is modelled here by
// itself, without a look at the module: which events are active, and what epoll_ctl would answer.
#include <array>

#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include "props/harness.hpp"
#include "props/scenario_language.hpp"
#include "props/tests/catch.hpp"
#include "props/tests/counterexample.hpp"
#include "props/trace_text.hpp"

using namespace edgecase;

namespace {

constexpr unsigned k_names = 3;
constexpr int k_most_commands = 40;

// One connection, as the contract has it.
struct Contract {
    bool open = false;
    bool closed = false;
    bool read = false;
    bool write = false;
    bool registered = false; // in the kernel: differs from the flags only after a delete with the close flag

    [[nodiscard]] bool& half(Side side) { return side == Side::read ? read : write; }
    [[nodiscard]] bool other(Side side) const { return side == Side::read ? write : read; }

    // The outcome of a call, and what it leaves. fails: the script fails its epoll_ctl.
    bool add(Side side, bool fails) {
        const bool modifies = side != Side::connection && other(side);
        const bool answers = modifies ? registered : !registered;
        if (fails || !answers) {
            return false;
        }
        registered = true;
        if (side == Side::connection) {
            read = write = true;
        } else {
            half(side) = true;
        }
        return true;
    }

    bool del(Side side, bool close_flag, bool fails) {
        if (!close_flag && (fails || !registered)) {
            return false;
        }
        if (!close_flag && (side == Side::connection || !other(side))) {
            registered = false;
        }
        if (side == Side::connection) {
            read = write = false;
        } else {
            half(side) = false;
        }
        return true;
    }
};

struct Contracts {
    std::array<Contract, k_names> names;
};

Counterexample& counterexample() {
    static Counterexample kept;
    return kept;
}

// The scenario so far; each command adds its steps and runs all of it.
class Run {
public:
    Run() : harness_(make_model_harness()) {}

    void take(const Step& step, bool expected_ok) {
        scenario_.steps.push_back(step);
        RunOptions options;
        options.keep_trace = true;
        const Verdict& verdict = harness_->run(scenario_, options);
        std::string why;
        if (verdict.kind == Verdict::Kind::pass && has_outcome(step.kind) && last_outcome() != expected_ok) {
            why = std::string("by the contract the last call should ") + (expected_ok ? "succeed" : "fail");
        }
        if (verdict.kind != Verdict::Kind::pass || !why.empty()) {
            counterexample().keep(scenario_, verdict, why);
            RC_FAIL("flags and interest do not agree");
        }
    }

    void add_quietly(const Step& step) { scenario_.steps.push_back(step); }

private:
    static bool has_outcome(StepKind kind) { return kind == StepKind::add || kind == StepKind::del; }

    // Of the last add or del in the trace.
    [[nodiscard]] bool last_outcome() const {
        const auto& records = harness_->simulation().trace().records();
        for (auto record = records.rbegin(); record != records.rend(); ++record) {
            if (record->kind == fake::RecordKind::module &&
                has_outcome(static_cast<StepKind>(record->what))) {
                return record->value == 0;
            }
        }
        return false;
    }

    Scenario scenario_;
    std::unique_ptr<Harness> harness_;
};

using Command = rc::state::Command<Contracts, Run>;

Step step_of(StepKind kind, unsigned name) {
    Step step;
    step.kind = kind;
    step.name = static_cast<Name>(name);
    return step;
}

struct Open : Command {
    unsigned name = *rc::gen::inRange(0U, k_names);
    ObjectKind kind =
        *rc::gen::element(ObjectKind::unix_stream, ObjectKind::tcp, ObjectKind::pipe_read,
                          ObjectKind::pipe_write, ObjectKind::eventfd, ObjectKind::listener,
                          ObjectKind::fresh, ObjectKind::udp, ObjectKind::timerfd, ObjectKind::signalfd);

    void checkPreconditions(const Contracts& state) const override {
        RC_PRE(!state.names[name].open && !state.names[name].closed);
    }
    void apply(Contracts& state) const override { state.names[name].open = true; }
    void run(const Contracts&, Run& run) const override {
        Step step = step_of(StepKind::open, name);
        step.choice = static_cast<std::uint8_t>(kind);
        run.take(step, true);
    }
    void show(std::ostream& out) const override { out << "open " << name_text(static_cast<Name>(name)); }
};

struct Call : Command {
    unsigned name = *rc::gen::inRange(0U, k_names);
    StepKind kind = *rc::gen::element(StepKind::add, StepKind::del);
    Side side = *rc::gen::element(Side::read, Side::write, Side::connection);
    bool et = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
    bool close_flag = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
    bool fails = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});

    void checkPreconditions(const Contracts& state) const override { RC_PRE(state.names[name].open); }

    bool apply_to(Contract& contract) const {
        return kind == StepKind::add ? contract.add(side, fails) : contract.del(side, close_flag, fails);
    }
    void apply(Contracts& state) const override { apply_to(state.names[name]); }

    void run(const Contracts& before, Run& run) const override {
        Contract contract = before.names[name];
        const bool expected = apply_to(contract);
        if (fails && !(kind == StepKind::del && close_flag)) {
            Step fault = step_of(StepKind::fail, 0);
            fault.call = fake::Call::epoll_ctl;
            fault.count = 1;
            fault.error = ENOMEM;
            fault.value = 1;
            run.add_quietly(fault);
        }
        Step step = step_of(kind, name);
        step.choice = static_cast<std::uint8_t>(side);
        if (side != Side::connection && et) {
            step.flags = k_flag_et;
        }
        if (kind == StepKind::del && close_flag) {
            step.flags = static_cast<std::uint8_t>(step.flags | k_flag_close);
        }
        run.take(step, expected);
    }
    void show(std::ostream& out) const override {
        out << (kind == StepKind::add ? "add " : "del ") << name_text(static_cast<Name>(name))
            << (side == Side::read    ? " read"
                : side == Side::write ? " write"
                                      : " connection")
            << (et ? " et" : "") << (close_flag ? " close" : "") << (fails ? " (epoll_ctl fails)" : "");
    }
};

struct Close : Command {
    unsigned name = *rc::gen::inRange(0U, k_names);
    bool shared = *rc::gen::arbitrary<bool>();

    void checkPreconditions(const Contracts& state) const override { RC_PRE(state.names[name].open); }
    void apply(Contracts& state) const override {
        state.names[name] = Contract{};
        state.names[name].closed = true;
    }
    void run(const Contracts&, Run& run) const override {
        run.take(step_of(shared ? StepKind::close_shared : StepKind::close, name), true);
    }
    void show(std::ostream& out) const override { out << "close " << name_text(static_cast<Name>(name)); }
};

} // namespace

TEST_CASE("epoll module: after any calls, failures and closes, flags and interest agree",
          "[interest-matches-active][failed-call-changes-nothing][close-event-makes-no-call]") {
    const bool holds = rc::check("flags and interest agree", [] {
        Run run;
        const Contracts initial;
        auto commands = rc::state::gen::commands(
            initial, rc::state::gen::execOneOfWithArgs<Open, Call, Call, Call, Close>());
        rc::state::runAll(*rc::gen::resize(k_most_commands, std::move(commands)), initial, run);
    });
    if (!holds) {
        counterexample().report();
    }
    CHECK(holds);
}
