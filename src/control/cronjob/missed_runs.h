// Which run of a CronJob is due, and when the next will be. Only the newest missed run is ever started. Pure; any thread. Source:
// upstream's pkg/controller/cronjob/utils.go, with its estimate of the missed runs, since what it starts and skips follows from that
// estimate.
#pragma once

#include <optional>

#include "api/batch/cron_schedule.h"
#include "api/types.h"

namespace stint::cronjob {

// More missed runs than this are worth a warning: a clock or a deadline is wrong.
inline constexpr int64_t kMissedRunsWarned = 100;

struct Due {
  std::optional<WallTime> time;
  bool too_many_missed = false;
};
// kInvalid: the schedule never yields a time.
Result<Due> find_due(const batchv1::CronJob& cron_job, const CronSchedule& schedule, const TimeZone& zone, WallTime now);

// The next run after the due one, or after now. Nothing: never.
std::optional<WallTime> find_next(const batchv1::CronJob& cron_job, const CronSchedule& schedule, const TimeZone& zone, WallTime now);

}  // namespace stint::cronjob
