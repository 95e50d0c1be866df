#include "fakekernel/conformance/runner.hpp"
#include "fakekernel/conformance/runner.ipp"

namespace edgecase::fake::conformance {

template class Runner<ModelSystem>;

} // namespace edgecase::fake::conformance
