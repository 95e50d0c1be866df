// A subject as something to be had by name: core/'s reactor, which is linked in, or a broken one, a mutant, which is an
// object of its own, compiled from edited sources of core/ and loaded (props/subjects.hpp). What is on the other side of
// the kit is all that a mutant replaces: kernel, world, simulation and oracle are the program's.
#pragma once

#include <memory>
#include <string_view>

#include "core/configuration.hpp"
#include "props/model_kernel.hpp"
#include "props/subject.hpp"

namespace edgecase {

struct SubjectKit {
    std::unique_ptr<Subject> (*make)(ModelKernel& kernel, SubjectHost& host);
    Configuration (*read_configuration)(std::string_view text, std::string_view file_name);
};

// core/'s reactor on the model.
[[nodiscard]] std::unique_ptr<Subject> make_core_subject(ModelKernel& kernel, SubjectHost& host);

} // namespace edgecase

// The kit of the object that this is linked into: of the program itself, or of the mutant.
extern "C" [[nodiscard]] const edgecase::SubjectKit* edgecase_subject_kit();
