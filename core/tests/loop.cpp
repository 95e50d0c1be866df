// The one place that instantiates the tests' reactor: a change of an .ipp recompiles this and not every test.
#include "core/tests/loop.hpp"

#include "core/reactor.ipp"

namespace edgecase {

template class NotifyChannel<FailingKernel>;
template class AioChannel<FailingKernel>;
template class EpollModule<FailingKernel>;
template class Acceptor<FailingKernel>;
template class Reactor<FailingKernel>;

} // namespace edgecase
