#include "props/scenario_line.hpp"

#include <algorithm>

#include "props/nearest_word.hpp"

namespace edgecase {
namespace {

constexpr std::string_view k_marks = ".:;,|~";
constexpr std::string_view k_nothing = "nothing";

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

std::string_view trimmed_comment(std::string_view text) {
    if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

std::string quoted(std::string_view text) {
    constexpr std::size_t k_most = 40;
    return '`' + std::string(text.substr(0, k_most)) + (text.size() > k_most ? "...`" : "`");
}

std::string described(const Number& number, std::string_view word) {
    std::string text;
    if (number.radix == Radix::hex)
        text = "a number such as 0xdeadbeef";
    else
        text = (number.unit.empty() ? "a number from " : "a time from ") + std::to_string(number.min) +
               std::string(number.unit) + " to " + std::to_string(number.max) + std::string(number.unit);
    return word.empty() ? text : text + " or " + quoted(word);
}

std::vector<std::string_view> call_words(std::uint32_t calls) {
    std::vector<std::string_view> words;
    for (unsigned call = 0; call < fake::k_calls; ++call)
        if (((calls >> call) & 1U) != 0) words.push_back(fake::call_name(static_cast<fake::Call>(call)));
    return words;
}

std::vector<std::string_view> error_words() {
    std::vector<std::string_view> words;
    for (int error = 1; error < 256; ++error)
        if (const auto name = fake::errno_name(error); !name.empty()) words.push_back(name);
    return words;
}

std::string_view place_name(Places place) {
    switch (place) {
    case k_in_reaction: return "in a reaction";
    case k_at_place: return "behind `before` or `during`: only what peers, signals and time do may";
    default: return "on a line of its own";
    }
}

} // namespace

LineParser::LineParser(std::string_view line) {
    std::size_t at = 0;
    while (at < line.size()) {
        if (is_space(line[at])) {
            ++at;
            continue;
        }
        if (line[at] == '#') {
            comment_ = trimmed_comment(line.substr(at + 1));
            break;
        }
        std::size_t end = at + 1;
        if (k_marks.find(line[at]) == std::string_view::npos)
            while (end < line.size() && !is_space(line[end]) && line[end] != '#' &&
                   k_marks.find(line[end]) == std::string_view::npos)
                ++end;
        tokens_.push_back({line.substr(at, end - at), at});
        at = end;
    }
    const std::size_t line_end = tokens_.empty() ? 0 : tokens_.back().offset + tokens_.back().text.size();
    tokens_.push_back({{}, line_end});
}

std::string_view LineParser::word(std::size_t index) const {
    return index < tokens_.size() ? tokens_[index].text : std::string_view{};
}

bool LineParser::read_step(std::vector<Step>& steps) {
    Reading reading;
    if (!step(reading, k_at_top) || !line_end(reading)) return false;
    steps.insert(steps.end(), reading.steps.begin(), reading.steps.end());
    return true;
}

bool LineParser::read_config(Config& config, const ConfigLine*& line) {
    Reading reading;
    reading.token = 1;
    const bool without = text(reading) == "without";
    expect(reading, {Expected::word, "without"});
    if (without) ++reading.token;
    for (const ConfigLine& candidate : config_lines()) {
        if ((candidate.capability != nullptr) != without) continue;
        if (!word(reading, candidate.key)) continue;
        line = &candidate;
        if (without) {
            config.*candidate.capability = false;
            return line_end(reading);
        }
        const auto value = number_value(*candidate.number, text(reading));
        if (!value) {
            expect(reading, {Expected::number, {}, candidate.number});
            return false;
        }
        config.*candidate.value = static_cast<std::uint32_t>(*value);
        ++reading.token;
        return line_end(reading);
    }
    return false;
}

// The longest line that fits wins: `close a shared` begins with `close a`.
bool LineParser::step(Reading& reading, Places place) {
    std::optional<Reading> best;
    Places best_places = 0;
    for (const Shape& candidate : step_shapes()) {
        if ((candidate.places == k_in_wait) != (place == k_in_wait)) continue;
        Reading attempt{reading.token, {}};
        const bool outer_silence = silent_;
        silent_ = silent_ || (candidate.places & place) == 0;
        const bool fits = shape(attempt, candidate, place);
        silent_ = outer_silence;
        if (refusal_) return false;
        if (fits && (!best || attempt.token > best->token)) {
            best = std::move(attempt);
            best_places = candidate.places;
        }
    }
    if (!best) return false;
    if ((best_places & place) == 0) {
        const auto end = tokens_[best->token - 1].offset + tokens_[best->token - 1].text.size();
        refuse(reading.token, quoted(step_shape(best->steps[0].kind).pattern.begin()->text) +
                                  " may not stand " + std::string(place_name(place)));
        refusal_->length = end - refusal_->offset;
        return false;
    }
    reading.token = best->token;
    reading.steps.insert(reading.steps.end(), best->steps.begin(), best->steps.end());
    return true;
}

bool LineParser::shape(Reading& reading, const Shape& shape, Places place) {
    Step made;
    made.kind = shape.kind;
    reading.steps.push_back(made);
    const bool misplaced = (shape.places & place) == 0;
    for (const Element& part : shape.pattern) {
        const bool nests = part.kind == ElementKind::actions || part.kind == ElementKind::entries ||
                           part.kind == ElementKind::step;
        if (nests && misplaced)
            return true; // enough of it to know that it may not stand here; nothing nests twice
        if (!element(reading, part)) return false;
    }
    return true;
}

bool LineParser::element(Reading& reading, const Element& element) {
    Step& made = reading.steps.front();
    switch (element.kind) {
    case ElementKind::word: return word(reading, element.text);
    case ElementKind::name: return name(reading, element.field);
    case ElementKind::number:
        return ((element.only_with >> made.choice) & 1U) == 0 ||
               number(reading, *element.number, element.field);
    case ElementKind::choice: return choice(reading, element);
    case ElementKind::flags: return flags(reading, element);
    case ElementKind::call: return call(reading, element);
    case ElementKind::error: return error_name(reading);
    case ElementKind::times: return times(reading, *element.number);
    case ElementKind::mask: return mask(reading);
    case ElementKind::target: return target(reading, element);
    case ElementKind::actions: return list(reading, k_in_reaction, ";");
    case ElementKind::entries: return list(reading, k_in_wait, ",");
    case ElementKind::step: made.nested = 1; return step(reading, k_at_place);
    }
    return false;
}

bool LineParser::word(Reading& reading, std::string_view expected) {
    if (text(reading) == expected) {
        ++reading.token;
        return true;
    }
    expect(reading, {Expected::word, expected});
    return false;
}

bool LineParser::name(Reading& reading, Field field) {
    const auto value = name_value(text(reading));
    if (!value) {
        expect(reading, {Expected::name});
        return false;
    }
    set_field(reading.steps.front(), field, *value);
    ++reading.token;
    return true;
}

bool LineParser::number(Reading& reading, const Number& number, Field field) {
    const auto value = number_value(number, text(reading));
    if (!value) {
        expect(reading, {Expected::number, number.word, &number});
        return false;
    }
    set_field(reading.steps.front(), field, *value);
    ++reading.token;
    return true;
}

bool LineParser::choice(Reading& reading, const Element& element) {
    for (std::size_t index = 0; index < element.words.size(); ++index) {
        if (word(reading, element.words[index])) {
            reading.steps.front().choice = static_cast<std::uint8_t>(index);
            return true;
        }
    }
    return false;
}

bool LineParser::flags(Reading& reading, const Element& element) {
    Step& made = reading.steps.front();
    for (bool found = true; found;) {
        found = false;
        for (std::size_t flag = 0; flag < element.words.size() && !found; ++flag) {
            const auto bit = static_cast<std::uint8_t>(1U << flag);
            if ((element.flags_for[made.choice] & bit) == 0 || (made.flags & bit) != 0) continue;
            found = word(reading, element.words[flag]);
            if (found) made.flags |= bit;
        }
    }
    return true;
}

bool LineParser::call(Reading& reading, const Element& element) {
    for (unsigned call = 0; call < fake::k_calls; ++call) {
        const auto value = static_cast<fake::Call>(call);
        if (((element.calls >> call) & 1U) != 0 && text(reading) == fake::call_name(value)) {
            reading.steps.front().call = value;
            ++reading.token;
            return true;
        }
    }
    expect(reading, {Expected::call, {}, nullptr, &element});
    return false;
}

bool LineParser::error_name(Reading& reading) {
    const int value = fake::errno_value(text(reading));
    if (value <= 0 || value > 255) {
        expect(reading, {Expected::error});
        return false;
    }
    reading.steps.front().error = static_cast<std::uint8_t>(value);
    ++reading.token;
    return true;
}

bool LineParser::times(Reading& reading, const Number& number) {
    reading.steps.front().value = 1;
    if (word(reading, number.word)) {
        reading.steps.front().value = number.word_value;
        return true;
    }
    if (!word(reading, "times")) return true;
    const auto value = number_value(number, text(reading));
    if (!value || text(reading) == number.word) {
        expect(reading, {Expected::number, {}, &number});
        return false;
    }
    reading.steps.front().value = *value;
    ++reading.token;
    return true;
}

bool LineParser::mask(Reading& reading) {
    Step& made = reading.steps.front();
    do {
        const auto bits = mask_word_value(text(reading));
        if (!bits) {
            expect(reading, {Expected::mask});
            return false;
        }
        made.mask |= *bits;
        ++reading.token;
    } while (word(reading, "|"));
    return true;
}

bool LineParser::target(Reading& reading, const Element& element) {
    Step& made = reading.steps.front();
    if (text(reading) == element.words[static_cast<unsigned>(WaitEntry::notify)]) {
        made.choice = static_cast<std::uint8_t>(WaitEntry::notify);
        ++reading.token;
        return true;
    }
    if (text(reading) == element.words[static_cast<unsigned>(WaitEntry::data)]) {
        made.choice = static_cast<std::uint8_t>(WaitEntry::data);
        ++reading.token;
        return number(reading, *element.number, Field::value);
    }
    const auto value = name_value(text(reading));
    if (!value) {
        expect(reading, {Expected::target, {}, nullptr, &element});
        return false;
    }
    made.name = *value;
    ++reading.token;
    return !word(reading, "~") || number(reading, back_number(), Field::back);
}

bool LineParser::list(Reading& reading, Places place, std::string_view separator) {
    if (word(reading, k_nothing)) return true;
    const unsigned most = max_nested(reading.steps.front().kind);
    do {
        if (reading.steps.front().nested == most) {
            refuse(reading.token, "more than " + std::to_string(most) + " on one line");
            return false;
        }
        Reading inner{reading.token, {}};
        if (!step(inner, place)) return false;
        reading.token = inner.token;
        reading.steps.insert(reading.steps.end(), inner.steps.begin(), inner.steps.end());
        ++reading.steps.front().nested;
    } while (word(reading, separator));
    return true;
}

bool LineParser::line_end(Reading& reading) {
    if (reading.token + 1 == tokens_.size()) return true;
    expect(reading, {Expected::line_end});
    return false;
}

void LineParser::expect(const Reading& reading, Expectation expectation) {
    if (silent_ || reading.token < furthest_) return;
    if (reading.token > furthest_) expectations_.clear();
    furthest_ = reading.token;
    expectations_.push_back(expectation);
}

void LineParser::refuse(std::size_t token, std::string message) {
    refusal_ = error_at_word(token, std::move(message));
}

LineError LineParser::error_at_word(std::size_t index, std::string message) const {
    const Token& token = tokens_[std::min(index, tokens_.size() - 1)];
    return {std::move(message), token.offset, token.text.size()};
}

LineError LineParser::error() const {
    if (refusal_) return *refusal_;
    constexpr std::size_t k_too_many = 12; // to be listed
    std::vector<std::string> expected;
    std::vector<std::string_view> words;
    for (const Expectation& expectation : expectations_) {
        std::string text;
        std::vector<std::string_view> some;
        switch (expectation.what) {
        case Expected::word:
            text = quoted(expectation.word);
            some = {expectation.word};
            break;
        case Expected::name: text = "a connection's name (a to z, a1 to v9)"; break;
        case Expected::number:
            text = described(*expectation.number, expectation.word);
            some = {expectation.word};
            break;
        case Expected::call:
            some = call_words(expectation.element->calls);
            if (some.size() > k_too_many) {
                text = "a system call such as `recv`";
                break;
            }
            for (std::string_view call : some)
                expected.push_back(quoted(call));
            break;
        case Expected::error:
            text = "an errno by name, such as `ECONNRESET`";
            some = error_words();
            break;
        case Expected::mask:
            text = "epoll bits such as `IN|OUT`, `0` for none";
            for (const MaskWord& mask : mask_words())
                some.push_back(mask.word);
            break;
        case Expected::target:
            text = "a connection's name (a to z, a1 to v9), `notify` or `data`";
            some = {"notify", "data"};
            break;
        case Expected::line_end: text = "the end of the line"; break;
        }
        words.insert(words.end(), some.begin(), some.end());
        if (!text.empty() && std::find(expected.begin(), expected.end(), text) == expected.end())
            expected.push_back(std::move(text));
    }
    if (expected.size() > k_too_many) expected = {"a step such as `open a unix`"};
    std::string message = "expected ";
    for (std::size_t index = 0; index < expected.size(); ++index)
        message += (index == 0 ? "" : index + 1 == expected.size() ? " or " : ", ") + expected[index];
    const std::string_view wrong = tokens_[furthest_].text;
    message += wrong.empty() ? ", but the line ends here" : ", not " + quoted(wrong);
    if (const std::string near = nearest_word(wrong, words); !near.empty())
        message += "; did you mean " + quoted(near) + "?";
    if (wrong == ";") message += " (one step a line: `;` separates the steps of a reaction)";
    return error_at_word(furthest_, std::move(message));
}

} // namespace edgecase
