// Exploration: every scenario of a small scope. Some connections and a listener stand at the beginning; from there on each
// step is a letter of an alphabet of at most 40, and all words are tried, the shorter ones first. Of two words that lead to
// the same state (kernel, reactor, pending reactions and faults, what the oracle remembers) only the first is gone on with,
// so that no state is visited twice. A word is not gone on with either if it breaks the module's contract, for little can
// be judged behind that, or if it breaks an invariant.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "props/harness.hpp"
#include "props/scenario.hpp"
#include "props/verdict.hpp"

namespace edgecase {

inline constexpr unsigned k_most_letters = 40;
inline constexpr unsigned k_most_explored_connections = 3;
inline constexpr unsigned k_deepest = 16;

// A letter as it is printed, and its steps. Names stand for places in them (Alphabet::legend()).
struct Letter {
    std::string text;
    std::vector<Step> steps;
};

class Alphabet {
public:
    // connections: 1 to k_most_explored_connections.
    explicit Alphabet(unsigned connections);

    [[nodiscard]] const std::vector<Letter>& letters() const { return letters_; }
    [[nodiscard]] const Letter& beginning() const { return beginning_; }
    // What the names in the letters mean.
    [[nodiscard]] std::string legend() const;

    // The scenario of a word: letters by their numbers. A name is one connection and never another, so what comes in the
    // place of a connection has the next free name; which name each has in the end is what further letters speak of.
    using Names = std::array<Name, k_most_explored_connections>;
    Names spell(std::span<const std::uint8_t> word, Scenario& scenario) const;

private:
    void add(const char* form, unsigned connection);
    [[nodiscard]] Name listener() const { return static_cast<Name>(2 * connections_); }

    unsigned connections_;
    Letter beginning_;
    std::vector<Letter> letters_;
};

struct ExploredDepth {
    unsigned depth = 0;
    std::uint64_t transitions = 0; // runs of words of that length
    std::uint64_t states = 0;      // that were met for the first time
    std::uint64_t misused = 0;     // words that broke the module's contract
    std::uint64_t findings = 0;
    bool complete = false; // every word of that length that goes on from a new state was tried
};

struct ExploreHost {
    std::function<void(const ExploredDepth&)> depth_done; // complete, or as far as it came
    std::function<void(const Scenario&, const Verdict&)> found;
    std::function<bool()> may_go_on; // asked now and then
};

// Words up to that length. The model's harness.
void explore(Harness& harness, const Alphabet& alphabet, unsigned depth, const ExploreHost& host);

} // namespace edgecase
