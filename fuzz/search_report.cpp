#include "fuzz/search_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace edgecase {

namespace {

std::uint64_t a_second(std::uint64_t runs, double seconds) {
    return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(runs) / seconds) : 0;
}

// `sometimes points: 40 of 66; never: a, b`
std::string reached_text(const std::string& title, std::size_t all,
                         const std::vector<std::string_view>& never) {
    return fmt::format("{}: {} of {}{}\n", title, all - never.size(), all,
                       never.empty() ? "" : fmt::format("; never: {}", fmt::join(never, ", ")));
}

} // namespace

void SearchReport::add_run(const SometimesHits& hits, std::uint64_t what) {
    ++runs_;
    for (unsigned point = 0; point < k_sometimes; ++point) {
        if (hits[point] != 0 && reached_[point]++ == 0) {
            first_[point] = what;
        }
    }
}

std::string SearchReport::text(double seconds, const InvariantCounts& exercised,
                               const std::string& first) const {
    std::string page = fmt::format("{} runs, {} a second\n\n{:<34} {:>12}\n", runs_, a_second(runs_, seconds),
                                   "invariant", "exercised");
    std::vector<std::string_view> never_exercised;
    for (const InvariantText& text : invariants()) {
        const std::uint64_t count = exercised[static_cast<unsigned>(text.invariant)];
        page += fmt::format("{:<34} {:>12}\n", text.name, count);
        if (count == 0) {
            never_exercised.push_back(text.name);
        }
    }
    page += fmt::format("\n{:<34} {:>12}  {}\n", "sometimes point", "runs", first);
    std::vector<std::string_view> never_reached;
    for (const SometimesText& text : sometimes_points()) {
        const auto point = static_cast<unsigned>(text.point);
        page += fmt::format("{:<34} {:>12}  {}\n", text.name, reached_[point],
                            reached_[point] == 0 ? "never" : fmt::format("{}", first_[point]));
        if (reached_[point] == 0) {
            never_reached.push_back(text.name);
        }
    }
    page += "\n" + reached_text("invariants exercised", k_invariants, never_exercised);
    page += reached_text("sometimes points", k_sometimes, never_reached);
    for (const std::string& file : findings_) {
        page += fmt::format("finding: {}\n  replay: ci/edgecase replay {}\n", file, file);
    }
    return page + fmt::format("{} findings\n", findings_.size());
}

std::string SearchReport::json(double seconds, const InvariantCounts& exercised) const {
    nlohmann::ordered_json json;
    json["runs"] = runs_;
    json["seconds"] = seconds;
    json["runs_per_second"] = a_second(runs_, seconds);
    json["invariants"] = nlohmann::ordered_json::array();
    for (const InvariantText& text : invariants()) {
        json["invariants"].push_back(
            {{"invariant", text.name}, {"exercised", exercised[static_cast<unsigned>(text.invariant)]}});
    }
    json["sometimes"] = nlohmann::ordered_json::array();
    for (const SometimesText& text : sometimes_points()) {
        const auto point = static_cast<unsigned>(text.point);
        nlohmann::ordered_json row{{"point", text.name}, {"runs", reached_[point]}, {"first", nullptr}};
        if (reached_[point] != 0) {
            row["first"] = first_[point];
        }
        json["sometimes"].push_back(row);
    }
    json["findings"] = findings_;
    return json.dump(2) + "\n";
}

} // namespace edgecase
