// A verdict as a person reads it: what broke, at which line, why, what it needed, and the line to paste.
#pragma once

#include <string>

#include "props/scenario.hpp"
#include "props/verdict.hpp"

namespace edgecase {

// file: how the scenario was named by whoever ran it; it ends up in the line that replays it. The text's
// lines may be missing (a decoded scenario): the step is shown all the same. Several lines, each with its
// end.
[[nodiscard]] std::string verdict_text(const Verdict& verdict, const ScenarioText& text,
                                       const std::string& file);

// The parts of the script that never came to be, a line each; empty if there are none.
[[nodiscard]] std::string unreached_text(const Verdict& verdict, const ScenarioText& text,
                                         const std::string& file);

} // namespace edgecase
