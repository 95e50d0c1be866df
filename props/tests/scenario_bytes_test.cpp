#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "props/generate.hpp"
#include "props/scenario_bytes.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"
#include "props/scenario_valid.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

Scenario decoded(const std::vector<std::uint8_t>& bytes) {
    Scenario scenario;
    decode(bytes.data(), bytes.size(), scenario);
    return scenario;
}

Scenario parsed(const std::string& lines) {
    const ParseResult result = parse_scenario("edgecase 1\n" + lines, "test.scn");
    INFO((result ? "" : format_error(result.error())));
    REQUIRE(result.ok());
    return result.text().scenario;
}

} // namespace

TEST_CASE("byte form: nothing, and any number of zeros, is the empty scenario") {
    CHECK(decoded({}) == Scenario{});
    CHECK(decoded(std::vector<std::uint8_t>(10'000, 0)) == Scenario{});
    Scenario scenario;
    decode(nullptr, 0, scenario);
    CHECK(scenario == Scenario{});
}

TEST_CASE("byte form: the default configuration costs one byte and a common step few") {
    const auto size = [](const std::string& lines) { return encode(parsed(lines)).value().size(); };
    CHECK(size("") == 1);
    CHECK(size("open a unix\n") <= 1 + 3);
    CHECK(size("add a read et\n") <= 1 + 3);
    CHECK(size("peer a send 5\n") <= 1 + 3);
    CHECK(size("process infinite post\n") <= 1 + 3);
    CHECK(size("process 300ms\n") <= 1 + 3);
    CHECK(size("fail recv 2 ECONNRESET\n") <= 1 + 5);
    CHECK(size("wait gives a IN|OUT, b~1 IN, notify IN\n") <= 1 + 2 + 6);
    CHECK(size("on a.read: read a all; close b\n") <= 1 + 4 + 5);
    CHECK(size("listen a\nclient b to a\nturn\n") <= 1 + 2 + 3 + 1 + 1);
    CHECK(size("config first_generation 4294967294\n") <= 2);
    CHECK(size("config first_generation 4294967294\nconfig without eventfd\n") <= 5);
}

TEST_CASE("byte form: every kind of step and every place for it has a byte") {
    for (const Shape& shape : step_shapes()) {
        const std::string example(shape.example);
        CAPTURE(example);
        std::vector<std::string> lines;
        if ((shape.places & k_at_top) != 0) lines.push_back(example);
        if ((shape.places & k_in_reaction) != 0) lines.push_back("on a.read: " + example);
        if ((shape.places & k_at_place) != 0) lines.push_back("before recv 1: " + example);
        if ((shape.places & k_in_wait) != 0) lines.push_back("wait gives " + example);
        for (const std::string& line : lines) {
            const Scenario scenario = parsed(line + "\n");
            const auto bytes = encode(scenario);
            REQUIRE(bytes.has_value());
            CHECK(decoded(*bytes) == scenario);
        }
    }
}

TEST_CASE("byte form: every one of the 256 bytes makes a step, but for 0, and every kind is made") {
    std::set<StepKind> kinds;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const Scenario scenario = decoded({0, static_cast<std::uint8_t>(byte)});
        CHECK(scenario.steps.empty() == (byte == 0));
        for (const Step& step : scenario.steps)
            kinds.insert(step.kind);
    }
    kinds.insert(StepKind::wait_entry); // stands in no place of its own
    CHECK(kinds.size() == k_step_kinds);
}

TEST_CASE("byte form: what makes a reactor work is frequent") {
    std::vector<unsigned> counts(k_step_kinds);
    for (unsigned byte = 1; byte < 256; ++byte)
        ++counts[static_cast<unsigned>(decoded({0, static_cast<std::uint8_t>(byte)}).steps.at(0).kind)];
    for (StepKind kind : {StepKind::open, StepKind::add, StepKind::peer_send, StepKind::process, StepKind::on,
                          StepKind::turn})
        CHECK(counts[static_cast<unsigned>(kind)] >= 10);
}

TEST_CASE("byte form: any errno, name, number and mask survives, not only the frequent ones") {
    for (int error = 1; error < 256; ++error) {
        if (fake::errno_name(error).empty()) continue;
        for (unsigned call = 0; call < fake::k_calls; ++call) {
            Scenario scenario;
            Step step;
            step.kind = StepKind::fail;
            step.call = static_cast<fake::Call>(call);
            step.count = 255;
            step.error = static_cast<std::uint8_t>(error);
            scenario.steps = {step};
            REQUIRE(decoded(encode(scenario).value()) == scenario);
        }
    }
    for (unsigned name = 0; name < k_max_names; ++name) {
        Scenario scenario;
        Step step;
        step.kind = StepKind::open;
        step.name = static_cast<Name>(name);
        scenario.steps = {step};
        REQUIRE(decoded(encode(scenario).value()) == scenario);
    }
    for (unsigned bit = 0; bit < 64; ++bit) {
        Step gives;
        gives.kind = StepKind::wait_gives;
        gives.nested = 2;
        Step entry;
        entry.kind = StepKind::wait_entry;
        entry.choice = static_cast<std::uint8_t>(WaitEntry::data);
        entry.value = std::uint64_t{1} << bit;
        entry.mask = std::uint32_t{1} << (bit % 32);
        Step other = entry;
        other.choice = static_cast<std::uint8_t>(WaitEntry::name);
        other.value = 0;
        other.name = static_cast<Name>(bit * 4);
        other.back = static_cast<std::uint8_t>(bit * 4 + 3);
        Scenario scenario;
        scenario.steps = {gives, entry, other};
        REQUIRE(decoded(encode(scenario).value()) == scenario);
    }
}

TEST_CASE("byte form: full reactions and full waits need no end") {
    std::string on = "on a.read: ";
    std::string gives = "wait gives ";
    for (unsigned index = 0; index < 64; ++index) {
        on += std::string(index == 0 ? "" : "; ") + "peer b send " + std::to_string(index + 1);
        gives += std::string(index == 0 ? "" : ", ") + "a IN";
    }
    const Scenario scenario = parsed(on + "\n" + gives + "\nopen c tcp\n");
    CHECK(decoded(encode(scenario).value()) == scenario);
}

TEST_CASE("byte form: the limit of 4096 steps cuts what is longer and refuses to encode it") {
    Scenario scenario;
    Step step;
    step.kind = StepKind::alarm;
    scenario.steps.assign(k_max_encoded_steps, step);
    CHECK(decoded(encode(scenario).value()) == scenario);
    std::vector<std::uint8_t> longer = encode(scenario).value();
    longer.insert(longer.end(), 100, longer.back());
    CHECK(decoded(longer) == scenario);
    scenario.steps.push_back(step);
    CHECK_FALSE(encode(scenario).has_value());

    // A reaction that reaches the limit is full; a place for whose step no room is left is not begun.
    for (const char* line :
         {"on a.read: alarm; alarm; alarm\n", "before recv 1: alarm\n", "wait gives a IN, b IN\n"}) {
        const Scenario last = parsed(line);
        const std::vector<std::uint8_t> bytes = encode(last).value();
        for (std::size_t room = 0; room <= 4; ++room) {
            Scenario full;
            full.steps.assign(k_max_encoded_steps - room, step);
            std::vector<std::uint8_t> all = encode(full).value();
            all.insert(all.end(), bytes.begin() + 1, bytes.end());
            const Scenario cut = decoded(all);
            CHECK_FALSE(scenario_fault(cut).has_value());
            CHECK(cut.steps.size() <= k_max_encoded_steps);
            CHECK(decoded(encode(cut).value()) == cut);
        }
    }
}

TEST_CASE("byte form: what is not valid is not encoded") {
    Scenario scenario;
    Step step;
    step.kind = StepKind::notify; // of task 0
    scenario.steps = {step};
    CHECK_FALSE(encode(scenario).has_value());
    scenario.steps.clear();
    scenario.config.worker_connections = 1;
    CHECK_FALSE(encode(scenario).has_value());
}

TEST_CASE("byte form: decoding forgets what was decoded before, and keeps its memory") {
    Scenario scenario = parsed("config budget 500\nconfig without file_aio\nopen a unix\nprocess 0ms\n");
    const Scenario other = parsed("open b tcp\n");
    const std::vector<std::uint8_t> bytes = encode(other).value();
    scenario.steps.reserve(100);
    const Step* const memory = scenario.steps.data();
    decode(bytes.data(), bytes.size(), scenario);
    CHECK(scenario == other);
    CHECK(scenario.steps.data() == memory);
}

TEST_CASE("generator: the scenario is a function of the seed, and seeds differ") {
    GenerateOptions options;
    CHECK(generate_scenario(7, options) == generate_scenario(7, options));
    CHECK_FALSE(generate_scenario(7, options) == generate_scenario(8, options));
    options.max_steps = 0;
    CHECK(generate_scenario(7, options).steps.empty());
}

TEST_CASE("generator: options leave families out, and everything is made by some seed") {
    GenerateOptions options;
    std::set<StepKind> kinds;
    for (std::uint64_t seed = 0; seed < 400; ++seed)
        for (const Step& step : generate_scenario(seed, options).steps)
            kinds.insert(step.kind);
    CHECK(kinds.size() == k_step_kinds);
    options.script = options.life = options.configure = false;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Scenario scenario = generate_scenario(seed, options);
        CHECK(scenario.config == Config{});
        for (const Step& step : scenario.steps) {
            CHECK(step_shape(step.kind).family != Family::script);
            CHECK(step_shape(step.kind).family != Family::life);
        }
    }
}

TEST_CASE("generator: most steps name a connection that was opened before") {
    unsigned named = 0;
    unsigned opened_before = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        std::set<Name> opened;
        for (const Step& step : generate_scenario(seed, {}).steps) {
            if (begins_name(step.kind)) {
                opened.insert(step.name);
            } else if ((step_shape(step.kind).fields & static_cast<unsigned>(Field::name)) != 0 &&
                       (step.kind != StepKind::wait_entry || step.choice == 0)) {
                ++named;
                opened_before += opened.count(step.name) != 0 ? 1 : 0;
            }
        }
    }
    CHECK(named > 1000);
    CHECK(opened_before * 10 > named * 9);
}
