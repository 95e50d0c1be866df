// The byte form. Layout, with every table made from the one of the language:
//
//   scenario  which parts of the config follow, a bit each, seven in a byte, whose bit 7 says that there are more: its
//             numbers, and last of all a byte of capabilities taken away; these; then steps until the bytes end
//   step      a byte for the kind, by weight; then its fields in the order of the pattern. 0: no step
//   number    0 to 251: one of 64 frequent values; 252 to 255: the value itself in 1, 2, 4, 8 bytes, low first
//   name      0 to 127: what was opened last, or before that (of a listener: the last one); to 223: one of 8 names;
//             above, it is the next byte
//   choice    one byte, with the flags that follow it in the quotient
//   nested    steps with a table of kinds of their own, in which some bytes mean the end; at places, one step
#include "props/scenario_bytes.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <span>
#include <utility>

#include "props/scenario_language.hpp"
#include "props/scenario_valid.hpp"

namespace edgecase {
namespace {

constexpr std::uint8_t k_none = 0xff; // in a table of kinds: no step, or the end of a list
constexpr unsigned k_frequent = 64;   // values that have a byte of their own
constexpr unsigned k_first_escape = 252;
// Bytes of a name, each up to but without its number. Half of them speak of what was opened last, since a step that has
// nothing to act on teaches an engine nothing.
constexpr unsigned k_latest_name = 96;    // the connection opened last; of `open`: the next new one
constexpr unsigned k_previous_name = 128; // the one before it; of `open`: the next new one
constexpr unsigned k_long_name = 224;     // 8 names; above, the name is the next byte
constexpr unsigned k_short_names = 8;
constexpr unsigned k_new_names = 16; // after so many, `open` begins with the first again
constexpr unsigned k_long_error = 192;
constexpr unsigned k_list_ends = 56;  // of 256 bytes
constexpr unsigned k_bits_a_byte = 7; // of those that say what of the config follows

// Bytes of an entry of a scripted wait, each up to but without its number; the first range is the list's end.
constexpr unsigned k_target_name = 160; // 8 names
constexpr unsigned k_target_back = 192; // 8 names, one generation back
constexpr unsigned k_target_notify = 224;
constexpr unsigned k_target_data = 248; // a number follows
constexpr unsigned k_target_full = 256; // name and generations back follow, a byte each

struct NumberTable {
    std::array<std::uint64_t, k_frequent> values = {};
    const Number* number = nullptr;
};

enum class OpKind : std::uint8_t {
    end,
    name,
    listener,   // a name, to Step::value
    value,      // a number, to Step::value
    value_with, // the same with some choices only
    count,      // a number, to Step::count
    back,       // a number, to Step::back
    offset,     // a number, to Step::mask
    choice,
    flags,
    call,
    error,
    mask,
    target,
    actions,
    entries,
    step,
};

// One field of a step, as it is in the bytes.
struct Op {
    OpKind kind = OpKind::end;
    std::uint8_t choices = 1;                   // choice, call
    std::uint8_t only_with = 0xff;              // value_with
    std::array<std::uint8_t, 3> flags_for = {}; // flags, and choice when flags follow it
    const NumberTable* numbers = nullptr;       // value, value_with, count, target
    const std::uint8_t* calls = nullptr;        // call: as many as there are choices
};

// The fields of a kind of step, and an end.
struct Ops {
    std::array<Op, 6> ops = {};
    std::uint8_t size = 0;
};

// Which kind a byte means, and the first byte that means a kind.
struct KindTable {
    std::array<std::uint8_t, 256> kind_of = {};
    std::array<std::uint8_t, k_step_kinds> byte_of = {};
};

KindTable kind_table(Places place, unsigned reserved) {
    KindTable table;
    table.kind_of.fill(k_none);
    unsigned total = 0;
    for (const Shape& shape : step_shapes())
        total += (shape.places & place) != 0 ? shape.weight : 0;
    unsigned byte = reserved;
    unsigned heaviest = 0;
    for (const Shape& shape : step_shapes()) {
        if ((shape.places & place) == 0) continue;
        const auto kind = static_cast<unsigned>(shape.kind);
        table.byte_of[kind] = static_cast<std::uint8_t>(byte);
        const unsigned share = std::max(1U, shape.weight * (256 - reserved) / total);
        for (unsigned end = byte + share; byte < end && byte < 256; ++byte)
            table.kind_of[byte] = static_cast<std::uint8_t>(kind);
        if (shape.weight > step_shapes()[heaviest].weight || (step_shapes()[heaviest].places & place) == 0)
            heaviest = kind;
    }
    for (; byte < 256; ++byte)
        table.kind_of[byte] = static_cast<std::uint8_t>(heaviest);
    return table;
}

class Tables {
public:
    Tables()
        : top(kind_table(k_at_top, 1)), reaction(kind_table(k_in_reaction, k_list_ends)),
          place(kind_table(k_at_place, 1)) {
        place.kind_of[0] = static_cast<std::uint8_t>(StepKind::time); // a place without a step there is none
        back = numbers(back_number());
        for (const Shape& shape : step_shapes())
            steps[static_cast<unsigned>(shape.kind)] = ops_of(shape);
        for (const ConfigLine& line : config_lines()) {
            if (line.number != nullptr)
                config_numbers.push_back({&line, numbers(*line.number)});
            else
                config_capabilities.push_back(&line);
        }
        for (unsigned index = 0; index < k_frequent; ++index)
            masks[index] = frequent_masks()[index % frequent_masks().size()];
        fill_errors();
    }

    struct ConfigNumber {
        const ConfigLine* line;
        const NumberTable* numbers;
    };

    KindTable top;
    KindTable reaction;
    KindTable place;
    std::array<Ops, k_step_kinds> steps;
    std::array<std::uint32_t, k_frequent> masks = {};
    std::array<std::array<std::uint8_t, k_frequent>, fake::k_calls> errors = {};
    std::array<std::uint8_t, 256> any_error = {};
    const NumberTable* back = nullptr;
    std::vector<ConfigNumber> config_numbers;
    std::vector<const ConfigLine*> config_capabilities;

private:
    const NumberTable* numbers(const Number& number) {
        for (const NumberTable& table : number_tables_)
            if (table.number == &number) return &table;
        NumberTable& table = number_tables_.emplace_back();
        table.number = &number;
        for (unsigned index = 0; index < k_frequent; ++index)
            table.values[index] = number.frequent[index % number.frequent.size()];
        return &table;
    }

    Ops ops_of(const Shape& shape) {
        Ops made;
        for (const Element& element : shape.pattern) {
            Op op;
            switch (element.kind) {
            case ElementKind::word: continue;
            case ElementKind::name:
                op.kind = element.field == Field::name ? OpKind::name : OpKind::listener;
                break;
            case ElementKind::number:
            case ElementKind::times:
                op.kind = element.field == Field::count  ? OpKind::count
                          : element.field == Field::back ? OpKind::back
                          : element.field == Field::mask ? OpKind::offset
                          : element.only_with != 0xff    ? OpKind::value_with
                                                         : OpKind::value;
                op.numbers = numbers(*element.number);
                op.only_with = element.only_with;
                break;
            case ElementKind::choice:
                op.kind = OpKind::choice;
                op.choices = static_cast<std::uint8_t>(element.words.size());
                break;
            case ElementKind::flags:
                if (made.size != 0 && made.ops[made.size - 1U].kind == OpKind::choice) {
                    made.ops[made.size - 1U].flags_for = element.flags_for;
                    continue;
                }
                op.kind = OpKind::flags;
                op.flags_for = element.flags_for;
                break;
            case ElementKind::call:
                op.kind = OpKind::call;
                op.calls = calls(element.calls, op.choices);
                break;
            case ElementKind::error: op.kind = OpKind::error; break;
            case ElementKind::mask: op.kind = OpKind::mask; break;
            case ElementKind::target:
                op.kind = OpKind::target;
                op.numbers = numbers(*element.number);
                break;
            case ElementKind::actions: op.kind = OpKind::actions; break;
            case ElementKind::entries: op.kind = OpKind::entries; break;
            case ElementKind::step: op.kind = OpKind::step; break;
            }
            made.ops[made.size++] = op;
        }
        return made;
    }

    const std::uint8_t* calls(std::uint32_t allowed, std::uint8_t& count) {
        std::array<std::uint8_t, fake::k_calls>& listed = call_lists_.emplace_back();
        count = 0;
        for (unsigned call = 0; call < fake::k_calls; ++call)
            if (((allowed >> call) & 1U) != 0) listed[count++] = static_cast<std::uint8_t>(call);
        return listed.data();
    }

    void fill_errors() {
        std::vector<std::uint8_t> named;
        for (int error = 1; error < 256; ++error)
            if (!fake::errno_name(error).empty()) named.push_back(static_cast<std::uint8_t>(error));
        for (std::size_t index = 0; index < any_error.size(); ++index)
            any_error[index] = named[index % named.size()];
        for (unsigned call = 0; call < fake::k_calls; ++call) {
            const auto likely = likely_errors(static_cast<fake::Call>(call));
            for (unsigned index = 0; index < k_frequent; ++index)
                errors[call][index] =
                    static_cast<std::uint8_t>(fake::errno_value(likely[index % likely.size()]));
        }
    }

    std::deque<NumberTable> number_tables_; // whose addresses stay, as the next one's
    std::deque<std::array<std::uint8_t, fake::k_calls>> call_lists_;
};

const Tables& tables() {
    static const Tables made;
    return made;
}

class Decoder {
public:
    Decoder(const Tables& tables, const std::uint8_t* data, std::size_t size, Scenario& out)
        : tables_(tables), at_(data), end_(data + size), steps_(out.steps), config_(out.config) {}

    void run() {
        steps_.clear();
        // Every step takes a byte, but for the one at the last place.
        steps_.reserve(std::min(static_cast<std::size_t>(end_ - at_), k_max_encoded_steps) + 1);
        config_ = Config{};
        read_config();
        while (at_ != end_ && steps_.size() < k_max_encoded_steps) {
            const std::uint8_t kind = tables_.top.kind_of[*at_++];
            if (kind != k_none && !read_step(kind)) break;
        }
    }

private:
    std::uint8_t byte() { return at_ != end_ ? *at_++ : 0; }

    std::uint64_t bytes(unsigned count) {
        std::uint64_t value = 0;
        for (unsigned index = 0; index < count; ++index)
            value |= static_cast<std::uint64_t>(byte()) << (8 * index);
        return value;
    }

    std::uint64_t number(const NumberTable& table) {
        const unsigned first = byte();
        if (first < k_first_escape) return table.values[first % k_frequent];
        const std::uint64_t value = bytes(1U << (first - k_first_escape));
        const Number& number = *table.number;
        return number.holds(value) ? value : number.min + value % (number.max - number.min + 1);
    }

    Name name(StepKind kind) {
        const unsigned first = byte();
        if (begins_name(kind)) {
            const Name opened =
                first < k_previous_name ? static_cast<Name>(new_name_ % k_new_names) : fixed_name(first);
            new_name_ = std::max(new_name_, opened + 1U);
            if (kind == StepKind::listen) {
                latest_listener_ = opened;
            } else {
                previous_ = std::exchange(latest_, opened);
            }
            return opened;
        }
        if (kind == StepKind::peer_connect || kind == StepKind::on_accept) return listener(first);
        return first < k_latest_name ? latest_ : first < k_previous_name ? previous_ : fixed_name(first);
    }

    Name listener(unsigned first) { return first < k_previous_name ? latest_listener_ : fixed_name(first); }

    Name fixed_name(unsigned first) {
        return first < k_long_name ? static_cast<Name>(first % k_short_names) : byte();
    }

    void read_config() {
        const std::size_t numbers = tables_.config_numbers.size();
        std::uint64_t present = 0;
        for (unsigned shift = 0; shift <= numbers; shift += k_bits_a_byte) {
            const std::uint64_t bits = byte();
            present |= (bits & ((1U << k_bits_a_byte) - 1)) << shift;
            if (bits >> k_bits_a_byte == 0) break;
        }
        for (std::size_t index = 0; index < numbers; ++index)
            if (((present >> index) & 1U) != 0)
                config_.*tables_.config_numbers[index].line->value =
                    static_cast<std::uint32_t>(number(*tables_.config_numbers[index].numbers));
        if (((present >> numbers) & 1U) == 0) return;
        const unsigned without = byte();
        for (std::size_t index = 0; index < tables_.config_capabilities.size(); ++index)
            config_.*tables_.config_capabilities[index]->capability = ((without >> index) & 1U) == 0;
    }

    // False if there is no room for it and what it must hold; then nothing was added. No step moves while
    // others are added: run() has made room.
    bool read_step(std::uint8_t kind) {
        const bool is_last = steps_.size() + 1 == k_max_encoded_steps;
        Step& step = steps_.emplace_back();
        step.kind = static_cast<StepKind>(kind);
        for (const Op* op = tables_.steps[kind].ops.data();; ++op) {
            switch (op->kind) {
            case OpKind::end:
                if (step.kind == StepKind::open &&
                    static_cast<ObjectKind>(step.choice) == ObjectKind::listener)
                    latest_listener_ = step.name;
                return true;
            case OpKind::name: step.name = name(step.kind); break;
            case OpKind::listener: step.value = listener(byte()); break;
            case OpKind::value: step.value = number(*op->numbers); break;
            case OpKind::value_with:
                if (((op->only_with >> step.choice) & 1U) != 0) step.value = number(*op->numbers);
                break;
            case OpKind::count: step.count = static_cast<std::uint8_t>(number(*op->numbers)); break;
            case OpKind::back: step.back = static_cast<std::uint8_t>(number(*op->numbers)); break;
            case OpKind::offset: step.mask = static_cast<std::uint32_t>(number(*op->numbers)); break;
            case OpKind::choice: {
                const unsigned both = byte();
                step.choice = static_cast<std::uint8_t>(both % op->choices);
                if (step.choice < op->flags_for.size())
                    step.flags = static_cast<std::uint8_t>((both / op->choices) & op->flags_for[step.choice]);
                break;
            }
            case OpKind::flags: step.flags = byte() & op->flags_for[0]; break;
            case OpKind::call: step.call = static_cast<fake::Call>(op->calls[byte() % op->choices]); break;
            case OpKind::error: step.error = error(static_cast<unsigned>(step.call)); break;
            case OpKind::mask: step.mask = mask(); break;
            case OpKind::target: read_target(*op->numbers, step); break;
            case OpKind::actions: step.nested = read_actions(); break;
            case OpKind::entries: step.nested = read_entries(); break;
            case OpKind::step:
                if (is_last) {
                    steps_.pop_back();
                    return false;
                }
                step.nested = 1;
                return read_step(tables_.place.kind_of[byte()]); // which holds none
            }
        }
    }

    unsigned read_actions() {
        // What a reaction opens is there once it has run, and so not yet for the steps that follow it.
        const Name latest = latest_;
        const Name previous = previous_;
        const Name latest_listener = latest_listener_;
        unsigned count = 0;
        while (count < k_max_actions && steps_.size() < k_max_encoded_steps) {
            const std::uint8_t kind = tables_.reaction.kind_of[byte()];
            if (kind == k_none || !read_step(kind)) break;
            ++count;
        }
        latest_ = latest;
        previous_ = previous;
        latest_listener_ = latest_listener;
        return count;
    }

    unsigned read_entries() {
        unsigned count = 0;
        while (count < k_max_wait_entries && steps_.size() < k_max_encoded_steps) {
            target_ = byte();
            if (target_ < k_list_ends || !read_step(static_cast<std::uint8_t>(StepKind::wait_entry))) break;
            ++count;
        }
        return count;
    }

    // The first byte of it, in target_, has been looked at to see whether the list ends.
    void read_target(const NumberTable& data, Step& step) {
        if (target_ < k_target_back) {
            step.choice = static_cast<std::uint8_t>(WaitEntry::name);
            step.name = static_cast<Name>(target_ % k_short_names);
            step.back = target_ < k_target_name ? 0 : 1;
        } else if (target_ < k_target_notify) {
            step.choice = static_cast<std::uint8_t>(WaitEntry::notify);
        } else if (target_ < k_target_data) {
            step.choice = static_cast<std::uint8_t>(WaitEntry::data);
            step.value = number(data);
        } else {
            step.choice = static_cast<std::uint8_t>(WaitEntry::name);
            step.name = byte();
            step.back = static_cast<std::uint8_t>(number(*tables_.back));
        }
    }

    std::uint8_t error(unsigned call) {
        const unsigned first = byte();
        return first < k_long_error ? tables_.errors[call][first % k_frequent] : tables_.any_error[byte()];
    }

    std::uint32_t mask() {
        const unsigned first = byte();
        return first < k_first_escape ? tables_.masks[first % k_frequent]
                                      : static_cast<std::uint32_t>(bytes(4));
    }

    const Tables& tables_;
    const std::uint8_t* at_;
    const std::uint8_t* end_;
    std::vector<Step>& steps_;
    Config& config_;
    unsigned target_ = 0;
    Name latest_ = 0;
    Name previous_ = 0;
    Name latest_listener_ = 0;
    unsigned new_name_ = 0;
};

class Encoder {
public:
    explicit Encoder(const Tables& tables) : tables_(tables) {}

    std::vector<std::uint8_t> run(const Scenario& scenario) {
        put_config(scenario.config);
        const std::vector<Step>& steps = scenario.steps;
        for (std::size_t head = 0; head < steps.size(); head += 1 + steps[head].nested) {
            put(tables_.top.byte_of[static_cast<unsigned>(steps[head].kind)]);
            put_fields(steps.data() + head);
        }
        return std::move(bytes_);
    }

private:
    void put(std::size_t value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }

    void put_bytes(std::uint64_t value, unsigned count) {
        for (unsigned index = 0; index < count; ++index)
            put((value >> (8 * index)) & 0xff);
    }

    // The place of a value in a table, or nothing.
    template <typename Values, typename Value>
    static std::optional<std::size_t> find(const Values& values, Value value) {
        const auto found = std::find(values.begin(), values.end(), value);
        if (found == values.end()) return std::nullopt;
        return static_cast<std::size_t>(found - values.begin());
    }

    void put_number(const NumberTable& table, std::uint64_t value) {
        if (const auto index = find(table.values, value)) {
            put(*index);
            return;
        }
        const unsigned log = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffffffff ? 2 : 3;
        put(k_first_escape + log);
        put_bytes(value, 1U << log);
    }

    void put_config(const Config& config) {
        const Config defaults;
        const std::size_t numbers = tables_.config_numbers.size();
        std::size_t present = 0;
        std::size_t without = 0;
        for (std::size_t index = 0; index < numbers; ++index) {
            const auto member = tables_.config_numbers[index].line->value;
            present |= config.*member != defaults.*member ? std::size_t{1} << index : 0;
        }
        for (std::size_t index = 0; index < tables_.config_capabilities.size(); ++index)
            without |=
                !(config.*tables_.config_capabilities[index]->capability) ? std::size_t{1} << index : 0;
        present |= without != 0 ? std::size_t{1} << numbers : 0;
        std::size_t rest = present;
        for (; rest >> k_bits_a_byte != 0; rest >>= k_bits_a_byte)
            put((rest & ((1U << k_bits_a_byte) - 1)) | 1U << k_bits_a_byte);
        put(rest);
        for (std::size_t index = 0; index < numbers; ++index)
            if (((present >> index) & 1U) != 0)
                put_number(*tables_.config_numbers[index].numbers,
                           config.*tables_.config_numbers[index].line->value);
        if (without != 0) put(without);
    }

    void put_fields(const Step* step) {
        const Ops& ops = tables_.steps[static_cast<unsigned>(step->kind)];
        for (unsigned index = 0; index < ops.size; ++index)
            put_field(ops.ops[index], step);
    }

    void put_field(const Op& op, const Step* step) {
        switch (op.kind) {
        case OpKind::end: break;
        case OpKind::name: put_name(step->name); break;
        case OpKind::listener: put_name(static_cast<Name>(step->value)); break;
        case OpKind::value: put_number(*op.numbers, step->value); break;
        case OpKind::value_with:
            if (((op.only_with >> step->choice) & 1U) != 0) put_number(*op.numbers, step->value);
            break;
        case OpKind::count: put_number(*op.numbers, step->count); break;
        case OpKind::back: put_number(*op.numbers, step->back); break;
        case OpKind::offset: put_number(*op.numbers, step->mask); break;
        case OpKind::choice: put(step->choice + std::size_t{op.choices} * step->flags); break;
        case OpKind::flags: put(step->flags); break;
        case OpKind::call: {
            const std::span calls(op.calls, op.choices);
            put(find(calls, static_cast<std::uint8_t>(step->call)).value_or(0));
            break;
        }
        case OpKind::error:
            if (const auto index = find(tables_.errors[static_cast<unsigned>(step->call)], step->error)) {
                put(*index);
            } else {
                put(k_long_error);
                put(find(tables_.any_error, step->error).value_or(0));
            }
            break;
        case OpKind::mask:
            if (const auto index = find(tables_.masks, step->mask)) {
                put(*index);
            } else {
                put(k_first_escape);
                put_bytes(step->mask, 4);
            }
            break;
        case OpKind::target: put_target(*op.numbers, *step); break;
        case OpKind::actions:
            for (unsigned index = 1; index <= step->nested; ++index) {
                put(tables_.reaction.byte_of[static_cast<unsigned>(step[index].kind)]);
                put_fields(step + index);
            }
            if (step->nested < k_max_actions) put(0);
            break;
        case OpKind::entries:
            for (unsigned index = 1; index <= step->nested; ++index)
                put_fields(step + index);
            if (step->nested < k_max_wait_entries) put(0);
            break;
        case OpKind::step:
            put(tables_.place.byte_of[static_cast<unsigned>(step[1].kind)]);
            put_fields(step + 1);
            break;
        }
    }

    void put_name(Name name) {
        if (name < k_short_names) {
            put(k_previous_name + name);
        } else {
            put(k_long_name);
            put(name);
        }
    }

    void put_target(const NumberTable& data, const Step& step) {
        switch (static_cast<WaitEntry>(step.choice)) {
        case WaitEntry::name:
            if (step.name < k_short_names && step.back <= 1) {
                put((step.back == 0 ? k_target_name : k_target_back) - k_short_names + step.name);
            } else {
                put(k_target_data);
                put(step.name);
                put_number(*tables_.back, step.back);
            }
            break;
        case WaitEntry::notify: put(k_target_back); break;
        case WaitEntry::data:
            put(k_target_notify);
            put_number(data, step.value);
            break;
        }
    }

    const Tables& tables_;
    std::vector<std::uint8_t> bytes_;
};

static_assert(k_previous_name % k_short_names == 0);
static_assert(k_list_ends < k_target_name - k_short_names && k_target_full == 256 &&
              k_target_name % k_short_names == 0 && k_target_back % k_short_names == 0);

} // namespace

std::optional<std::vector<std::uint8_t>> encode(const Scenario& scenario) {
    if (scenario.steps.size() > k_max_encoded_steps || scenario_fault(scenario)) return std::nullopt;
    return Encoder(tables()).run(scenario);
}

void decode(const std::uint8_t* data, std::size_t size, Scenario& out) {
    Decoder(tables(), data, size, out).run();
}

} // namespace edgecase
