#include "core/linux_reactor.hpp"

#include "core/reactor.ipp"

namespace edgecase {

template class NotifyChannel<NativeKernel>;
template class AioChannel<NativeKernel>;
template class EpollModule<NativeKernel>;
template class Acceptor<NativeKernel>;
template class Reactor<NativeKernel>;

} // namespace edgecase
