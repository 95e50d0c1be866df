#include "fuzz/mutator.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

using Steps = std::vector<Step>;

// Steps at the top, whose nested ones follow them.
std::size_t next_line(const Steps& steps, std::size_t line) {
    return line + 1 + steps[line].nested;
}

Steps::iterator at(Steps& steps, std::size_t index) {
    return steps.begin() + static_cast<std::ptrdiff_t>(index);
}

std::span<const Step> before(const Steps& steps, std::size_t index) {
    return {steps.data(), index};
}

} // namespace

void Mutator::mutate(Scenario& scenario) {
    const unsigned changes = 1 + random_.below(1 + random_.below(4));
    for (unsigned i = 0; i < changes; ++i) {
        change(scenario);
    }
}

void Mutator::change(Scenario& scenario) {
    if (scenario.steps.empty()) {
        insert_line(scenario);
        return;
    }
    switch (random_.below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: insert_line(scenario); break;
    case 5:
    case 6: drop_lines(scenario); break;
    case 7: copy_line(scenario); break;
    case 8:
    case 9: move_line(scenario); break;
    case 10:
    case 11:
    case 12: renew_step(scenario); break;
    case 13:
    case 14: retarget(scenario); break;
    case 15:
    case 16:
    case 17: grow_nested(scenario); break;
    case 18: drop_nested(scenario); break;
    default: change_config(scenario); break;
    }
}

std::size_t Mutator::pick_line(const Scenario& scenario) {
    // By step, so that a line with nested steps is picked more often than a plain one.
    const Steps& steps = scenario.steps;
    const std::size_t wanted = random_.below(steps.size());
    std::size_t line = 0;
    while (next_line(steps, line) <= wanted) {
        line = next_line(steps, line);
    }
    return line;
}

// The place of a line, or the end.
std::size_t Mutator::pick_gap(const Scenario& scenario) {
    return scenario.steps.empty() || random_.one_in(4) ? scenario.steps.size() : pick_line(scenario);
}

void Mutator::insert_line(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t gap = pick_gap(scenario);
    const Steps line = generate_line(random_.next(), before(steps, gap), focus_);
    if (steps.size() + line.size() <= k_most_steps) {
        steps.insert(at(steps, gap), line.begin(), line.end());
        configure_for_faults(scenario);
    }
}

void Mutator::drop_lines(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t first = pick_line(scenario);
    std::size_t end = next_line(steps, first);
    while (end < steps.size() && random_.one_in(3)) {
        end = next_line(steps, end);
    }
    steps.erase(at(steps, first), at(steps, end));
}

void Mutator::copy_line(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t from = pick_line(scenario);
    const std::size_t gap = pick_gap(scenario);
    const Steps line(at(steps, from), at(steps, next_line(steps, from)));
    if (steps.size() + line.size() <= k_most_steps) {
        steps.insert(at(steps, gap), line.begin(), line.end());
    }
}

void Mutator::move_line(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t from = pick_line(scenario);
    const std::size_t end = next_line(steps, from);
    const std::size_t gap = pick_gap(scenario);
    if (gap < from) {
        std::rotate(at(steps, gap), at(steps, from), at(steps, end));
    } else if (gap >= end) {
        std::rotate(at(steps, from), at(steps, end), at(steps, gap));
    }
}

// Other values for one step, nested or not.
void Mutator::renew_step(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t index = random_.below(steps.size());
    const std::uint32_t nested = steps[index].nested;
    steps[index] = generate_step_like(random_.next(), steps[index].kind, before(steps, index), focus_);
    steps[index].nested = nested;
}

// Another connection in its place: one that the scenario speaks of.
void Mutator::retarget(Scenario& scenario) {
    Steps& steps = scenario.steps;
    Step& step = steps[random_.below(steps.size())];
    const Step& other = steps[random_.below(steps.size())];
    if (has_name(step) && has_name(other)) {
        step.name = other.name;
        settle(step); // an entry of a scripted wait may be for none
    }
}

// A step more in a reaction or a scripted wait; where there is none, another one at a place.
void Mutator::grow_nested(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t line = pick_line(scenario);
    const Places inside = nested_places(steps[line].kind);
    if (inside == 0) {
        return;
    }
    if (steps[line].nested >= max_nested(steps[line].kind)) {
        const std::size_t index = line + 1 + random_.below(steps[line].nested);
        steps[index] = generate_nested(random_.next(), steps[line], before(steps, line), focus_);
        return;
    }
    if (steps.size() < k_most_steps) {
        const std::size_t index = line + 1 + random_.below(steps[line].nested + 1);
        // What this reaction has opened itself is of interest too.
        Steps known(steps.begin(), at(steps, line));
        known.insert(known.end(), at(steps, line + 1), at(steps, index));
        steps.insert(at(steps, index), generate_nested(random_.next(), steps[line], known, focus_));
        ++steps[line].nested;
    }
}

void Mutator::drop_nested(Scenario& scenario) {
    Steps& steps = scenario.steps;
    const std::size_t line = pick_line(scenario);
    if (steps[line].nested == 0 || nested_places(steps[line].kind) == k_at_place) {
        return;
    }
    steps.erase(at(steps, line + 1 + random_.below(steps[line].nested)));
    --steps[line].nested;
}

void Mutator::change_config(Scenario& scenario) {
    const ConfigLine& line = random_.pick(config_lines());
    if (line.number == nullptr) {
        scenario.config.*line.capability = !(scenario.config.*line.capability);
    } else {
        scenario.config.*line.value = random_.one_in(3)
                                          ? Config{}.*line.value
                                          : static_cast<std::uint32_t>(random_.pick(line.number->frequent));
    }
}

void Mutator::splice(Scenario& scenario, const Scenario& other) {
    Steps& steps = scenario.steps;
    steps.erase(at(steps, pick_gap(scenario)), steps.end());
    for (std::size_t line = pick_gap(other); line < other.steps.size(); line = next_line(other.steps, line)) {
        const std::size_t end = next_line(other.steps, line);
        if (steps.size() + end - line > k_most_steps) {
            break;
        }
        steps.insert(steps.end(), other.steps.begin() + static_cast<std::ptrdiff_t>(line),
                     other.steps.begin() + static_cast<std::ptrdiff_t>(end));
    }
}

} // namespace edgecase
