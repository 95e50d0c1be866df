// core/'s reactor on the model: the instance of reactor and kernel.
#include "core/epoll_module.ipp"
#include "core/notify_channel.ipp"
#include "props/core_subject.ipp"
#include "props/subject_kit.hpp"

namespace edgecase {

template class NotifyChannel<ModelKernel>;
template class AioChannel<ModelKernel>;
template class EpollModule<ModelKernel>;
template class Reactor<ModelKernel>;
template class CoreSubject<ModelKernel>;

std::unique_ptr<Subject> make_core_subject(ModelKernel& kernel, SubjectHost& host) {
    return std::make_unique<CoreSubject<ModelKernel>>(kernel, host);
}

} // namespace edgecase
