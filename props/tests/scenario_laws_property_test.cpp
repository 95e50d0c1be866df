// The laws of the language's two forms, over random scenarios and random bytes.
#include <algorithm>
#include <string>
#include <vector>

#include "props/scenario_bytes.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"
#include "props/scenario_valid.hpp"
#include "props/tests/catch.hpp"
#include "props/tests/generators.hpp"
#include "props/text_laws.hpp"

using namespace edgecase;

namespace {

constexpr unsigned k_steps = 60;

using Bytes = std::vector<std::uint8_t>;

rc::Gen<Bytes> bytes_gen() {
    return rc::gen::scale(4.0, rc::gen::arbitrary<Bytes>());
}

Scenario decoded(const Bytes& bytes) {
    Scenario scenario;
    decode(bytes.data(), bytes.size(), scenario);
    return scenario;
}

// Scenarios of both sources: the generator's, which make sense, and the decoder's, which need not.
rc::Gen<Scenario> any_scenario_gen() {
    return rc::gen::oneOf(scenario_gen(k_steps), rc::gen::map(bytes_gen(), decoded));
}

// Words of the language and rubbish, so that much of it nearly parses.
rc::Gen<std::string> texts_gen() {
    auto piece =
        rc::gen::oneOf(rc::gen::map(rc::gen::inRange<unsigned>(0, k_step_kinds),
                                    [](unsigned kind) {
                                        return std::string(step_shape(static_cast<StepKind>(kind)).example);
                                    }),
                       rc::gen::element<std::string>(
                           "\n", "\n", " ", ";", ":", ",", "|", "~1", "#", "edgecase 1\n", "a", "read", "5",
                           "500ms", "IN", "config", "on a.read:", "nothing", "\r\n", "\t", "\xc3\xa4"),
                       rc::gen::arbitrary<std::string>());
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(std::move(piece)),
                        [](const std::vector<std::string>& pieces) {
                            std::string text = "edgecase 1\n";
                            for (const std::string& one : pieces)
                                text += one;
                            return text;
                        });
}

} // namespace

TEST_CASE("generator: every scenario is valid and no longer than asked for") {
    CHECK(rc::check("valid", [] {
        const Scenario scenario = *scenario_gen(k_steps);
        RC_ASSERT(scenario_fault(scenario).value_or("") == "");
        RC_ASSERT(scenario.steps.size() <= k_steps);
    }));
}

TEST_CASE("generator: every simpler scenario is valid, and different") {
    CHECK(rc::check("simpler", [] {
        const Scenario scenario = *any_scenario_gen();
        for (const Scenario& simpler : simpler_scenarios(scenario)) {
            RC_ASSERT(scenario_fault(simpler).value_or("") == "");
            RC_ASSERT(!(simpler == scenario));
        }
    }));
}

TEST_CASE("generator: simplifying by the first choice or the last ends in nothing") {
    CHECK(rc::check("ends", [] {
        Scenario scenario = *scenario_gen(8);
        const bool last = *rc::gen::arbitrary<bool>();
        for (unsigned rounds = 0;; ++rounds) {
            RC_ASSERT(rounds < 100'000U);
            std::vector<Scenario> simpler = simpler_scenarios(scenario);
            if (simpler.empty()) break;
            scenario = last ? simpler.back() : simpler.front();
        }
        RC_ASSERT(scenario == Scenario{});
    }));
}

TEST_CASE("text form: parse(print(s)) = s") {
    CHECK(rc::check("parse(print(s)) = s", [] {
        const Scenario scenario = *any_scenario_gen();
        const ParseResult parsed = parse_scenario(print_scenario(scenario), "printed.scn");
        if (!parsed) RC_FAIL(format_error(parsed.error()));
        RC_ASSERT(parsed.text().scenario == scenario);
        RC_ASSERT(parsed.text().lines.size() == scenario.steps.size());
    }));
}

TEST_CASE("text form: printing what was parsed only normalises it, and a refusal says where") {
    CHECK(rc::check("words and rubbish", [] { RC_ASSERT(broken_text_law(*texts_gen()) == ""); }));
}

TEST_CASE("text form: how a text is spaced does not change what it says") {
    CHECK(rc::check("spacing", [] {
        const Scenario scenario = *any_scenario_gen();
        const auto choices = *rc::gen::container<std::vector<unsigned>>(32, rc::gen::inRange(0U, 8U));
        std::string text;
        std::size_t place = 0;
        for (char c : print_scenario(scenario)) {
            const unsigned choice = choices[place++ % choices.size()];
            const bool mark =
                c == ' ' || c == ':' || c == ';' || c == ',' || c == '|' || c == '.' || c == '~';
            if (mark && text.size() > 10) text += choice == 1 ? " " : choice == 2 ? "\t " : "";
            if (c == '\n')
                text += choice == 1 ? " # why\r" : choice == 2 ? "\n  #\n\t" : choice == 3 ? "\r" : "";
            text += c;
            if (mark && text.size() > 10) text += choice == 3 ? "  " : "";
        }
        const ParseResult parsed = parse_scenario(text, "spaced.scn");
        if (!parsed) RC_FAIL(format_error(parsed.error()));
        RC_ASSERT(parsed.text().scenario == scenario);
    }));
}

TEST_CASE("text form: any bytes are parsed or refused, and what is parsed is valid") {
    CHECK(rc::check("bytes", [] {
        std::string text = *rc::gen::oneOf(texts_gen(), rc::gen::arbitrary<std::string>(),
                                           rc::gen::map(any_scenario_gen(), [](const Scenario& scenario) {
                                               return print_scenario(scenario);
                                           }));
        for (unsigned changes = *rc::gen::inRange(0U, 4U); changes > 0 && !text.empty(); --changes)
            text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
        RC_ASSERT(broken_text_law(text) == "");
    }));
}

TEST_CASE("text form: comments survive wherever they stand") {
    CHECK(rc::check("comments", [] {
        ScenarioText text;
        text.scenario = *scenario_gen(k_steps);
        const std::vector<Step>& steps = text.scenario.steps;
        for (std::uint32_t head = 0; head < steps.size(); head += 1 + steps[head].nested) {
            if (*rc::gen::arbitrary<bool>())
                text.comments.push_back({head, false, "why " + std::to_string(head)});
            if (*rc::gen::arbitrary<bool>())
                text.comments.push_back({head, true, "what; on a.read: # " + std::to_string(head)});
        }
        text.comments.push_back({static_cast<std::uint32_t>(steps.size()), false, "the end"});
        const ParseResult parsed = parse_scenario(print_scenario(text), "printed.scn");
        if (!parsed) RC_FAIL(format_error(parsed.error()));
        RC_ASSERT(parsed.text().scenario == text.scenario);
        RC_ASSERT(parsed.text().comments == text.comments);
    }));
}

TEST_CASE("byte form: every byte string decodes to a valid scenario") {
    CHECK(rc::check("valid", [] {
        const Scenario scenario = decoded(*bytes_gen());
        RC_ASSERT(scenario_fault(scenario).value_or("") == "");
        RC_ASSERT(scenario.steps.size() <= k_max_encoded_steps);
    }));
}

TEST_CASE("byte form: decode(encode(s)) = s") {
    CHECK(rc::check("decode(encode(s)) = s", [] {
        const Scenario scenario = *any_scenario_gen();
        const auto bytes = encode(scenario);
        RC_ASSERT(bytes.has_value());
        RC_ASSERT(decoded(*bytes) == scenario);
    }));
}

TEST_CASE("byte form: what a cut or zeroed string decodes to is valid and not longer") {
    CHECK(rc::check("cut and zero", [] {
        Bytes bytes = *bytes_gen();
        const std::size_t steps = decoded(bytes).steps.size();
        const std::size_t keep = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(keep));
        RC_ASSERT(decoded(cut).steps.size() <= steps);
        RC_ASSERT(scenario_fault(decoded(cut)).value_or("") == "");
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(keep), bytes.end(), std::uint8_t{0});
        RC_ASSERT(decoded(bytes) == decoded(cut));
    }));
}
