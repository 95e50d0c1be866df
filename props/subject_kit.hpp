// What runs scenarios and configurations against one subject. core/'s reactor is linked in; a broken one, a mutant, is
// an object of its own that is compiled from edited sources of core/ and loaded by name (props/subjects.hpp).
#pragma once

#include <memory>

#include "props/configuration_trial.hpp"
#include "props/harness.hpp"

namespace edgecase {

struct SubjectKit {
    std::unique_ptr<Harness> (*make_harness)(); // on the model
    std::unique_ptr<ConfigurationTrial> (*make_trial)();
};

} // namespace edgecase

// The kit of the object that this is linked into: of the program itself, or of the mutant.
extern "C" [[nodiscard]] const edgecase::SubjectKit* edgecase_subject_kit();
