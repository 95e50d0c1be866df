// The one place that instantiates the example server for the tests on the real kernel.
#include "core/tests/live_server.hpp"

#include "core/examples/echo_server.ipp"

namespace edgecase {

template class EchoServer<NativeKernel>;

} // namespace edgecase
