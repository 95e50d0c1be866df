#include "props/explore.hpp"

#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

// {0}: the connection; {1}: the next one, round the end; {2} and {3}: what comes in their places. The first ones matter
// most: where there are many connections, each has fewer letters.
constexpr const char* k_of_each[] = {
    "peer {0} send 1",
    "on {0}.read: close {1}; open {3} tcp; add {3} connection",
    "peer {0} reset",
    "on {0}.read: close {0}",
    "close {0}; open {2} tcp; add {2} connection",
    "close {0}",
    "timer {0}.read 10ms",
    "post {0}.read",
    "peer {0} shutdown write",
    "on {0}.write: close {0}",
};

// {0}: the first connection; {4}: the listener; {5}: a client that comes.
constexpr const char* k_common[] = {
    "process 0ms",
    "process 0ms post; run accepted; run posted",
    "time 10ms; process 0ms update; run timers",
    "run idle",
    "notify 1",
    "on notify 1: close {0}",
    "client {5} to {4}",
    "wait order reverse",
    "wait at_most 1",
    "alarm",
    "done; init",
    "fail epoll_ctl 1 ENOMEM",
    "fail epoll_wait 1 EINTR",
    "fail recv 1 EINTR",
    "fail accept4 1 EMFILE",
    "fail accept4 1 ECONNABORTED",
};
// With more connections there is no room for these.
constexpr const char* k_of_few[] = {
    "fail recv 1 ECONNRESET",
    "fail write 1 EAGAIN",
    "fail close 1 EIO",
    "fail accept4 1 EAGAIN",
};

constexpr unsigned k_go_on_every = 256; // runs between two looks at whether the search may go on

// Steps of a reaction are one line; of any other letter each has its own.
Letter parse_letter(const std::string& text) {
    std::string lines = "edgecase 1\n";
    const bool is_reaction = text.compare(0, 3, "on ") == 0;
    for (const char character : text) {
        lines += character == ';' && !is_reaction ? '\n' : character;
    }
    lines += '\n';
    ParseResult parsed = parse_scenario(lines, "alphabet");
    EDGECASE_CHECK(parsed.ok(), "a letter of the alphabet is none of the language");
    return {text, std::move(parsed.text().scenario.steps)};
}

} // namespace

// In the letters the first names are the connections, the next ones what comes in their places, then the listener, then
// the client that comes.
Alphabet::Alphabet(unsigned connections) : connections_(connections) {
    EDGECASE_CHECK(connections >= 1 && connections <= k_most_explored_connections,
                   "so many connections are not explored", connections);
    std::string beginning = "listen " + name_text(listener());
    for (unsigned i = 0; i < connections; ++i) {
        const std::string name = name_text(static_cast<Name>(i));
        beginning += fmt::format("; open {0} tcp; add {0} connection", name);
    }
    beginning_ = parse_letter(beginning);
    for (const char* form : k_common) {
        add(form, 0);
    }
    for (const char* form : k_of_each) {
        for (unsigned i = 0; i < connections && letters_.size() + connections - i <= k_most_letters; ++i) {
            add(form, i);
        }
    }
    for (const char* form : k_of_few) {
        if (letters_.size() < k_most_letters) {
            add(form, 0);
        }
    }
}

void Alphabet::add(const char* form, unsigned connection) {
    const unsigned next = (connection + 1) % connections_;
    const auto name = [](unsigned number) { return name_text(static_cast<Name>(number)); };
    letters_.push_back(parse_letter(fmt::format(fmt::runtime(form), name(connection), name(next),
                                                name(connections_ + connection), name(connections_ + next),
                                                name_text(listener()), name(listener() + 1U))));
}

std::string Alphabet::legend() const {
    return fmt::format(
        "{} to {} are the connections, {} to {} new ones in their places, {} is the listener, {} a client",
        name_text(0), name_text(static_cast<Name>(connections_ - 1)),
        name_text(static_cast<Name>(connections_)), name_text(static_cast<Name>(2 * connections_ - 1)),
        name_text(listener()), name_text(static_cast<Name>(listener() + 1)));
}

Alphabet::Names Alphabet::spell(std::span<const std::uint8_t> word, Scenario& scenario) const {
    scenario.steps = beginning_.steps;
    Names current{};
    for (unsigned i = 0; i < connections_; ++i) {
        current[i] = static_cast<Name>(i);
    }
    unsigned next_name = listener() + 1U;
    for (const std::uint8_t number : word) {
        std::array<int, k_most_explored_connections> fresh{};
        fresh.fill(-1);
        int client = -1;
        const auto next = [&](int& name) {
            if (name < 0) {
                name = static_cast<int>(next_name++);
            }
            return static_cast<Name>(name);
        };
        for (Step step : letters_[number].steps) {
            if (!has_name(step)) {
                // it is about nobody
            } else if (step.name > listener()) {
                step.name = next(client);
            } else if (step.name < connections_) {
                step.name = current[step.name];
            } else if (step.name < listener()) {
                step.name = next(fresh[step.name - connections_]);
            }
            scenario.steps.push_back(step);
        }
        for (unsigned i = 0; i < connections_; ++i) {
            if (fresh[i] >= 0) {
                current[i] = static_cast<Name>(fresh[i]);
            }
        }
    }
    return current;
}

namespace {

using Word = std::vector<std::uint8_t>;

class Search {
public:
    Search(Harness& harness, const Alphabet& alphabet, const ExploreHost& host)
        : harness_(harness), alphabet_(alphabet), host_(host) {
        options_.tell_state = true;
        try_word({}, first_);
        words_.emplace_back();
    }

    // All words that are a letter longer than those it went on with before. False: it may not go on.
    bool deeper(unsigned depth) {
        ExploredDepth done;
        done.depth = depth;
        done.complete = true;
        std::vector<Word> longer;
        for (const Word& word : words_) {
            if (!done.complete) {
                break;
            }
            for (unsigned letter = 0; letter < alphabet_.letters().size(); ++letter) {
                if (done.transitions % k_go_on_every == 0 && !host_.may_go_on()) {
                    done.complete = false;
                    break;
                }
                Word next = word;
                next.push_back(static_cast<std::uint8_t>(letter));
                if (try_word(next, done)) {
                    longer.push_back(std::move(next));
                }
            }
        }
        words_ = std::move(longer);
        host_.depth_done(done);
        return done.complete && !words_.empty();
    }

private:
    // Whether it leads to a state that nobody has been in.
    bool try_word(const Word& word, ExploredDepth& done) {
        const Alphabet::Names names = alphabet_.spell(word, scenario_);
        const Verdict& verdict = harness_.run(scenario_, options_);
        ++done.transitions;
        const auto state = harness_.simulation().state_after_steps();
        if (verdict.kind == Verdict::Kind::finding) {
            ++done.findings;
            host_.found(scenario_, verdict);
            return false;
        }
        if (verdict.misuse) {
            ++done.misused;
            return false;
        }
        const bool is_new = state.has_value() && states_.emplace(*state, names).second;
        done.states += is_new;
        return is_new;
    }

    Harness& harness_;
    const Alphabet& alphabet_;
    const ExploreHost& host_;
    RunOptions options_;
    Scenario scenario_;
    ExploredDepth first_;
    std::vector<Word> words_; // that are gone on with, all of one length
    std::set<std::pair<fake::StateHash, Alphabet::Names>> states_;
};

} // namespace

void explore(Harness& harness, const Alphabet& alphabet, unsigned depth, const ExploreHost& host) {
    Search search(harness, alphabet, host);
    for (unsigned reached = 1; reached <= depth && search.deeper(reached); ++reached) {
    }
}

} // namespace edgecase
