// The profile by parts: which part a function is of, and that a run is seen in those that it goes through.
#include "fuzz/part_profile.hpp"

#include "fuzz/tests/catch.hpp"
#include "props/generate.hpp"
#include "props/harness.hpp"

using namespace edgecase;

TEST_CASE("part profile: a function belongs to a part by its name") {
    CHECK(part_of("edgecase::Oracle::check_wakeups()") == Part::oracle);
    CHECK(part_of("edgecase::fake::Model::harvest(unsigned int, int, edgecase::EpollEvent*, int)") ==
          Part::kernel_model);
    CHECK(part_of("edgecase::Status edgecase::Reactor<edgecase::fake::ScriptedKernel<edgecase::fake::"
                  "ModelBackend> >::init(edgecase::Options const&)") == Part::reactor);
    CHECK(part_of("edgecase::(anonymous namespace)::Decoder::read_step(unsigned char)") == Part::bytes);
    CHECK(part_of("edgecase::Mutator::mutate(edgecase::Scenario&)") == Part::mutation);
    CHECK(part_of("edgecase::Simulation::run(edgecase::Scenario const&, edgecase::RunOptions const&)") ==
          Part::simulation);
    CHECK(part_of("malloc") == Part::others);
}

#if defined(__x86_64__)
TEST_CASE("part profile: runs are met in the model, in the reactor, in the oracle and in the simulation") {
    const std::unique_ptr<Harness> harness = make_model_harness();
    constexpr unsigned k_most_rounds = 200;
    constexpr std::uint64_t k_enough = 400;
    std::array<std::uint64_t, k_parts> met{};
    std::uint64_t all = 0;
    for (unsigned round = 0; round < k_most_rounds && all < k_enough; ++round) {
        PartProfile profile;
        for (std::uint64_t seed = 0; seed < 500; ++seed) {
            harness->run(generate_scenario(seed, {}));
        }
        const std::array<std::uint64_t, k_parts> counts = profile.stop();
        for (unsigned part = 0; part < k_parts; ++part) {
            met[part] += counts[part];
            all += counts[part];
        }
    }
    REQUIRE(all >= k_enough);
    for (const Part part : {Part::kernel_model, Part::reactor, Part::oracle, Part::simulation}) {
        INFO(part_name(part));
        CHECK(met[static_cast<unsigned>(part)] > 0);
    }
}
#endif
