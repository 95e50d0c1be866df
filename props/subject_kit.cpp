#include "props/subject_kit.hpp"

extern "C" const edgecase::SubjectKit* edgecase_subject_kit() {
    static constexpr edgecase::SubjectKit kit{&edgecase::make_core_subject, &edgecase::read_configuration};
    return &kit;
}
