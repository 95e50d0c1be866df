// What Linux could answer, in the state that the model is in when a fault is injected: section Q of the
// kernel facts (fakekernel/FIDELITY.md). A fault that Linux could not give is defensive: a finding that needs
// one is robustness, not a bug on Linux. Nothing here changes what is injected; it only names it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fakekernel/call.hpp"
#include "fakekernel/model.hpp"

namespace edgecase::fake {

// An answer that a script gives in place of the kernel's, with what the kernel's state was.
struct Injection {
    Call call = Call::epoll_create1;
    int error = 0;           // 0: a short answer
    std::uint64_t bytes = 0; // of a short answer
    std::size_t size = 0;    // of the buffer; for epoll_ctl the operation
    bool descriptor_open = true;
    bool nonblocking = true;
    bool would_sleep = false; // a wait: nothing ready and a timeout other than 0
    FileKind kind = FileKind::standard;
    std::uint32_t ready = 0; // the descriptor's mask
};

[[nodiscard]] bool is_reachable(const Injection& injection);

} // namespace edgecase::fake
