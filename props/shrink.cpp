#include "props/shrink.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <span>
#include <utility>
#include <vector>

#include "props/generate.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

using Steps = std::vector<Step>;
using Names = std::bitset<k_max_names>;

constexpr std::uint64_t k_effort_of_a_run = 16; // besides its steps and calls

Steps::iterator at(Steps& steps, std::size_t index) {
    return steps.begin() + static_cast<std::ptrdiff_t>(index);
}

// The places of the lines: steps at the top, whose nested ones follow them. The end of the last is there too.
std::vector<std::size_t> lines_of(const Steps& steps) {
    std::vector<std::size_t> lines;
    for (std::size_t line = 0; line < steps.size(); line += 1 + steps[line].nested) {
        lines.push_back(line);
    }
    lines.push_back(steps.size());
    return lines;
}

// Calls act(field) for each field of the step that names a connection.
template <typename Act> void for_each_name(const Step& step, Act act) {
    for (const Element& element : step_shape(step.kind).pattern) {
        if (element.kind == ElementKind::name) {
            act(element.field);
        } else if (element.kind == ElementKind::target &&
                   static_cast<WaitEntry>(step.choice) == WaitEntry::name) {
            act(Field::name);
        }
    }
}

Names names_of(std::span<const Step> steps) {
    Names names;
    for (const Step& step : steps) {
        for_each_name(step, [&](Field field) { names.set(field_of(step, field) % k_max_names); });
    }
    return names;
}

class Shrinker {
public:
    Shrinker(Harness& harness, const Scenario& scenario, std::uint64_t effort)
        : harness_(harness), best_(scenario), effort_(effort) {}

    std::optional<Shrunk> run() {
        verdict_ = harness_.run(best_);
        if (verdict_.kind != Verdict::Kind::finding) {
            twice_ = true;
            verdict_ = harness_.run_twice(best_);
        }
        if (verdict_.kind != Verdict::Kind::finding) {
            return std::nullopt;
        }
        identity_ = identity_of(verdict_, best_);
        bool changed = true;
        while (changed && effort_ > 0) {
            changed = drop_tail();
            changed = drop_unrelated() || changed;
            changed = drop_unreached() || changed;
            changed = drop_lines() || changed;
            changed = unwrap_places() || changed;
            changed = drop_nested() || changed;
            changed = simplify_config() || changed;
            changed = simplify_steps() || changed;
            changed = rename() || changed;
        }
        return Shrunk{std::move(best_), std::move(verdict_), runs_};
    }

private:
    // Whether the candidate is the same finding and needs no more; it is the best one then.
    bool take(Scenario&& candidate) {
        if (effort_ == 0) {
            return false;
        }
        const Verdict& verdict = twice_ ? harness_.run_twice(candidate) : harness_.run(candidate);
        ++runs_;
        effort_ -= std::min(effort_, candidate.steps.size() + verdict.calls + k_effort_of_a_run);
        if (verdict.kind != Verdict::Kind::finding || !(identity_of(verdict, candidate) == identity_) ||
            verdict.faults > verdict_.faults || (verdict.misuse && !verdict_.misuse)) {
            return false;
        }
        best_ = std::move(candidate);
        verdict_ = verdict;
        return true;
    }

    bool drop_tail() {
        const std::size_t failing = verdict_.violation.step;
        if (failing >= best_.steps.size()) {
            return false;
        }
        const std::vector<std::size_t> lines = lines_of(best_.steps);
        const std::size_t end = *std::upper_bound(lines.begin(), lines.end(), failing);
        if (end == best_.steps.size()) {
            return false;
        }
        Scenario candidate = best_;
        candidate.steps.resize(end);
        return take(std::move(candidate));
    }

    // Keeps the lines that speak of the failing line's connections, then also of those that these speak of, and so
    // on; and the lines that speak of none.
    bool drop_unrelated() {
        const std::vector<std::size_t> lines = lines_of(best_.steps);
        const auto names_in = [&](std::size_t line) {
            return names_of(std::span(best_.steps).subspan(lines[line], lines[line + 1] - lines[line]));
        };
        Names related;
        for (std::size_t line = 0; line + 1 < lines.size(); ++line) {
            if (lines[line] == verdict_.violation.step) {
                related = names_in(line);
            }
        }
        for (;;) {
            Scenario candidate;
            candidate.config = best_.config;
            Names grown = related;
            for (std::size_t line = 0; line + 1 < lines.size(); ++line) {
                const Names names = names_in(line);
                if (names.none() || (names & related).any()) {
                    candidate.steps.insert(candidate.steps.end(), at(best_.steps, lines[line]),
                                           at(best_.steps, lines[line + 1]));
                    grown |= names;
                }
            }
            if (candidate.steps.size() == best_.steps.size()) {
                return false;
            }
            if (take(std::move(candidate))) {
                return true;
            }
            if (grown == related) {
                return false;
            }
            related = grown;
        }
    }

    bool drop_unreached() {
        if (verdict_.unreached.empty()) {
            return false;
        }
        std::vector<std::size_t> unreached;
        for (const Unreached& one : verdict_.unreached) {
            unreached.push_back(one.step);
        }
        std::sort(unreached.rbegin(), unreached.rend());
        unreached.erase(std::unique(unreached.begin(), unreached.end()), unreached.end());
        Scenario candidate = best_;
        for (const std::size_t step : unreached) {
            candidate.steps.erase(at(candidate.steps, step),
                                  at(candidate.steps, step + 1 + candidate.steps[step].nested));
        }
        return take(std::move(candidate));
    }

    // Halves first, single lines at last, from the end on: what comes later depends on what was before.
    bool drop_lines() {
        bool changed = false;
        for (std::size_t size = (lines_of(best_.steps).size()) / 2; size > 0; size /= 2) {
            std::vector<std::size_t> lines = lines_of(best_.steps);
            for (std::size_t end = lines.size() - 1; end > 0 && effort_ > 0;) {
                const std::size_t first = end > size ? end - size : 0;
                Scenario candidate = best_;
                candidate.steps.erase(at(candidate.steps, lines[first]), at(candidate.steps, lines[end]));
                if (take(std::move(candidate))) {
                    changed = true;
                    lines = lines_of(best_.steps);
                }
                end = first;
            }
        }
        return changed;
    }

    // A step at a place, on a line of its own.
    bool unwrap_places() {
        bool changed = false;
        for (std::size_t line = 0; line < best_.steps.size(); line += 1 + best_.steps[line].nested) {
            if (nested_places(best_.steps[line].kind) == k_at_place) {
                Scenario candidate = best_;
                candidate.steps.erase(at(candidate.steps, line));
                changed = take(std::move(candidate)) || changed;
            }
        }
        return changed;
    }

    bool drop_nested() {
        bool changed = false;
        for (std::size_t line = 0; line < best_.steps.size(); line += 1 + best_.steps[line].nested) {
            if (nested_places(best_.steps[line].kind) == k_at_place) {
                continue;
            }
            for (std::uint32_t size = best_.steps[line].nested; size > 0; size /= 2) {
                for (std::uint32_t end = best_.steps[line].nested; end > 0;) {
                    const std::uint32_t first = end > size ? end - size : 0;
                    Scenario candidate = best_;
                    candidate.steps.erase(at(candidate.steps, line + 1 + first),
                                          at(candidate.steps, line + 1 + end));
                    candidate.steps[line].nested -= end - first;
                    changed = take(std::move(candidate)) || changed;
                    end = first;
                }
            }
        }
        return changed;
    }

    bool simplify_config() {
        bool changed = false;
        for (bool again = true; again;) {
            again = false;
            for (const Config& config : simpler_configs(best_.config)) {
                Scenario candidate = best_;
                candidate.config = config;
                if (take(std::move(candidate))) {
                    again = changed = true;
                    break;
                }
            }
        }
        return changed;
    }

    // Names are left to rename(): one step that speaks of another connection is another scenario.
    bool simplify_steps() {
        bool changed = false;
        for (std::size_t index = 0; index < best_.steps.size(); ++index) {
            for (bool again = true; again;) {
                again = false;
                for (const Step& step : simpler_steps(best_.steps[index])) {
                    if (names_of(std::span(&step, 1)) != names_of(std::span(&best_.steps[index], 1))) {
                        continue;
                    }
                    Scenario candidate = best_;
                    candidate.steps[index] = step;
                    if (take(std::move(candidate))) {
                        again = changed = true;
                        break;
                    }
                }
            }
        }
        return changed;
    }

    // The first connection that the text speaks of is a, the next one b, and so on.
    bool rename() {
        std::array<int, k_max_names> to{};
        to.fill(-1);
        int next = 0;
        Scenario candidate = best_;
        for (Step& step : candidate.steps) {
            for_each_name(step, [&](Field field) {
                int& name = to[field_of(step, field) % k_max_names];
                if (name < 0) {
                    name = next++;
                }
                set_field(step, field, static_cast<std::uint64_t>(name));
            });
        }
        return !(candidate == best_) && take(std::move(candidate));
    }

    Harness& harness_;
    Scenario best_;
    Verdict verdict_; // of the best one
    FindingIdentity identity_;
    bool twice_ = false;
    std::uint64_t effort_;
    std::uint64_t runs_ = 0;
};

} // namespace

FindingIdentity identity_of(const Verdict& verdict, const Scenario& scenario) {
    FindingIdentity identity;
    identity.invariant = verdict.violation.invariant;
    if (verdict.violation.step < scenario.steps.size()) {
        identity.step = scenario.steps[verdict.violation.step].kind;
    }
    return identity;
}

std::string identity_text(const FindingIdentity& identity) {
    std::string text(invariant_name(identity.invariant));
    text += "-at";
    if (!identity.step) {
        return text + "-tear-down";
    }
    for (const Element& element : step_shape(*identity.step).pattern) {
        if (element.kind == ElementKind::word && element.text.size() > 1) { // not `:` and `.`
            text += '-';
            text += element.text;
        }
    }
    return text;
}

std::optional<Shrunk> shrink_finding(Harness& harness, const Scenario& scenario, std::uint64_t effort) {
    return Shrinker(harness, scenario, effort).run();
}

} // namespace edgecase
