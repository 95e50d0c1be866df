// The kernel of the simulation: the model, with scripts on top.
#pragma once

#include "fakekernel/model_backend.hpp"
#include "fakekernel/scripted_kernel.hpp"

namespace edgecase {

using ModelKernel = fake::ScriptedKernel<fake::ModelBackend>;

} // namespace edgecase
