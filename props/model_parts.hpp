// The parts of a simulation on the model: reactor and kernel are instantiated in subject_core.cpp.
#pragma once

#include "core/reactor.hpp"
#include "fakekernel/model.hpp"
#include "props/core_subject.hpp"
#include "props/model_kernel.hpp"
#include "props/model_world.hpp"
#include "props/scripted_control.hpp"

namespace edgecase {

extern template class NotifyChannel<ModelKernel>;
extern template class AioChannel<ModelKernel>;
extern template class EpollModule<ModelKernel>;
extern template class Reactor<ModelKernel>;
extern template class CoreSubject<ModelKernel>;

// Everything but the subject.
struct ModelParts {
    explicit ModelParts(fake::CallObserver& observer)
        : kernel(fake::ModelBackend(model, 0), script, observer), control(kernel), world(model) {}

    fake::Model model;
    fake::Script script;
    ModelKernel kernel;
    ScriptedControl<ModelKernel> control;
    ModelWorld world;
};

} // namespace edgecase
