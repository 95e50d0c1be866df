// explore: every scenario of a small scope, the shorter ones first.
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "fuzz/findings.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/explore.hpp"

namespace edgecase {

namespace {

void print_alphabet(const Alphabet& alphabet) {
    fmt::print("begins with: {}\nthen {} letters ({}):\n", alphabet.beginning().text,
               alphabet.letters().size(), alphabet.legend());
    for (const Letter& letter : alphabet.letters()) {
        fmt::print("  {}\n", letter.text);
    }
}

} // namespace

int explore_scope(const ExploreVerbOptions& options) {
    using Clock = std::chrono::steady_clock;
    const Alphabet alphabet(options.connections);
    print_alphabet(alphabet);
    fmt::print("\n{:>5} {:>13} {:>11} {:>11} {:>9} {:>8}\n", "depth", "transitions", "new states", "misuse",
               "findings", "seconds");
    const std::unique_ptr<Harness> harness = make_model_harness();
    const std::unique_ptr<Harness> shrinking =
        make_model_harness(); // the other one's state is still to be read
    const auto began = Clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
    std::uint64_t states = 1; // the one in which everything begins
    std::uint64_t transitions = 0;
    unsigned complete = 0;
    std::set<std::string> files;
    ExploreHost host;
    host.may_go_on = [&] { return seconds() < options.seconds; };
    host.found = [&](const Scenario& scenario, const Verdict& verdict) {
        const KeptFinding kept = keep_finding(*shrinking, scenario, verdict, findings_folder());
        if (files.insert(kept.file).second) {
            report_finding(stdout, kept);
        }
    };
    host.depth_done = [&](const ExploredDepth& done) {
        states += done.states;
        transitions += done.transitions;
        complete = done.complete ? done.depth : complete;
        fmt::print("{:>5} {:>13} {:>11} {:>11} {:>9} {:>8.1f}{}\n", done.depth, done.transitions, done.states,
                   done.misused, done.findings, seconds(),
                   done.complete ? "" : "  not complete: out of time");
        std::fflush(stdout);
    };
    explore(*harness, alphabet, options.depth, host);
    fmt::print("\n{} states, {} transitions, complete to depth {}; {} findings\n", states, transitions,
               complete, files.size());
    return files.empty() ? k_exit_pass : k_exit_finding;
}

} // namespace edgecase
