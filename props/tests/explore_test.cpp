// Exploration: the alphabets, that it finds what is broken, and that what it takes for one state is one.
#include "props/explore.hpp"

#include <map>
#include <set>

#include "props/canaries.hpp"
#include "props/scenario_text.hpp"
#include "props/shrink.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

struct Explored {
    std::vector<ExploredDepth> depths;
    std::set<std::string> identities;
};

Explored explore_on(Sabotage sabotage, unsigned connections, unsigned depth) {
    Explored explored;
    ExploreHost host;
    host.depth_done = [&](const ExploredDepth& done) { explored.depths.push_back(done); };
    host.found = [&](const Scenario& scenario, const Verdict& verdict) {
        explored.identities.insert(identity_text(identity_of(verdict, scenario)));
    };
    host.may_go_on = [] { return true; };
    const std::unique_ptr<Harness> harness = make_broken_harness(sabotage);
    explore(*harness, Alphabet(connections), depth, host);
    return explored;
}

struct Reached {
    Verdict::Kind verdict = Verdict::Kind::pass;
    std::optional<fake::StateHash> state;
    Alphabet::Names names{};
};

Reached reach(Harness& harness, const Alphabet& alphabet, const std::vector<std::uint8_t>& word) {
    Scenario scenario;
    Reached reached;
    reached.names = alphabet.spell(word, scenario);
    RunOptions options;
    options.tell_state = true;
    reached.verdict = harness.run(scenario, options).kind;
    reached.state = harness.simulation().state_after_steps();
    return reached;
}

} // namespace

TEST_CASE("explore: alphabets have at most 40 letters, all different, and all words are valid scenarios") {
    for (unsigned connections = 1; connections <= k_most_explored_connections; ++connections) {
        const Alphabet alphabet(connections);
        CHECK(alphabet.letters().size() <= k_most_letters);
        CHECK(alphabet.letters().size() >= 30);
        std::set<std::string> texts;
        std::vector<std::uint8_t> word;
        for (unsigned i = 0; i < alphabet.letters().size(); ++i) {
            texts.insert(alphabet.letters()[i].text);
            word.push_back(static_cast<std::uint8_t>(i));
        }
        CHECK(texts.size() == alphabet.letters().size());
        Scenario scenario;
        alphabet.spell(word, scenario);
        const std::string text = print_scenario(scenario);
        const ParseResult parsed = parse_scenario(text, "word");
        REQUIRE(parsed.ok());
        CHECK(parsed.text().scenario == scenario);
    }
}

TEST_CASE(
    "explore: what comes in the place of a connection has a name of its own, and later letters mean it") {
    const Alphabet alphabet(1);
    std::uint8_t reopen = 0;
    std::uint8_t send = 0;
    for (unsigned i = 0; i < alphabet.letters().size(); ++i) {
        const auto letter = static_cast<std::uint8_t>(i);
        reopen = alphabet.letters()[i].text.starts_with("close a; open") ? letter : reopen;
        send = alphabet.letters()[i].text == "peer a send 1" ? letter : send;
    }
    Scenario scenario;
    alphabet.spell(std::vector<std::uint8_t>{send, reopen, send, reopen, send}, scenario);
    CHECK(print_scenario(scenario) ==
          "edgecase 1\nlisten c\nopen a tcp\nadd a connection\npeer a send 1\nclose a\n"
          "open d tcp\nadd d connection\npeer d send 1\nclose d\nopen e tcp\n"
          "add e connection\npeer e send 1\n");
}

TEST_CASE("explore: core stands every word of three letters, and few of them lead to a state of their own") {
    const Explored explored = explore_on(Sabotage::none, 2, 3);
    CHECK(explored.identities.empty());
    REQUIRE(explored.depths.size() == 3);
    for (const ExploredDepth& depth : explored.depths) {
        CHECK(depth.complete);
        CHECK(depth.findings == 0);
    }
    CHECK(explored.depths[0].transitions == Alphabet(2).letters().size());
    CHECK(explored.depths[1].transitions == explored.depths[0].states * Alphabet(2).letters().size());
    CHECK(explored.depths[2].states < explored.depths[2].transitions / 2);
}

TEST_CASE("explore: the same search is the same, and it can be stopped") {
    const Explored first = explore_on(Sabotage::none, 3, 2);
    const Explored second = explore_on(Sabotage::none, 3, 2);
    REQUIRE(first.depths.size() == 2);
    CHECK(first.depths[1].states == second.depths[1].states);
    unsigned asked = 0;
    ExploreHost host;
    std::vector<ExploredDepth> depths;
    host.depth_done = [&](const ExploredDepth& done) { depths.push_back(done); };
    host.found = [](const Scenario&, const Verdict&) { FAIL("core was found to be broken"); };
    host.may_go_on = [&] { return ++asked < 4; };
    const std::unique_ptr<Harness> harness = make_model_harness();
    explore(*harness, Alphabet(2), 9, host);
    REQUIRE(!depths.empty());
    CHECK(!depths.back().complete);
    CHECK(depths.size() < 9);
}

TEST_CASE("explore: a subject that is broken is found so") {
    CHECK(!explore_on(Sabotage::swallows_handlers, 1, 2).identities.empty());
    CHECK(!explore_on(Sabotage::swallows_notifies, 1, 2).identities.empty());
    CHECK(!explore_on(Sabotage::forgets_timers, 1, 2).identities.empty());
    CHECK(!explore_on(Sabotage::keeps_descriptors, 1, 1).identities.empty());
    CHECK(!explore_on(Sabotage::failed_add_sets_active, 1, 3).identities.empty());
}

// What is wrongly taken for the same state goes two ways from there on.
TEST_CASE("explore: from what it takes for one state, each letter leads to one state") {
    const Alphabet alphabet(2);
    const std::unique_ptr<Harness> harness = make_model_harness();
    std::map<std::pair<fake::StateHash, Alphabet::Names>, std::vector<std::uint8_t>> first_word;
    std::vector<std::vector<std::uint8_t>> words;
    const auto letters = static_cast<std::uint8_t>(alphabet.letters().size());
    for (std::uint8_t a = 0; a < letters; ++a) {
        words.push_back({a});
        for (std::uint8_t b = 0; b < letters; ++b) {
            words.push_back({a, b});
        }
    }
    unsigned met_again = 0;
    for (const std::vector<std::uint8_t>& word : words) {
        const Reached reached = reach(*harness, alphabet, word);
        REQUIRE(reached.state.has_value());
        const auto [met, is_new] = first_word.try_emplace({*reached.state, reached.names}, word);
        if (is_new) {
            continue;
        }
        ++met_again;
        for (std::uint8_t letter = 0; letter < letters; ++letter) {
            std::vector<std::uint8_t> one = met->second;
            std::vector<std::uint8_t> other = word;
            one.push_back(letter);
            other.push_back(letter);
            const Reached after_one = reach(*harness, alphabet, one);
            const Reached after_other = reach(*harness, alphabet, other);
            INFO(alphabet.letters()[word.front()].text << "; " << alphabet.letters()[word.back()].text << "; "
                                                       << alphabet.letters()[letter].text
                                                       << " (first: " << met->second.size() << " letters)");
            CHECK(after_one.verdict == after_other.verdict);
            CHECK((after_one.state == after_other.state || after_one.names != after_other.names));
        }
    }
    CHECK(met_again > 300);
}
