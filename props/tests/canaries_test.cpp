// Each invariant's canary: a checker that does not fire on its canary checks nothing.
#include "props/canaries.hpp"

#include "props/tests/catch.hpp"

using namespace edgecase;

TEST_CASE("oracle: every invariant fires on the subject that breaks it, and on no other") {
    const std::vector<CanaryResult> results = run_all_canaries();
    REQUIRE(results.size() == k_invariants);
    for (unsigned i = 0; i < k_invariants; ++i) {
        const CanaryResult& result = results[i];
        INFO(invariant_name(result.invariant) << ": a subject that " << result.sabotage);
        INFO("the verdict on it: " << result.verdict.violation.why);
        CHECK(static_cast<unsigned>(result.invariant) == i);
        CHECK(result.fired);
        CHECK(result.quiet);
    }
}

TEST_CASE("oracle: names of invariants are found again, and unknown ones are not") {
    for (const InvariantText& text : invariants()) {
        CHECK(invariant_named(text.name) == text.invariant);
    }
    CHECK_FALSE(invariant_named("no-such-invariant").has_value());
}
