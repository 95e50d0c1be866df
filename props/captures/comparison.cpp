#include "props/captures/comparison.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "core/epoll_abi.hpp"
#include "props/scenario_language.hpp"
#include "props/trace_text.hpp"

namespace edgecase {

namespace {

constexpr int k_no_bit = -1;
constexpr int k_party_nobody = -3; // data that nobody registered

// A call that is no epoll_ctl, as far as it tells one place in a turn from another.
struct Neighbour {
    enum class What : std::uint8_t { turn_end, accept, connect, recv, send, close } what = What::turn_end;
    int party = k_party_none;

    friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

struct Control {
    std::uint32_t line = 0; // of the capture
    std::size_t call = 0;   // of the capture
    int operation = 0;
    int party = k_party_none;
    std::uint32_t mask = 0;
    int low_bit = k_no_bit; // of the generation
    bool has_event = false;
    int error = 0;
    Neighbour before;
    Neighbour behind;
    bool matched = false;
};

struct Entry {
    int party = k_party_none;
    std::uint32_t mask = 0;
    int low_bit = k_no_bit;

    friend bool operator==(const Entry&, const Entry&) = default;
};

// A wait, and the epoll_ctl calls until the next one. The first turn is the start, which has no wait.
struct Turn {
    std::size_t wait = 0; // of the capture
    int timeout_ms = 0;
    int error = 0;
    std::int64_t count = 0;
    bool is_cut = false;
    std::vector<Entry> entries;
    std::vector<Control> controls;
};

// Puts calls one behind the other into turns, and finds the neighbours of each epoll_ctl.
class TurnBuilder {
public:
    void begin(Turn turn) {
        end_turn();
        turns_.push_back(std::move(turn));
    }

    // Sends one behind the other are one: a scenario has fewer and larger ones.
    void pass(const Neighbour& neighbour) {
        if (neighbour == last_ && open_ == turns_.back().controls.size()) {
            return;
        }
        last_ = neighbour;
        for (std::size_t i = open_; i < turns_.back().controls.size(); ++i) {
            turns_.back().controls[i].behind = neighbour;
        }
        open_ = turns_.back().controls.size();
    }

    void control(Control control) {
        control.before = last_;
        turns_.back().controls.push_back(control);
    }

    [[nodiscard]] Turn& current() { return turns_.back(); }

    std::vector<Turn> take() {
        end_turn();
        return std::move(turns_);
    }

private:
    void end_turn() {
        last_ = Neighbour{};
        open_ = 0;
    }

    std::vector<Turn> turns_;
    Neighbour last_;
    std::size_t open_ = 0; // controls from here on wait for their neighbour behind
};

// Data to parties and low bits. If the capture has no start, a slot's first generation is not known; its low
// bit then counts from the first that was seen.
class Generations {
public:
    explicit Generations(bool is_absolute) : is_absolute_(is_absolute) {}

    int low_bit(std::uint64_t slot, int bit) {
        if (is_absolute_) {
            return bit;
        }
        return bit ^ first_.try_emplace(slot, bit).first->second;
    }

    void registers(std::uint64_t data, int party) { party_[data] = party; }
    [[nodiscard]] int party_of(std::uint64_t data) const {
        const auto found = party_.find(data);
        return found != party_.end() ? found->second : is_absolute_ ? k_party_nobody : k_party_none;
    }

private:
    bool is_absolute_ = true;
    std::map<std::uint64_t, int> first_; // by slot
    std::map<std::uint64_t, int> party_; // by data
};

// Of the capture. The data are a pointer whose low bit is the instance.
std::vector<Turn> turns_of(const Capture& capture, const ImportedCapture& imported) {
    TurnBuilder builder;
    Generations generations(capture.has_start);
    builder.begin({});
    const auto entry_of = [&](const CapturedEvent& event) {
        const int bit = static_cast<int>(event.data & 1);
        return Entry{generations.party_of(event.data), event.mask,
                     generations.low_bit(event.data & ~1ULL, bit)};
    };
    for (std::size_t i = 0; i < imported.parties.calls; ++i) {
        const CapturedCall& call = capture.calls[i];
        const int party = imported.parties.of_call[i];
        using What = Neighbour::What;
        switch (call.kind) {
        case CapturedKind::epoll_wait: {
            if (call.is_self_test) {
                break;
            }
            Turn turn;
            turn.wait = i;
            turn.timeout_ms = call.timeout_ms;
            turn.error = call.error;
            turn.count = call.result;
            turn.is_cut = call.events_cut;
            for (const CapturedEvent& event : call.events) {
                turn.entries.push_back(entry_of(event));
            }
            builder.begin(std::move(turn));
            break;
        }
        case CapturedKind::epoll_ctl: {
            Control control;
            control.line = call.line;
            control.call = i;
            control.operation = call.operation;
            control.party = party;
            control.has_event = call.has_event && call.operation != k_epoll_ctl_del;
            control.mask = control.has_event ? call.mask : 0;
            control.error = call.error;
            if (control.has_event && !call.is_self_test && !call.failed()) {
                generations.registers(call.data, party);
                control.low_bit = generations.low_bit(call.data & ~1ULL, static_cast<int>(call.data & 1));
            }
            builder.control(control);
            break;
        }
        case CapturedKind::accept: builder.pass({What::accept, party}); break;
        case CapturedKind::connect:
            if (party >= 0) builder.pass({What::connect, party});
            break;
        case CapturedKind::recv:
            if (party >= 0) builder.pass({What::recv, party});
            break;
        case CapturedKind::send:
            if (party >= 0) builder.pass({What::send, party});
            break;
        case CapturedKind::close:
            if (party >= 0) builder.pass({What::close, party});
            break;
        default: break;
        }
    }
    return builder.take();
}

int party_of_label(std::uint16_t label) {
    return label == fake::k_label_notify ? k_party_notify
           : label >= fake::k_label_name ? label - fake::k_label_name
                                         : k_party_none;
}

// Of the run. The data are slot and generation.
class TraceTurns {
public:
    explicit TraceTurns(bool is_absolute) : generations_(is_absolute) {}

    std::vector<Turn> read(const fake::Trace& trace) {
        builder_.begin({});
        for (const fake::Record& record : trace.records()) {
            if (record.kind == fake::RecordKind::wait_event) {
                builder_.current().entries.push_back({generations_.party_of(record.c),
                                                      static_cast<std::uint32_t>(record.b),
                                                      bit_of(record.c)});
            } else if (record.kind == fake::RecordKind::call && !call(record)) {
                break;
            }
        }
        return builder_.take();
    }

private:
    // false: the reactor is taken down, and the scenario is over.
    bool call(const fake::Record& record) {
        using What = Neighbour::What;
        const int party = party_of_label(record.label);
        switch (static_cast<fake::Call>(record.what)) {
        case fake::Call::epoll_wait: {
            Turn turn;
            turn.timeout_ms = static_cast<int>(record.b);
            turn.error = record.error;
            turn.count = record.error != 0 ? -1 : record.value;
            builder_.begin(std::move(turn));
            break;
        }
        case fake::Call::epoll_ctl: control(record, party); break;
        case fake::Call::accept4: builder_.pass({What::accept, party}); break;
        case fake::Call::connect:
            if (party >= 0) builder_.pass({What::connect, party});
            break;
        case fake::Call::read:
        case fake::Call::recv:
            if (party >= 0) builder_.pass({What::recv, party});
            break;
        case fake::Call::write:
        case fake::Call::send:
        case fake::Call::sendmsg:
            if (party >= 0) builder_.pass({What::send, party});
            break;
        case fake::Call::close:
            if (record.label == fake::k_label_epoll) {
                return false;
            }
            if (party >= 0) builder_.pass({What::close, party});
            break;
        default: break;
        }
        return true;
    }

    void control(const fake::Record& record, int party) {
        Control control;
        control.operation = static_cast<int>(record.b);
        control.party = party;
        control.error = record.error;
        control.has_event = control.operation != k_epoll_ctl_del;
        if (control.has_event) {
            control.mask = static_cast<std::uint32_t>(record.value);
            generations_.registers(record.c, party);
            control.low_bit = bit_of(record.c);
        }
        builder_.control(control);
    }

    int bit_of(std::uint64_t data) {
        return generations_.low_bit(data & 0xffffffffULL, static_cast<int>((data >> 32) & 1));
    }

    TurnBuilder builder_;
    Generations generations_;
};

std::string party_text(int party) {
    return party == k_party_notify ? "notify" : party < 0 ? "nobody" : name_text(static_cast<Name>(party));
}

std::string entry_text(const Entry& entry) {
    return fmt::format("{} {} #{}", party_text(entry.party), mask_text(entry.mask), entry.low_bit);
}

std::string neighbour_text(const Neighbour& neighbour) {
    constexpr std::string_view k_calls[] = {"", "accept4", "connect", "recv", "send", "close"};
    return neighbour.what == Neighbour::What::turn_end
               ? std::string("the wait")
               : fmt::format("{}({})", k_calls[static_cast<unsigned>(neighbour.what)],
                             party_text(neighbour.party));
}

std::string_view operation_text(int operation) {
    return operation == k_epoll_ctl_add ? "ADD" : operation == k_epoll_ctl_mod ? "MOD" : "DEL";
}

std::string control_text(const Control& control) {
    return control.has_event
               ? fmt::format("epoll_ctl({}, {}, {} #{})", operation_text(control.operation),
                             party_text(control.party), mask_text(control.mask), control.low_bit)
               : fmt::format("epoll_ctl({}, {})", operation_text(control.operation),
                             party_text(control.party));
}

std::string result_text(const Turn& turn) {
    if (turn.error != 0) {
        return std::string(fake::errno_name(turn.error));
    }
    std::string text = "[";
    for (const Entry& entry : turn.entries) {
        text += (text.size() > 1 ? ", " : "") + entry_text(entry);
    }
    return text + (turn.is_cut ? ", ...]" : "]");
}

class Comparison {
public:
    Comparison(const Capture& capture, const ImportedCapture& imported, const fake::Trace& trace)
        : capture_(capture), imported_(imported), captured_(turns_of(capture, imported)),
          computed_(TraceTurns(capture.has_start).read(trace)) {}

    CaptureComparison run() {
        find_ends();
        for (std::size_t i = 0; i < captured_.size(); ++i) {
            Turn* computed = i < computed_.size() ? &computed_[i] : nullptr;
            if (i > 0) {
                compare_wait(captured_[i], computed, i - 1);
            }
            for (const Control& control : captured_[i].controls) {
                compare_control(control, computed);
            }
        }
        add_self_tests();
        find_surplus();
        std::stable_sort(
            result_.differences.begin(), result_.differences.end(),
            [](const CaptureDifference& a, const CaptureDifference& b) { return a.line < b.line; });
        return std::move(result_);
    }

private:
    void differ(std::uint32_t line, std::string text) {
        result_.differences.push_back({line, true, std::move(text)});
    }
    void cannot_compare(std::uint32_t line, std::string text) {
        result_.differences.push_back({line, false, std::move(text)});
    }

    void compare_control(const Control& captured, Turn* computed) {
        ++result_.controls;
        if (capture_.calls[captured.call].is_self_test) {
            cannot_compare(
                captured.line,
                "a pair of sockets: the start-up test of EPOLLRDHUP (nginx 1.11.0), which core does "
                "not make");
            return;
        }
        if (captured.party == k_party_none) {
            cannot_compare(
                captured.line,
                "nothing is known of this descriptor: it was made before the capture began, or the "
                "server neither accepted nor connected it");
            return;
        }
        Control* match = nullptr;
        if (computed != nullptr) {
            const auto found =
                std::find_if(computed->controls.begin(), computed->controls.end(),
                             [&](const Control& one) { return !one.matched && one.party == captured.party; });
            match = found == computed->controls.end() ? nullptr : &*found;
        }
        if (match == nullptr) {
            differ(captured.line, fmt::format("{}: core makes no such call here", control_text(captured)));
            return;
        }
        match->matched = true;
        const bool same_event = captured.has_event == match->has_event && captured.mask == match->mask &&
                                captured.low_bit == match->low_bit;
        if (captured.operation != match->operation || !same_event || captured.error != match->error) {
            differ(captured.line,
                   fmt::format("{}: core makes {}{}", control_text(captured), control_text(*match),
                               captured.error == match->error ? "" : ", which comes out otherwise"));
        } else if (captured.before != match->before || captured.behind != match->behind) {
            differ(captured.line,
                   fmt::format("{}: stands between {} and {}, and core makes it between {} and {}",
                               control_text(captured), neighbour_text(captured.before),
                               neighbour_text(captured.behind), neighbour_text(match->before),
                               neighbour_text(match->behind)));
        } else {
            ++result_.controls_agree;
        }
    }

    void compare_wait(const Turn& captured, const Turn* computed, std::size_t turn) {
        ++result_.waits;
        const std::uint32_t line = capture_.calls[captured.wait].line;
        if (computed == nullptr) {
            differ(line, "epoll_wait: the run ended before this wait");
            return;
        }
        const bool same_entries =
            captured.is_cut
                ? captured.entries.size() <= computed->entries.size() &&
                      std::equal(captured.entries.begin(), captured.entries.end(), computed->entries.begin())
                : captured.entries == computed->entries;
        if (captured.error != computed->error || captured.count != computed->count || !same_entries) {
            if (turn + 1 == imported_.turns.size() && is_beginning(*computed, captured)) {
                cannot_compare(line,
                               "the capture ends in this turn, before all that the wait gave was handled");
                return;
            }
            if (std::any_of(captured.entries.begin(), captured.entries.end(),
                            [](const Entry& entry) { return entry.party == k_party_none; })) {
                cannot_compare(line,
                               fmt::format("epoll_wait gave {}: nothing is known of a descriptor among them",
                                           result_text(captured)));
                return;
            }
            if (same_but_unseen_ends(captured, *computed)) {
                cannot_compare(line,
                               fmt::format("epoll_wait gave {}, and core on the model gets {}: no call shows "
                                           "when that peer shut down, since its end was never read",
                                           result_text(captured), result_text(*computed)));
                return;
            }
            differ(line, fmt::format("epoll_wait gave {}, and core on the model gets {}",
                                     result_text(captured), result_text(*computed)));
            return;
        }
        const int off_ms = std::abs(captured.timeout_ms - computed->timeout_ms);
        const bool endless = captured.timeout_ms < 0 || computed->timeout_ms < 0;
        if (off_ms > 1 || (endless && off_ms > 0)) {
            const std::string text =
                fmt::format("epoll_wait was asked with the timeout {}, and core asks with {}",
                            captured.timeout_ms, computed->timeout_ms);
            if (turn < imported_.turns_with_unknown_timers) {
                cannot_compare(line, text + ": timers from before the capture are not known");
            } else {
                differ(line, text);
            }
            return;
        }
        result_.waits_within_a_millisecond += off_ms > 0 ? 1 : 0;
        ++result_.waits_agree;
    }

    // Whether the wait gave no more than the captured one, and nothing else.
    [[nodiscard]] static bool is_beginning(const Turn& computed, const Turn& captured) {
        return computed.error == 0 && captured.error == 0 && !computed.entries.empty() &&
               computed.entries.size() < captured.entries.size() &&
               std::equal(computed.entries.begin(), computed.entries.end(), captured.entries.begin());
    }

    // Whether all that differs is RDHUP of peers whose end the server never read: the capture does not show when
    // it came.
    [[nodiscard]] bool same_but_unseen_ends(const Turn& captured, const Turn& computed) const {
        if (captured.error != computed.error || captured.count != computed.count || captured.is_cut) {
            return false;
        }
        return std::equal(captured.entries.begin(), captured.entries.end(), computed.entries.begin(),
                          computed.entries.end(), [&](Entry a, Entry b) {
                              if (a.party >= 0 && !end_was_read_[static_cast<std::size_t>(a.party)]) {
                                  a.mask &= ~k_epollrdhup;
                                  b.mask &= ~k_epollrdhup;
                              }
                              return a == b;
                          });
    }

    void find_ends() {
        end_was_read_.assign(imported_.parties.parties.size(), false);
        for (std::size_t i = 0; i < imported_.parties.calls; ++i) {
            const CapturedCall& call = capture_.calls[i];
            const bool reads = call.kind == CapturedKind::recv || call.kind == CapturedKind::peek;
            if (reads && imported_.parties.of_call[i] >= 0 &&
                (call.result == 0 || (call.failed() && call.error != EAGAIN))) {
                end_was_read_[static_cast<std::size_t>(imported_.parties.of_call[i])] = true;
            }
        }
    }

    void add_self_tests() {
        for (std::size_t i = 0; i < imported_.parties.calls; ++i) {
            const CapturedCall& call = capture_.calls[i];
            if (call.kind == CapturedKind::epoll_wait && call.is_self_test) {
                ++result_.waits;
                cannot_compare(call.line, "the wait of the start-up test of EPOLLRDHUP");
            }
        }
    }

    // What was registered before the capture began has no captured call.
    void find_surplus() {
        for (std::size_t i = capture_.has_start ? 0 : 1; i < computed_.size(); ++i) {
            const bool in_capture = i < captured_.size();
            const std::uint32_t line = i == 0 || !in_capture ? 0 : capture_.calls[captured_[i].wait].line;
            for (const Control& control : computed_[i].controls) {
                if (!control.matched) {
                    result_.surplus.push_back({line, true, control_text(control)});
                }
            }
        }
    }

    const Capture& capture_;
    const ImportedCapture& imported_;
    std::vector<Turn> captured_;
    std::vector<Turn> computed_;
    std::vector<bool> end_was_read_; // by party
    CaptureComparison result_;
};

} // namespace

bool CaptureComparison::all_agree() const {
    return surplus.empty() && std::none_of(differences.begin(), differences.end(),
                                           [](const CaptureDifference& one) { return one.is_comparable; });
}

CaptureComparison compare_with_trace(const Capture& capture, const ImportedCapture& imported,
                                     const fake::Trace& trace) {
    return Comparison(capture, imported, trace).run();
}

std::string comparison_text(const CaptureComparison& comparison, std::string_view file) {
    std::string text =
        fmt::format("{} of {} epoll_ctl calls agree\n{} of {} epoll_wait results agree",
                    comparison.controls_agree, comparison.controls, comparison.waits_agree, comparison.waits);
    if (comparison.waits_within_a_millisecond > 0) {
        text += fmt::format(" ({} of them asked with a timeout a millisecond off)",
                            comparison.waits_within_a_millisecond);
    }
    text += "\n";
    for (const CaptureDifference& one : comparison.differences) {
        text += fmt::format("{}:{}: {}: {}\n", file, one.line, one.is_comparable ? "differs" : "not compared",
                            one.text);
    }
    for (const CaptureDifference& one : comparison.surplus) {
        text += fmt::format("{}:{}: core alone makes {} in the turn that begins here\n", file, one.line,
                            one.text);
    }
    return text;
}

} // namespace edgecase
