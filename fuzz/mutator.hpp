// Changes scenarios by meaning, where an engine would change bytes: a line more, a line less, a line elsewhere, other
// values, another connection, a longer reaction, the end of one scenario behind the beginning of another. Whatever
// comes out is valid. A pure function of the seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "props/generate.hpp"
#include "props/random.hpp"
#include "props/scenario.hpp"

namespace edgecase {

class Mutator {
public:
    // A scenario longer than that does not grow.
    static constexpr std::size_t k_most_steps = 128; // nested ones included

    // focus: what the lines that it makes are mostly about.
    explicit Mutator(std::uint64_t seed, Focus focus = Focus::module) : random_(seed), focus_(focus) {}

    // Makes a few changes; now and then one of them changes nothing.
    void mutate(Scenario& scenario);

    // The first lines of `scenario`, then lines of `other`.
    void splice(Scenario& scenario, const Scenario& other);

private:
    void change(Scenario& scenario);

    [[nodiscard]] std::size_t pick_line(const Scenario& scenario);
    [[nodiscard]] std::size_t pick_gap(const Scenario& scenario);

    void insert_line(Scenario& scenario);
    void drop_lines(Scenario& scenario);
    void copy_line(Scenario& scenario);
    void move_line(Scenario& scenario);
    void renew_step(Scenario& scenario);
    void retarget(Scenario& scenario);
    void grow_nested(Scenario& scenario);
    void drop_nested(Scenario& scenario);
    void change_config(Scenario& scenario);

    Random random_;
    Focus focus_;
};

} // namespace edgecase
