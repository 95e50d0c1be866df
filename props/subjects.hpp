// The subject of a process: core/'s reactor, unless a mutant is named. Mutants are the objects `subjects/NAME.so` beside
// the folder of the program; only a build that ci/mutants made has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "props/subject_kit.hpp"

namespace edgecase {

inline constexpr std::string_view k_sound_subject = "core";

// From now on the process runs this one. False if there is none of that name, and why.
[[nodiscard]] bool choose_subject(const std::string& name, std::string& error);

// The one that was chosen, else the one that the environment names (EDGECASE_SUBJECT), else core/. If the environment
// names one that is not there, ends the process with 2 and says so on standard error.
[[nodiscard]] const SubjectKit& chosen_subject();

// Names of all, core/ first, the others in order of the alphabet.
[[nodiscard]] std::vector<std::string> subject_names();

} // namespace edgecase
