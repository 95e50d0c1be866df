// The keys with which sockets wake their waiters (net/core/sock.c, af_unix.c, stream.c). A watch hears of a
// wakeup if its interest has a bit of the key (S-43).
#pragma once

#include <cstdint>

#include "core/epoll_abi.hpp"

namespace edgecase::fake {

// sock_def_readable().
inline constexpr std::uint32_t k_data_ready_key = k_epollin | k_epollpri | k_epollrdnorm | k_epollrdband;
// unix_write_space(), sk_stream_write_space().
inline constexpr std::uint32_t k_write_space_key = k_epollout | k_epollwrnorm | k_epollwrband;
// sk_error_report().
inline constexpr std::uint32_t k_error_key = k_epollerr;
// sk_state_change() and pipe_release() do not say why.
inline constexpr std::uint32_t k_no_key = 0;

} // namespace edgecase::fake
