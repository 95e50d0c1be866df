// A scenario's configuration as options of core/'s reactor.
#pragma once

#include <algorithm>

#include "core/options.hpp"
#include "props/scenario.hpp"

namespace edgecase {

[[nodiscard]] inline Options core_options(const Config& config) {
    Options options;
    options.worker_connections = config.worker_connections;
    options.epoll_events = config.epoll_events;
    options.notify_rewind_after = config.notify_rewind_after;
    options.multi_accept = config.multi_accept != 0;
    options.accept_mutex = config.accept_mutex != 0;
    options.exclusive_accept = config.exclusive_accept != 0;
    options.accept_mutex_delay_ms = config.accept_mutex_delay;
    options.timer_resolution_ms = config.timer_resolution;
    options.capabilities.eventfd = config.eventfd;
    // 0 is no number of requests; it stands for a build without file AIO.
    options.capabilities.file_aio = config.file_aio && config.worker_aio_requests != 0;
    options.worker_aio_requests = std::max(config.worker_aio_requests, 1U);
    options.capabilities.epollrdhup = config.epollrdhup;
    options.capabilities.clear_event = config.clear_event;
    return options;
}

} // namespace edgecase
