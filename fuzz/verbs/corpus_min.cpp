// corpus min: copies of as few scenarios as reach what all of them reach.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "fuzz/corpus_min.hpp"
#include "fuzz/scenario_files.hpp"
#include "fuzz/trace_pairs.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/harness.hpp"
#include "props/sometimes.hpp"

namespace edgecase {

namespace {

namespace fs = std::filesystem;

// Things that a run can reach, numbered one behind the other.
constexpr std::uint32_t k_first_pair = k_sometimes;
constexpr std::uint32_t k_first_invariant = k_first_pair + TracePairs::k_counters;

class Looker {
public:
    Coverage look(const Scenario& scenario) {
        const InvariantCounts before = harness_->simulation().exercised();
        harness_->run(scenario);
        const std::span<const fake::Record> records = harness_->simulation().trace().records();
        SometimesHits hits{};
        recogniser_.look(records, scenario, hits);
        pairs_.fill(0);
        TracePairs::count(records, pairs_);
        Coverage coverage;
        for (std::uint32_t point = 0; point < k_sometimes; ++point) {
            add(coverage, point, hits[point] != 0);
        }
        for (std::uint32_t pair = 0; pair < TracePairs::k_counters; ++pair) {
            add(coverage, k_first_pair + pair, pairs_[pair] != 0);
        }
        const InvariantCounts& after = harness_->simulation().exercised();
        for (std::uint32_t invariant = 0; invariant < k_invariants; ++invariant) {
            add(coverage, k_first_invariant + invariant, after[invariant] != before[invariant]);
        }
        return coverage;
    }

private:
    static void add(Coverage& coverage, std::uint32_t what, bool is_reached) {
        if (is_reached) {
            coverage.reached.push_back(what);
        }
    }

    std::unique_ptr<Harness> harness_ = make_model_harness();
    SometimesRecogniser recogniser_;
    TracePairs::Counters pairs_{};
};

// Where the copy goes: folders become part of the name, so that nothing collides.
std::string copy_of(const std::string& out, const std::string& file) {
    std::string name = fs::path(file).lexically_normal().string();
    for (char& c : name) {
        c = c == '/' ? '_' : c;
    }
    return (fs::path(out) / name).string();
}

} // namespace

int minimise_corpus(const CorpusMinOptions& options) {
    std::vector<std::string> files;
    std::string error;
    if (!find_scenario_files(options.paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    Looker looker;
    std::vector<Coverage> all;
    std::vector<std::string> contents;
    for (const std::string& file : files) {
        const std::optional<LoadedScenario> loaded = load_scenario(file, error);
        const std::optional<std::string> bytes = loaded ? read_file(file, error) : std::nullopt;
        if (!bytes) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
        all.push_back(looker.look(loaded->text.scenario));
        all.back().size = loaded->text.scenario.steps.size();
        contents.push_back(*bytes);
    }
    const std::vector<std::size_t> chosen = smallest_cover(all);
    for (const std::size_t index : chosen) {
        if (!write_new_file(copy_of(options.out, files[index]), contents[index], error)) {
            fmt::print(stderr, "edgecase: {}\n", error);
            return k_exit_unusable;
        }
    }
    fmt::print("{} of {} scenarios reach what all of them do; they are in {}\n", chosen.size(), files.size(),
               options.out);
    return k_exit_pass;
}

} // namespace edgecase
