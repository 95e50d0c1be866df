// What is kept of a finding, where, and how often.
#include "fuzz/findings.hpp"

#include <filesystem>

#include "fuzz/tests/catch.hpp"
#include "fuzz/tests/folder.hpp"
#include "props/canaries.hpp"
#include "props/scenario_text.hpp"

using namespace edgecase;

namespace {

namespace fs = std::filesystem;

class Findings : public Folder {
public:
    [[nodiscard]] KeptFinding keep(Harness& harness, const std::string& steps) const {
        const ParseResult parsed = parse_scenario("edgecase 1\n" + steps, "test");
        REQUIRE(parsed);
        const Scenario scenario = parsed.text().scenario;
        const Verdict met = harness.run(scenario);
        REQUIRE(met.kind == Verdict::Kind::finding);
        return keep_finding(harness, scenario, met, path());
    }
};

const std::string k_long =
    "open a tcp\ntime 5ms\nopen b unix\nadd b read\npeer b send 64\nclose a\nread b all\n";

} // namespace

TEST_CASE("findings: the shrunk one has the name of what broke, and the original stands beside it") {
    const Findings findings;
    const std::unique_ptr<Harness> broken = make_broken_harness(Sabotage::loses_a_byte);
    const KeptFinding kept = findings.keep(*broken, k_long);
    CHECK(kept.error.empty());
    CHECK(kept.is_new);
    CHECK(kept.file == findings.path("bytes-conserved-at-read.scn"));
    const std::string shrunk = findings.read("bytes-conserved-at-read.scn");
    CHECK(shrunk.starts_with("edgecase 1\n# breaks bytes-conserved\n# "));
    CHECK(shrunk.ends_with("\nopen a unix\npeer a send 2\nread a all\n"));
    const std::string original = findings.read("bytes-conserved-at-read.original.scn");
    CHECK(original.starts_with("edgecase 1\n# breaks bytes-conserved\n# "));
    CHECK(original.ends_with(k_long));
}

TEST_CASE("findings: the same one is kept once, and nothing is overwritten") {
    const Findings findings;
    const std::unique_ptr<Harness> broken = make_broken_harness(Sabotage::loses_a_byte);
    (void)findings.keep(*broken, k_long);
    const std::string first = findings.read("bytes-conserved-at-read.scn");
    const KeptFinding again = findings.keep(*broken, "open a tcp\npeer a send 7\nread a all\n");
    CHECK_FALSE(again.is_new);
    CHECK(again.error.empty());
    CHECK(again.file == findings.path("bytes-conserved-at-read.scn"));
    CHECK(findings.count() == 2);
    CHECK(findings.read("bytes-conserved-at-read.scn") == first);

    // A file of that name that is no such finding any more.
    fs::remove(findings.path("bytes-conserved-at-read.scn"));
    findings.write("bytes-conserved-at-read.scn", "edgecase 1\nopen a unix\n");
    const KeptFinding second = findings.keep(*broken, k_long);
    CHECK(second.is_new);
    CHECK(second.file == findings.path("bytes-conserved-at-read-2.scn"));
    CHECK(findings.read("bytes-conserved-at-read.scn") == "edgecase 1\nopen a unix\n");
    CHECK(findings.read("bytes-conserved-at-read-2.scn") == first);
}

TEST_CASE("findings: what cannot be written is said") {
    const std::unique_ptr<Harness> broken = make_broken_harness(Sabotage::keeps_descriptors);
    Scenario scenario;
    scenario.steps.resize(1);
    scenario.steps[0].kind = StepKind::open;
    const Verdict met = broken->run(scenario);
    REQUIRE(met.kind == Verdict::Kind::finding);
    const KeptFinding kept = keep_finding(*broken, scenario, met, "/dev/null");
    CHECK_FALSE(kept.is_new);
    CHECK(kept.error.find("cannot be written") != std::string::npos);
}
