#include "props/scenario_valid.hpp"

#include "props/scenario_language.hpp"

namespace edgecase {
namespace {

constexpr Field k_fields[] = {Field::name, Field::choice, Field::flags, Field::call, Field::count,
                              Field::back, Field::error,  Field::mask,  Field::value};

// Whether the part of the line can be written: a value out of bounds has no text.
bool element_holds(const Element& element, const Step& step) {
    switch (element.kind) {
    case ElementKind::number: {
        const std::uint64_t value = field_of(step, element.field);
        const bool written = ((element.only_with >> step.choice) & 1U) != 0;
        return written ? element.number->holds(value) : value == 0;
    }
    case ElementKind::times: return element.number->holds(step.value);
    case ElementKind::choice:
    case ElementKind::target: return step.choice < element.words.size();
    case ElementKind::flags: return (step.flags & ~element.flags_for[step.choice]) == 0;
    case ElementKind::call:
        return static_cast<unsigned>(step.call) < fake::k_calls &&
               ((element.calls >> static_cast<unsigned>(step.call)) & 1U) != 0;
    case ElementKind::error: return !fake::errno_name(step.error).empty();
    case ElementKind::name: return field_of(step, element.field) < k_max_names;
    case ElementKind::word:
    case ElementKind::mask:
    case ElementKind::actions:
    case ElementKind::entries:
    case ElementKind::step: return true;
    }
    return false;
}

// The rule that a step breaks by itself, apart from its nested steps.
std::string_view step_fault(const Step& step, Places place) {
    if (static_cast<unsigned>(step.kind) >= k_step_kinds) return "no such kind of step";
    const Shape& shape = step_shape(step.kind);
    if ((shape.places & place) == 0) return "this kind of step may not stand here";
    for (Field field : k_fields)
        if ((shape.fields & static_cast<unsigned>(field)) == 0 && field_of(step, field) != 0)
            return "a field that its kind does not use is not 0";
    for (const Element& element : shape.pattern)
        if (!element_holds(element, step)) return "a value is out of bounds";
    Step settled = step;
    settle(settled);
    if (!(settled == step)) return "a field that its choice does not use is not 0";
    return {};
}

std::optional<std::string> config_fault(const Config& config) {
    for (const ConfigLine& line : config_lines())
        if (line.number != nullptr && !line.number->holds(config.*line.value))
            return "config " + std::string(line.key) + ": a value is out of bounds";
    return std::nullopt;
}

} // namespace

std::optional<std::string> scenario_fault(const Scenario& scenario) {
    const std::vector<Step>& steps = scenario.steps;
    if (auto fault = config_fault(scenario.config)) return fault;
    if (steps.size() > k_max_steps) return "more than " + std::to_string(k_max_steps) + " steps";
    const auto at = [](std::size_t index, std::string_view fault) {
        return "step " + std::to_string(index) + ": " + std::string(fault);
    };
    for (std::size_t head = 0; head < steps.size(); head += 1 + steps[head].nested) {
        if (const auto fault = step_fault(steps[head], k_at_top); !fault.empty()) return at(head, fault);
        const Places inside = nested_places(steps[head].kind);
        const unsigned nested = steps[head].nested;
        if (nested > max_nested(steps[head].kind) || nested > steps.size() - head - 1)
            return at(head, "too many nested steps");
        if (inside == k_at_place && nested != 1) return at(head, "its nested step is missing");
        for (std::size_t index = head + 1; index <= head + nested; ++index) {
            if (const auto fault = step_fault(steps[index], inside); !fault.empty()) return at(index, fault);
            if (steps[index].nested != 0) return at(index, "a nested step has nested steps");
        }
    }
    return std::nullopt;
}

} // namespace edgecase
