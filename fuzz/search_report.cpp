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
    tally_.add(hits, what);
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
        const std::optional<std::uint64_t> seen = tally_.first(text.point);
        page += fmt::format("{:<34} {:>12}  {}\n", text.name, tally_.runs(text.point),
                            seen ? fmt::format("{}", *seen) : "never");
        if (!seen) {
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
        nlohmann::ordered_json row{
            {"point", text.name}, {"runs", tally_.runs(text.point)}, {"first", nullptr}};
        if (const auto seen = tally_.first(text.point)) {
            row["first"] = *seen;
        }
        json["sometimes"].push_back(row);
    }
    json["findings"] = findings_;
    return json.dump(2) + "\n";
}

} // namespace edgecase
