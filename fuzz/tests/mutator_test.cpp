#include <set>

#include "fuzz/mutator.hpp"
#include "fuzz/tests/catch.hpp"
#include "fuzz/trace_pairs.hpp"
#include "props/generate.hpp"
#include "props/scenario_bytes.hpp"
#include "props/scenario_text.hpp"
#include "props/scenario_valid.hpp"

namespace edgecase {
namespace {

std::string text_of(const Scenario& scenario) {
    ScenarioText text;
    text.scenario = scenario;
    return print_scenario(text);
}

Scenario scenario_of(std::uint64_t seed) {
    return generate_scenario(seed, GenerateOptions{});
}

// The first that has something to change; which seed it is depends on the table of the language.
Scenario scenario_of_some_length() {
    constexpr std::size_t k_some = 12;
    std::uint64_t seed = 0;
    while (scenario_of(seed).steps.size() < k_some)
        ++seed;
    return scenario_of(seed);
}

TEST_CASE("mutator: whatever comes out is valid, and no longer than its bound", "[fuzz]") {
    Scenario scenario;
    unsigned changed = 0;
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        if (seed % 200 == 0) scenario = Scenario{};
        const Scenario before = scenario;
        Mutator(seed).mutate(scenario);
        INFO("seed " << seed << ", from:\n" << text_of(before));
        REQUIRE(scenario_fault(scenario).value_or("") == "");
        REQUIRE(scenario.steps.size() <= Mutator::k_most_steps);
        if (!(scenario == before)) ++changed;
    }
    CHECK(changed > 15'000);
}

TEST_CASE("mutator: splicing gives valid scenarios of lines of both", "[fuzz]") {
    for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
        const Scenario first = scenario_of(2 * seed);
        const Scenario second = scenario_of(2 * seed + 1);
        Scenario spliced = first;
        Mutator(seed).splice(spliced, second);
        INFO("seed " << seed << "\n" << text_of(first) << "\nand\n" << text_of(second));
        REQUIRE(scenario_fault(spliced).value_or("") == "");
        REQUIRE(spliced.config == first.config);
        REQUIRE(spliced.steps.size() <= Mutator::k_most_steps);
        // A beginning of the first, then steps of the second.
        std::size_t kept = 0;
        while (kept < spliced.steps.size() && kept < first.steps.size() &&
               spliced.steps[kept] == first.steps[kept])
            ++kept;
        for (std::size_t index = kept; index < spliced.steps.size(); ++index)
            REQUIRE(std::find(second.steps.begin(), second.steps.end(), spliced.steps[index]) !=
                    second.steps.end());
    }
}

TEST_CASE("mutator: the same seed makes the same changes", "[same-scenario-same-trace]") {
    const Scenario original = scenario_of_some_length();
    std::set<std::vector<std::uint8_t>> different;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Scenario one = original;
        Scenario two = original;
        Mutator(seed).mutate(one);
        Mutator(seed).mutate(two);
        REQUIRE(one == two);
        different.insert(encode(one).value());
    }
    CHECK(different.size() > 100);
}

TEST_CASE("mutator: every kind of step can be inserted, and every reaction can grow", "[fuzz]") {
    std::set<StepKind> at_top;
    std::set<StepKind> nested;
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        Scenario scenario = scenario_of(seed % 50);
        Mutator(seed).mutate(scenario);
        for (std::size_t head = 0; head < scenario.steps.size(); head += 1 + scenario.steps[head].nested) {
            at_top.insert(scenario.steps[head].kind);
            for (std::size_t index = head + 1; index <= head + scenario.steps[head].nested; ++index)
                nested.insert(scenario.steps[index].kind);
        }
    }
    for (const Shape& shape : step_shapes()) {
        INFO(shape.example);
        if ((shape.places & k_at_top) != 0) CHECK(at_top.count(shape.kind) == 1);
        if ((shape.places & (k_in_reaction | k_at_place | k_in_wait)) != 0)
            CHECK(nested.count(shape.kind) == 1);
    }
}

// Of this many lines that are made from nothing, how many are of this kind.
unsigned made_of(StepKind kind, Focus focus) {
    unsigned count = 0;
    for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
        const std::vector<Step> listening = generate_line(1, {}, Focus::server);
        count += generate_line(seed, listening, focus).front().kind == kind ? 1 : 0;
    }
    return count;
}

TEST_CASE("mutator: with the focus on servers their steps are made more often", "[fuzz]") {
    for (const StepKind kind : {StepKind::client, StepKind::turn, StepKind::on_accept, StepKind::mutex}) {
        INFO(step_shape(kind).example);
        CHECK(made_of(kind, Focus::server) > 2 * made_of(kind, Focus::module));
    }
    CHECK(made_of(StepKind::process, Focus::server) < made_of(StepKind::process, Focus::module));
    CHECK(made_of(StepKind::process, Focus::server) > 0);
    // A server begins with a listener, mostly.
    unsigned begins = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        begins += generate_line(seed, {}, Focus::server).front().kind == StepKind::listen ? 1 : 0;
    }
    CHECK(begins > 70);
}

unsigned counted(const std::vector<fake::Record>& records) {
    TracePairs::Counters counters = {};
    TracePairs::count(records, counters);
    unsigned set = 0;
    for (const std::uint8_t counter : counters) {
        CHECK(counter <= 1);
        set += counter;
    }
    return set;
}

fake::Record record(fake::RecordKind kind, std::uint8_t what, Name name) {
    fake::Record made;
    made.kind = kind;
    made.what = what;
    made.label = static_cast<std::uint16_t>(fake::k_label_name + name);
    return made;
}

TEST_CASE("trace pairs: order counts, and who it is for; numbers and names do not", "[fuzz]") {
    using fake::RecordKind;
    const fake::Record dispatch = record(RecordKind::dispatch, 0, 3);
    const fake::Record close_own = record(RecordKind::module, static_cast<std::uint8_t>(StepKind::close), 3);
    const fake::Record close_other =
        record(RecordKind::module, static_cast<std::uint8_t>(StepKind::close), 4);
    const fake::Record open = record(RecordKind::world, static_cast<std::uint8_t>(StepKind::open), 5);

    CHECK(counted({}) == 0);
    const unsigned alone = counted({dispatch, close_own});
    CHECK(counted({dispatch, close_own, open}) > alone);
    const unsigned twice = counted({dispatch, close_own, dispatch, close_own});
    CHECK(counted({dispatch, close_own, dispatch, close_own, dispatch, close_own}) == twice);

    TracePairs::Counters counters = {};
    const auto is_new = [&counters](const std::vector<fake::Record>& records) {
        const TracePairs::Counters before = counters;
        TracePairs::count(records, counters);
        return counters != before;
    };
    CHECK(is_new({dispatch, close_own, open}));
    CHECK(is_new({dispatch, open, close_own}));
    CHECK(is_new({dispatch, close_other, open}));
    CHECK(is_new({close_own, open}));
    fake::Record another_dispatch = record(RecordKind::dispatch, 0, 6);
    another_dispatch.c = 77;
    CHECK_FALSE(is_new(
        {another_dispatch, record(RecordKind::module, static_cast<std::uint8_t>(StepKind::close), 6), open}));
}

} // namespace
} // namespace edgecase
