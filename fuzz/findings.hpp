// Findings of scenarios as files: the shrunk one under the name of what broke, which is its identity, and the one that
// was met beside it. A finding that is there already is not written again, and no file is ever overwritten.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "props/harness.hpp"
#include "props/shrink.hpp"

namespace edgecase {

inline constexpr std::string_view k_original_suffix = ".original.scn";

struct KeptFinding {
    std::string file;    // where the shrunk one stands
    bool is_new = false; // it was written now
    Shrunk shrunk;
    std::string error; // not empty: what could not be written
};

// Shrinks the scenario, with which the harness has met that finding, and keeps it in the folder: NAME.scn and
// NAME.original.scn, or NAME-2.scn and so on where a file of that name is something else by now (a scenario that passes
// since its bug was fixed, say). One that is none when it is run again is kept as it is.
[[nodiscard]] KeptFinding keep_finding(Harness& harness, const Scenario& scenario, const Verdict& met,
                                       const std::string& folder);

// To whoever waits for it, what was found; on standard error, what could not be written.
void report_finding(std::FILE* out, const KeptFinding& kept);

// The scenario as a text, with what it breaks, and why, on top.
[[nodiscard]] std::string finding_text(const Scenario& scenario, const Verdict& verdict);

// The folder that EDGECASE_FINDINGS names, or findings.
[[nodiscard]] std::string findings_folder();

} // namespace edgecase
