// A trace as a person reads it: one line a record, names in place of numbers where there are names.
#pragma once

#include <string>
#include <vector>

#include "fakekernel/trace.hpp"
#include "props/scenario.hpp"

namespace edgecase {

// scenario: the one that was run, since records name its steps. log_lines: the texts that the trace's log
// records count, as the simulation kept them.
[[nodiscard]] std::string record_text(const fake::Record& record, const Scenario& scenario,
                                      const std::vector<std::string>& log_lines);

// `a`, `epoll`, `notify`, or nothing.
[[nodiscard]] std::string label_text(std::uint16_t label);

} // namespace edgecase
