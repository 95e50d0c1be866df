// Scenarios as text, from the table of the language.
#include <algorithm>

#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {
namespace {

// Puts words together: a space between two, but none before `:` `,` `;` and none around `.` and `~`.
class Line {
public:
    explicit Line(std::string& text) : text_(text), start_(text.size()) {}

    void put(std::string_view word) {
        const bool closes = word == "." || word == ":" || word == "," || word == ";" || word == "~";
        const bool first = text_.size() == start_;
        const bool open = !first && (text_.back() == '.' || text_.back() == '~');
        if (!first && !closes && !open) text_ += ' ';
        text_ += word;
    }

private:
    std::string& text_;
    std::size_t start_;
};

void put_step(Line& line, std::span<const Step> steps);

void put_nested(Line& line, std::span<const Step> nested, std::string_view separator) {
    if (nested.empty()) line.put("nothing");
    for (std::size_t index = 0; index < nested.size(); ++index) {
        if (index != 0) line.put(separator);
        put_step(line, nested.subspan(index, 1));
    }
}

void put_target(Line& line, const Element& element, const Step& step) {
    switch (static_cast<WaitEntry>(step.choice)) {
    case WaitEntry::name:
        line.put(name_text(step.name));
        if (step.back != 0) {
            line.put("~");
            line.put(number_text(back_number(), step.back));
        }
        break;
    case WaitEntry::notify: line.put(element.words[step.choice]); break;
    case WaitEntry::data:
        line.put(element.words[step.choice]);
        line.put(number_text(*element.number, step.value));
        break;
    }
}

void put_times(Line& line, const Number& number, std::uint64_t value) {
    if (value == 1) return;
    if (value != number.word_value) line.put("times");
    line.put(number_text(number, value));
}

void put_element(Line& line, const Element& element, std::span<const Step> steps) {
    const Step& step = steps.front();
    switch (element.kind) {
    case ElementKind::word: line.put(element.text); break;
    case ElementKind::name: line.put(name_text(static_cast<Name>(field_of(step, element.field)))); break;
    case ElementKind::number:
        if (((element.only_with >> step.choice) & 1U) != 0)
            line.put(number_text(*element.number, field_of(step, element.field)));
        break;
    case ElementKind::choice: line.put(element.words[step.choice]); break;
    case ElementKind::flags:
        for (std::size_t flag = 0; flag < element.words.size(); ++flag)
            if (((step.flags >> flag) & 1U) != 0) line.put(element.words[flag]);
        break;
    case ElementKind::call: line.put(fake::call_name(step.call)); break;
    case ElementKind::error: line.put(fake::errno_name(step.error)); break;
    case ElementKind::times: put_times(line, *element.number, step.value); break;
    case ElementKind::mask: line.put(mask_text(step.mask)); break;
    case ElementKind::target: put_target(line, element, step); break;
    case ElementKind::actions: put_nested(line, steps.subspan(1, step.nested), ";"); break;
    case ElementKind::entries: put_nested(line, steps.subspan(1, step.nested), ","); break;
    case ElementKind::step: put_step(line, steps.subspan(1, 1)); break;
    }
}

void put_step(Line& line, std::span<const Step> steps) {
    for (const Element& element : step_shape(steps.front().kind).pattern)
        put_element(line, element, steps);
}

void append_config(std::string& text, const Config& config) {
    const Config defaults;
    for (const ConfigLine& line : config_lines()) {
        if (line.number != nullptr && config.*line.value != defaults.*line.value)
            text += "config " + std::string(line.key) + " " + number_text(*line.number, config.*line.value) +
                    "\n";
        if (line.capability != nullptr && !(config.*line.capability))
            text += "config without " + std::string(line.key) + "\n";
    }
}

void append_comment(std::string& text, std::string_view comment) {
    text += '#';
    if (!comment.empty()) text += ' ';
    text += comment;
}

// A comment that a program made may have several lines.
void append_comment_lines(std::string& text, std::string_view comment) {
    for (;;) {
        const std::size_t end = comment.find('\n');
        append_comment(text, comment.substr(0, end));
        text += '\n';
        if (end == std::string_view::npos) return;
        comment.remove_prefix(end + 1);
    }
}

std::string one_line(std::string_view comment) {
    std::string text(comment);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

std::string print(const Scenario& scenario, std::span<const Comment> comments) {
    const std::vector<Step>& steps = scenario.steps;
    std::string text = "edgecase " + std::to_string(k_language_version) + "\n";
    std::size_t comment = 0;
    const auto own_lines_up_to = [&](std::size_t last_step) {
        while (comment < comments.size() && !comments[comment].behind && comments[comment].step <= last_step)
            append_comment_lines(text, comments[comment++].text);
    };
    own_lines_up_to(0); // what a file is about stands on top of it, before its configuration
    append_config(text, scenario.config);
    for (std::size_t head = 0; head < steps.size(); head += 1 + steps[head].nested) {
        const std::size_t last = head + steps[head].nested;
        own_lines_up_to(last);
        Line line(text);
        put_step(line, std::span<const Step>(steps).subspan(head, 1 + steps[head].nested));
        for (; comment < comments.size() && comments[comment].behind && comments[comment].step <= last;
             ++comment) {
            text += "  ";
            append_comment(text, one_line(comments[comment].text));
        }
        text += '\n';
    }
    for (; comment < comments.size(); ++comment)
        append_comment_lines(text, comments[comment].text);
    return text;
}

} // namespace

std::string print_scenario(const Scenario& scenario) {
    return print(scenario, {});
}

std::string print_scenario(const ScenarioText& text) {
    return print(text.scenario, text.comments);
}

std::string step_text(std::span<const Step> steps) {
    std::string text;
    Line line(text);
    put_step(line, steps);
    return text;
}

} // namespace edgecase
