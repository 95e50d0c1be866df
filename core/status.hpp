// What a call of the reactor answers: nginx's NGX_OK and NGX_ERROR. The reason for an error is in the log.
#pragma once

#include <cstdint>

namespace edgecase {

enum class Status : std::uint8_t { ok, error };

// What connect_peer answers: nginx's NGX_OK, NGX_AGAIN, NGX_DECLINED and NGX_ERROR.
enum class ConnectStatus : std::uint8_t { connected, in_progress, declined, error };

} // namespace edgecase
