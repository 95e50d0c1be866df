// The high-resolution timers that are armed: of timerfds and of processes (kernel/time/hrtimer.c). They expire in the
// order of their deadlines; on the same moment, in the order of arming (S-137, S-153).
//
// Invariant: first() is the one with the least (at_ns, serial), and a timer is armed at most once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fakekernel/pool.hpp"

namespace edgecase::fake {

enum class HrtimerOwner : std::uint8_t { timerfd, process };

struct Hrtimer {
    std::uint64_t at_ns = 0;
    std::uint64_t serial = 0; // of the arming
    HrtimerOwner owner = HrtimerOwner::timerfd;
    Index object = k_none; // the timerfd, or the process
};

class HrtimerQueue {
public:
    void arm(HrtimerOwner owner, Index object, std::uint64_t at_ns) {
        cancel(owner, object);
        const Hrtimer timer{at_ns, ++last_serial_, owner, object};
        const auto later = std::upper_bound(
            armed_.begin(), armed_.end(), at_ns,
            [](std::uint64_t deadline_ns, const Hrtimer& other) { return deadline_ns < other.at_ns; });
        armed_.insert(later, timer);
    }

    // No effect if it is not armed.
    void cancel(HrtimerOwner owner, Index object) {
        std::erase_if(armed_,
                      [&](const Hrtimer& timer) { return timer.owner == owner && timer.object == object; });
    }

    Hrtimer take_first() {
        const Hrtimer timer = armed_.front();
        armed_.erase(armed_.begin());
        return timer;
    }

    [[nodiscard]] bool empty() const { return armed_.empty(); }
    [[nodiscard]] const Hrtimer& first() const { return armed_.front(); }
    [[nodiscard]] std::size_t count(HrtimerOwner owner, Index object) const {
        return static_cast<std::size_t>(
            std::count_if(armed_.begin(), armed_.end(), [&](const Hrtimer& timer) {
                return timer.owner == owner && timer.object == object;
            }));
    }
    [[nodiscard]] std::size_t size() const { return armed_.size(); }
    [[nodiscard]] const std::vector<Hrtimer>& armed() const {
        return armed_;
    } // in the order in which they expire

    void reset() {
        armed_.clear();
        last_serial_ = 0;
    }

private:
    std::vector<Hrtimer> armed_; // in the order in which they expire
    std::uint64_t last_serial_ = 0;
};

} // namespace edgecase::fake
