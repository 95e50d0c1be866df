// What searches share: seeds on the command line, the page at the end, the smallest set that reaches as much.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fuzz/corpus_min.hpp"
#include "fuzz/search_report.hpp"
#include "fuzz/seed_range.hpp"
#include "fuzz/tests/catch.hpp"

using namespace edgecase;

TEST_CASE("seeds: a number, a range, or a commit's hash") {
    std::string error;
    CHECK(parse_seeds("7", error)->first == 7);
    CHECK(parse_seeds("7", error)->last == 7);
    CHECK(parse_seeds("3-90", error)->first == 3);
    CHECK(parse_seeds("3-90", error)->last == 90);
    CHECK(parse_seeds("18446744073709551615", error)->last == ~std::uint64_t{0});
    CHECK(parse_seeds("fb52a71", error)->first == 0xfb52a71);
    CHECK(parse_seeds("fb52a71000000000fb52a71000000000fb52a710", error)->first == 0xfb52a71000000000);
    for (const char* bad : {"", "-", "9-3", "1-", "-1", "1-2-3", "fb52a", "seed", "fb52a71g", "0x12",
                            "fb52a71000000000fb52a71000000000fb52a71000"}) {
        INFO(bad);
        CHECK_FALSE(parse_seeds(bad, error));
        CHECK(error.find("names no seeds: expected a number, A-B") != std::string::npos);
    }
}

TEST_CASE("report: what was never reached is named, as text and as JSON") {
    SearchReport report;
    SometimesHits hits{};
    report.add_run(hits, 4);
    hits[static_cast<unsigned>(Sometimes::no_memory)] = 1;
    report.add_run(hits, 5);
    report.add_run(hits, 6);
    report.add_finding("findings/a.scn");
    InvariantCounts exercised{};
    exercised.fill(2);
    exercised[static_cast<unsigned>(Invariant::echo_answers)] = 0;
    const std::string text = report.text(1.5, exercised, "first at seed");
    CHECK(text.starts_with("3 runs, 2 a second\n"));
    CHECK(text.find(fmt::format("invariants exercised: {} of {}; never: echo-answers\n", k_invariants - 1,
                                k_invariants)) != std::string::npos);
    CHECK(text.find("never: stale-in-read-half, ") != std::string::npos);
    CHECK(text.find("replay: ci/edgecase replay findings/a.scn\n1 findings\n") != std::string::npos);
    const nlohmann::json json = nlohmann::json::parse(report.json(1.5, exercised));
    CHECK(json["runs"] == 3);
    CHECK(json["runs_per_second"] == 2);
    CHECK(json["findings"] == nlohmann::json({"findings/a.scn"}));
    CHECK(json["invariants"].size() == k_invariants);
    for (const auto& row : json["sometimes"]) {
        const bool is_reached = row["point"] == "no-memory";
        CHECK(row["runs"] == (is_reached ? 2 : 0));
        CHECK(row["first"] == (is_reached ? nlohmann::json(5) : nlohmann::json()));
    }
}

TEST_CASE("corpus min: the smallest of those that bring the same, and nothing that others make superfluous") {
    const auto cover = [](std::vector<std::uint32_t> reached, std::size_t size) {
        return Coverage{std::move(reached), size};
    };
    CHECK(smallest_cover({}).empty());
    CHECK(smallest_cover({cover({}, 1)}).empty());
    CHECK(smallest_cover({cover({1, 2}, 9), cover({1, 2}, 3), cover({1, 2}, 3)}) ==
          std::vector<std::size_t>{1});
    CHECK(smallest_cover({cover({1}, 1), cover({2}, 1), cover({1, 2, 3}, 50)}) ==
          std::vector<std::size_t>{2});
    // Greedily the first is taken, and the two that are needed anyhow make up for it.
    CHECK(smallest_cover({cover({2, 3, 4, 5}, 1), cover({1, 2, 3}, 1), cover({4, 5, 6}, 1)}) ==
          std::vector<std::size_t>{1, 2});
}
