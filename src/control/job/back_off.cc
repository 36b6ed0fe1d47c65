#include "control/job/back_off.h"

#include <algorithm>

namespace stint::job {
namespace {

Duration delay_after(int64_t failures) {
  Duration delay = kBackOffBase;
  for (int64_t i = 1; i < failures && delay < kBackOffMax; ++i) delay *= 2;
  return std::min(delay, kBackOffMax);
}

Duration remaining_of(int64_t failures, WallTime last_failure, WallTime now) {
  if (failures == 0) return Duration{0};
  return std::max(Duration{0}, delay_after(failures) - (now - last_failure));
}

}  // namespace

BackOffRecord BackOffRecord::after(const Pods& succeeded, const Pods& failed) const {
  BackOffRecord next = *this;
  std::optional<WallTime> last_success;
  for (const PodPtr& pod : succeeded) last_success = std::max(last_success, std::optional(finish_time(*pod)));
  if (last_success) next = {};
  for (const PodPtr& pod : failed) {
    const WallTime end = finish_time(*pod);
    if (last_success && end <= *last_success) continue;
    ++next.failures;
    next.last_failure = std::max(next.last_failure, end);
  }
  return next;
}

Duration BackOffRecord::remaining(WallTime now) const { return remaining_of(failures, last_failure, now); }

Duration index_back_off_remaining(const corev1::Pod& failed_pod, WallTime now) {
  const int64_t before = int64_t{index_failures(failed_pod)} + index_ignored_failures(failed_pod);
  return remaining_of(before + 1, finish_time(failed_pod), now);
}

}  // namespace stint::job
