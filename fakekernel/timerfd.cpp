// timerfd_create(2), timerfd_settime(2), timerfd_gettime(2), after fs/timerfd.c.
#include <cstring>

#include "fakekernel/model.hpp"

namespace edgecase::fake {
namespace {

constexpr std::int64_t k_second_ns = 1'000'000'000;
constexpr std::int64_t k_most_seconds = INT64_MAX / k_second_ns; // KTIME_SEC_MAX

// timespec64_valid().
bool is_valid(const Timespec& time) {
    return time.seconds >= 0 && time.nanoseconds >= 0 && time.nanoseconds < k_second_ns;
}

// timespec64_to_ktime(): what is too long is the longest time there is.
std::uint64_t to_ns(const Timespec& time) {
    if (time.seconds >= k_most_seconds) return INT64_MAX;
    return static_cast<std::uint64_t>(time.seconds * k_second_ns + time.nanoseconds);
}

Timespec to_timespec(std::uint64_t ns) {
    const auto signed_ns = static_cast<std::int64_t>(ns);
    return Timespec{signed_ns / k_second_ns, signed_ns % k_second_ns};
}

} // namespace

// Two clocks that are one here, since nothing is ever suspended. There is no wall clock to ask for.
SysResult Model::timerfd_create(Pid pid, int clock, int flags) {
    if ((flags & ~(k_o_nonblock | k_o_cloexec)) != 0) return SysResult::fail(k_einval);
    if (clock != k_clock_monotonic && clock != k_clock_boottime) return SysResult::fail(k_einval); // S-135
    const SysResult number = reserve(pid);
    if (number.failed()) return number;
    const Index timer = timerfds_.acquire();
    const SysResult result = open_file(pid, FileKind::timerfd, timer, k_o_rdwr | (flags & k_o_nonblock),
                                       (flags & k_o_cloexec) != 0);
    timerfds_[timer].file = find_file(pid, static_cast<int>(result.value));
    return result;
}

// timerfd_fget().
SysResult Model::find_timerfd(Pid pid, int fd) const {
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    if (files_[file].kind != FileKind::timerfd) return SysResult::fail(k_einval);
    return SysResult::ok(files_[file].object);
}

TimerSpec Model::timerfd_state(const Timerfd& timer) const {
    const std::uint64_t left_ns = timer.expires_ns > now_ns_ ? timer.expires_ns - now_ns_ : 0;
    return TimerSpec{to_timespec(timer.interval_ns), to_timespec(left_ns)};
}

// do_timerfd_settime(): what expired and was not read is forgotten (S-134); a moment that has passed expires at
// once (S-135).
SysResult Model::timerfd_settime(Pid pid, int fd, int flags, const TimerSpec* value, TimerSpec* old) {
    if (value == nullptr) return SysResult::fail(k_efault);
    const bool known_flags = (flags & ~(k_tfd_timer_abstime | k_tfd_timer_cancel_on_set)) == 0;
    if (!known_flags || !is_valid(value->value) || !is_valid(value->interval))
        return SysResult::fail(k_einval);
    const SysResult found = find_timerfd(pid, fd);
    if (found.failed()) return found;
    const auto index = static_cast<Index>(found.value);
    Timerfd& timer = timerfds_[index];
    hrtimers_.cancel(HrtimerOwner::timerfd, index);
    if (timer.expired && timer.interval_ns != 0) timer.forward(now_ns_);
    if (old != nullptr) *old = timerfd_state(timer);
    timer.expired = false;
    timer.ticks = 0;
    timer.interval_ns = to_ns(value->interval);
    timer.expires_ns = to_ns(value->value);
    if (timer.expires_ns == 0) return SysResult::ok(0);
    if ((flags & k_tfd_timer_abstime) == 0) timer.expires_ns += now_ns_;
    if (timer.expires_ns <= now_ns_) {
        expire_timerfd(index);
    } else {
        hrtimers_.arm(HrtimerOwner::timerfd, index, timer.expires_ns);
    }
    return SysResult::ok(0);
}

// do_timerfd_gettime(): periods that have passed are counted now, and the timer runs again (S-58); what it
// leaves readable stays so (S-136).
SysResult Model::timerfd_gettime(Pid pid, int fd, TimerSpec* out) {
    const SysResult found = find_timerfd(pid, fd);
    if (found.failed()) return found;
    const auto index = static_cast<Index>(found.value);
    count_missed_periods(index);
    if (out == nullptr) return SysResult::fail(k_efault);
    *out = timerfd_state(timerfds_[index]);
    return SysResult::ok(0);
}

// An interval timer that has expired stands still until somebody asks; then the periods that it has missed are
// counted, and it is started again (S-58, S-136).
void Model::count_missed_periods(Index index) {
    Timerfd& timer = timerfds_[index];
    if (!timer.expired || timer.interval_ns == 0) return;
    timer.expired = false;
    timer.ticks += timer.forward(now_ns_) - 1;
    hrtimers_.arm(HrtimerOwner::timerfd, index, timer.expires_ns);
}

// timerfd_triggered(): an edge (S-58).
void Model::expire_timerfd(Index index) {
    timerfds_[index].expired = true;
    ++timerfds_[index].ticks;
    wake_up(timerfds_[index].file, k_epollin);
}

// timerfd_read_iter(): the count is taken before the copy, as an eventfd's is (S-133, S-136).
SysResult Model::read_timerfd(Index index, void* buffer, std::size_t size) {
    Timerfd& timer = timerfds_[index];
    if (size < sizeof timer.ticks) return SysResult::fail(k_einval);
    if (timer.ticks == 0) return SysResult::fail(k_eagain);
    count_missed_periods(index);
    const std::uint64_t ticks = timer.ticks;
    timer.ticks = 0;
    timer.expired = false;
    if (buffer == nullptr) return SysResult::fail(k_efault);
    std::memcpy(buffer, &ticks, sizeof ticks);
    return SysResult::ok(sizeof ticks);
}

void Model::release_timerfd(Index timer) {
    hrtimers_.cancel(HrtimerOwner::timerfd, timer);
    timerfds_.release(timer);
}

} // namespace edgecase::fake
