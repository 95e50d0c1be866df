// The scenario language as one table: how each kind of step and each config line is written, which field of
// the value each part sets, its bounds and words, where the step may stand, and what it means in one line.
// Parser, printer, byte form, generators, `edgecase list` and corpus/FORMAT.md all work from it; there is no
// second place for syntax. Nothing here reads or writes a scenario.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "props/scenario.hpp"

namespace edgecase {

inline constexpr unsigned k_language_version = 1;
inline constexpr unsigned k_max_wait_entries = 64; // of one scripted wait

enum class Family : std::uint8_t { world, script, module, server, life, reaction };

// Where a step may stand. A set of bits.
using Places = std::uint8_t;
inline constexpr Places k_at_top = 1;      // on a line of its own
inline constexpr Places k_in_reaction = 2; // behind `on`
inline constexpr Places k_at_place = 4;    // behind `before` and `during`
inline constexpr Places k_in_wait = 8;     // behind `wait gives`

// The fields of Step that the parts of a line set. Values are bits, so that a set of them is a number.
enum class Field : std::uint16_t {
    name = 1,
    choice = 2,
    flags = 4,
    call = 8,
    count = 16,
    back = 32,
    error = 64,
    mask = 128,
    value = 256,
};

enum class Radix : std::uint8_t { decimal, hex };

// A kind of number: its bounds, how it is written, and the values that occur often (the byte form has them in
// one byte, the first of them is what missing bytes mean; generators draw them more often than others).
struct Number {
    std::string_view noun; // in patterns: BYTES
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    std::span<const std::uint64_t> frequent;
    std::string_view unit = {};   // behind the digits: ms
    std::string_view word = {};   // one value is written as this word...
    std::uint64_t word_value = 0; // ...namely this one, which may lie outside of the bounds
    Radix radix = Radix::decimal;

    [[nodiscard]] constexpr bool holds(std::uint64_t value) const {
        return (value >= min && value <= max) || (!word.empty() && value == word_value);
    }
};

enum class ElementKind : std::uint8_t {
    word,    // a fixed word or punctuation mark
    name,    // a connection: `field`; `text` is what patterns call it
    number,  // `field`, of kind `number`
    choice,  // one of `words`: Step::choice is its index
    flags,   // any of `words`, each at most once: Step::flags has bit i for word i
    call,    // a system call out of `calls`: Step::call
    error,   // an errno by name: Step::error
    times,   // nothing (once), `times N` or `always`: Step::value
    mask,    // epoll bits: Step::mask
    target,  // what an entry of a scripted wait speaks of: Step::choice, name, back, value
    actions, // `nothing`, or nested steps separated by `;`
    entries, // `nothing`, or nested entries separated by `,`
    step,    // one nested step
};

// One part of a pattern. Which members count depends on the kind.
struct Element {
    ElementKind kind = ElementKind::word;
    std::string_view text = {};                   // word, name
    Field field = Field::value;                   // number, name
    const Number* number = nullptr;               // number, times; target: of its data
    std::span<const std::string_view> words = {}; // choice, flags
    std::array<std::uint8_t, 3> flags_for = {};   // flags: which are allowed with choice 0, 1, 2
    std::uint32_t calls = 0;                      // call: the set of calls that may stand here
    std::uint8_t only_with = 0xff;                // number: the set of choices with which it is written
};

// The parts of a line, in order.
struct Pattern {
    std::array<Element, 7> parts = {};
    std::uint8_t size = 0;

    [[nodiscard]] constexpr const Element* begin() const { return parts.data(); }
    [[nodiscard]] constexpr const Element* end() const { return parts.data() + size; }
};

// One kind of step.
struct Shape {
    StepKind kind = StepKind::time;
    Family family = Family::world;
    Places places = 0;
    std::uint8_t weight = 0; // how often fuzzers and generators should make it, against the others
    Pattern pattern;
    std::string_view example;
    std::string_view meaning;
    std::uint16_t fields = 0; // the set of Field that the pattern sets
};

// One config line: a number (`config KEY N`) or a capability that is taken away (`config without KEY`).
struct ConfigLine {
    std::string_view key;
    const Number* number = nullptr;
    std::uint32_t Config::*value = nullptr;
    bool Config::*capability = nullptr;
    std::string_view meaning;
};

// How many generations back `b~1` may go.
[[nodiscard]] const Number& back_number();

// A word for a bit of an epoll mask.
struct MaskWord {
    std::string_view word;
    std::uint32_t bit = 0;
};

// The table, in the order of StepKind; config lines in the order in which they are printed.
[[nodiscard]] std::span<const Shape> step_shapes();
[[nodiscard]] const Shape& step_shape(StepKind kind);
// Whether it is about a connection.
[[nodiscard]] inline bool has_name(const Step& step) {
    return (step_shape(step.kind).fields & static_cast<unsigned>(Field::name)) != 0;
}
[[nodiscard]] std::span<const ConfigLine> config_lines();
[[nodiscard]] std::span<const MaskWord> mask_words();

// The errors that a call is likely to fail with, the likeliest first; by name. For byte form and generators:
// any errno may be written.
[[nodiscard]] std::span<const std::string_view> likely_errors(fake::Call call);

// The masks that a wait often answers, for the same two.
[[nodiscard]] std::span<const std::uint32_t> frequent_masks();

[[nodiscard]] bool may_stand_in_reaction(StepKind kind);
[[nodiscard]] bool may_stand_at_place(StepKind kind);

// What holds the nested steps of this kind may hold; 0 if it holds none.
[[nodiscard]] Places nested_places(StepKind kind);
[[nodiscard]] unsigned max_nested(StepKind kind);

// Clears what the step's choice leaves no room for (the flags of `add a connection`, the seed of `wait order
// reverse`), for those who change a choice.
void settle(Step& step);

// a ... z, a1 ... z1, up to v9; and back.
[[nodiscard]] std::string name_text(Name name);
[[nodiscard]] std::optional<Name> name_value(std::string_view text);

// IN|OUT|0x4000; 0 for no bit. The reverse takes one word or number out of such a text.
[[nodiscard]] std::string mask_text(std::uint32_t mask);
[[nodiscard]] std::optional<std::uint32_t> mask_word_value(std::string_view text);

// As it is written, unit included: 500ms, all, 0xdeadbeef; and back, if the value is within bounds.
[[nodiscard]] std::string number_text(const Number& number, std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> number_value(const Number& number, std::string_view text);

[[nodiscard]] std::string_view family_name(Family family);

// The pattern for people: `peer NAME send BYTES`, `config epoll_events N`.
[[nodiscard]] std::string pattern_text(const Shape& shape);
[[nodiscard]] std::string pattern_text(const ConfigLine& line);

// The number that a field holds, and its setter.
[[nodiscard]] inline std::uint64_t field_of(const Step& step, Field field) {
    switch (field) {
    case Field::name: return step.name;
    case Field::choice: return step.choice;
    case Field::flags: return step.flags;
    case Field::call: return static_cast<std::uint64_t>(step.call);
    case Field::count: return step.count;
    case Field::back: return step.back;
    case Field::error: return step.error;
    case Field::mask: return step.mask;
    case Field::value: return step.value;
    }
    return 0;
}

inline void set_field(Step& step, Field field, std::uint64_t value) {
    switch (field) {
    case Field::name: step.name = static_cast<Name>(value); break;
    case Field::choice: step.choice = static_cast<std::uint8_t>(value); break;
    case Field::flags: step.flags = static_cast<std::uint8_t>(value); break;
    case Field::call: step.call = static_cast<fake::Call>(value); break;
    case Field::count: step.count = static_cast<std::uint8_t>(value); break;
    case Field::back: step.back = static_cast<std::uint8_t>(value); break;
    case Field::error: step.error = static_cast<std::uint8_t>(value); break;
    case Field::mask: step.mask = static_cast<std::uint32_t>(value); break;
    case Field::value: step.value = value; break;
    }
}

} // namespace edgecase
