#include "props/subject_kit.hpp"

extern "C" const edgecase::SubjectKit* edgecase_subject_kit() {
    static constexpr edgecase::SubjectKit kit{&edgecase::make_model_harness,
                                              &edgecase::make_configuration_trial};
    return &kit;
}
