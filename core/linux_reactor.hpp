// The reactor for the system at hand: on LinuxKernel, or on StubKernel where epoll does not exist
// (EDGECASE_TEST_BUILD_EPOLL). Instantiated once, in linux_reactor.cpp.
#pragma once

#include "core/reactor.hpp"

#ifdef EDGECASE_TEST_BUILD_EPOLL
#include "core/stub_kernel.hpp"
#else
#include "core/linux_kernel.hpp"
#endif

namespace edgecase {

#ifdef EDGECASE_TEST_BUILD_EPOLL
using NativeKernel = StubKernel;
#else
using NativeKernel = LinuxKernel;
#endif

using NativeReactor = Reactor<NativeKernel>;

extern template class NotifyChannel<NativeKernel>;
extern template class AioChannel<NativeKernel>;
extern template class EpollModule<NativeKernel>;
extern template class Acceptor<NativeKernel>;
extern template class Reactor<NativeKernel>;

} // namespace edgecase
