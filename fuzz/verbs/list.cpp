// list and canaries: what there is, from the tables that the program itself works with.
#include <cstdio>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/targets.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/canaries.hpp"
#include "props/invariants.hpp"
#include "props/scenario_language.hpp"
#include "props/sometimes.hpp"
#include "props/subjects.hpp"

namespace edgecase {

namespace {

void list_invariants() {
    for (const InvariantText& text : invariants()) {
        fmt::print("{:<30} {}\n", text.name, text.statement);
    }
}

void list_faults() {
    for (const Shape& shape : step_shapes()) {
        if (shape.family == Family::script) {
            fmt::print("{:<44} {}\n", pattern_text(shape), shape.meaning);
        }
    }
    fmt::print("\ncalls that can be named:");
    for (unsigned call = 0; call < fake::k_calls; ++call) {
        fmt::print(" {}", fake::call_name(static_cast<fake::Call>(call)));
    }
    fmt::print("\n");
}

// As libFuzzer takes a dictionary: one quoted word a line.
void list_words() {
    std::set<std::string_view> words = {"edgecase 1", "config", "without", "nothing", "; ",
                                        ", ",         ": ",     "|",       "~1",      "# "};
    for (const Shape& shape : step_shapes()) {
        words.insert(shape.example);
        for (const Element& element : shape.pattern) {
            words.insert(element.text);
            words.insert(element.words.begin(), element.words.end());
        }
    }
    for (const ConfigLine& line : config_lines()) {
        words.insert(line.key);
    }
    for (const MaskWord& mask : mask_words()) {
        words.insert(mask.word);
    }
    for (unsigned call = 0; call < fake::k_calls; ++call) {
        words.insert(fake::call_name(static_cast<fake::Call>(call)));
    }
    words.erase("");
    for (const std::string_view word : words) {
        fmt::print("\"{}\"\n", word);
    }
}

} // namespace

int list_things(const std::string& what) {
    if (what == "invariants") {
        list_invariants();
    } else if (what == "faults") {
        list_faults();
    } else if (what == "words") {
        list_words();
    } else if (what == "sometimes") {
        for (const SometimesText& text : sometimes_points()) {
            fmt::print("{:<34} {}\n", text.name, text.meaning);
        }
    } else if (what == "subjects") {
        for (const std::string& name : subject_names()) {
            fmt::print("{}\n", name);
        }
    } else {
        for (const FuzzTarget& target : fuzz_targets()) {
            fmt::print("{:<20} {:<14} {}\n", target.name, fuzz_input_word(target.input), target.meaning);
        }
    }
    return k_exit_pass;
}

int run_canaries() {
    int exit_code = k_exit_pass;
    for (const CanaryResult& result : run_all_canaries()) {
        const char* word = result.fired ? (result.quiet ? "fired" : "NOT QUIET") : "SILENT";
        fmt::print("{:<30} {:<9} {}\n", invariant_name(result.invariant), word, result.sabotage);
        if (!result.fired || !result.quiet) {
            exit_code = k_exit_finding;
            fmt::print("  it gave: {}\n",
                       result.verdict.kind == Verdict::Kind::finding
                           ? fmt::format("{}: {}", invariant_name(result.verdict.violation.invariant),
                                         result.verdict.violation.why)
                           : "no finding");
        }
    }
    return exit_code;
}

} // namespace edgecase
