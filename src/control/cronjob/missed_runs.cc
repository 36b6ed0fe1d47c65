#include "control/cronjob/missed_runs.h"

#include <algorithm>

#include "api/object.h"

namespace stint::cronjob {

using std::chrono::floor;
using std::chrono::seconds;

namespace {

// After this far back nothing is looked for; keeps the arithmetic inside a Duration.
constexpr int64_t kDeadlineSecondsMax = 100LL * 366 * 24 * 3600;

struct Search {
  WallTime base;  // the last run, or the creation
  std::optional<WallTime> newest;
  int64_t missed = 0;  // estimated
};

// The last time up to now; `from` itself if none comes after it.
WallTime newest_after(WallTime from, const CronSchedule& schedule, const TimeZone& zone, WallTime now) {
  WallTime newest = from;
  for (auto time = schedule.next(from, zone); time && *time <= now; time = schedule.next(*time, zone)) newest = *time;
  return newest;
}

// A fixed distance has no times of its own: they are counted from the last run, whatever the deadline. (Upstream counts them from the
// deadline where that is later, so that with one shorter than the distance nothing ever runs.)
Search search_interval(WallTime base, Duration interval, std::optional<WallTime> deadline, WallTime now) {
  Search found{.base = base};
  if (now - base < interval) return found;
  const WallTime newest = base + (now - base) / interval * interval;
  const WallTime oldest = deadline && *deadline > base ? *deadline : base;
  if (newest <= oldest) return found;
  found.newest = newest;
  found.missed = (newest - oldest - Duration(1)) / interval + 1;
  return found;
}

Result<Search> search(const batchv1::CronJob& cron_job, const CronSchedule& schedule, const TimeZone& zone, WallTime now,
                      bool within_deadline) {
  Search found;
  const auto& status = cron_job.status();
  found.base = from_time(status.has_lastscheduletime() ? status.lastscheduletime() : cron_job.metadata().creationtimestamp());
  std::optional<WallTime> deadline;
  if (within_deadline && cron_job.spec().has_startingdeadlineseconds())
    deadline = now - seconds(std::min(cron_job.spec().startingdeadlineseconds(), kDeadlineSecondsMax));
  if (schedule.is_interval()) return search_interval(found.base, schedule.interval(), deadline, now);
  if (deadline) found.base = std::max(found.base, *deadline);
  const auto never = [] { return fail(Reason::kInvalid, "time difference between two schedules is less than 1 second"); };
  const std::optional<WallTime> first = schedule.next(found.base, zone);
  if (!first) return never();
  if (now < *first) return found;
  const std::optional<WallTime> second = schedule.next(*first, zone);
  if (!second || *second - *first < seconds(1)) return never();
  if (now < *second) {
    found.newest = first;
    return found;
  }
  // How many is an estimate, as if all were as far apart as the first two. The newest is exact: it is looked for from ever further back.
  const int64_t between = floor<seconds>(*second - *first).count();
  found.missed = floor<seconds>(now - *first).count() / between + 1;
  const auto is_met_from = [&](WallTime from) {
    const auto time = schedule.next(from, zone);
    return time && *time <= now;
  };
  Duration back = *second - *first;
  while (now - back > *first && !is_met_from(now - back)) back *= 2;
  found.newest = newest_after(std::max(*first, now - back), schedule, zone, now);
  return found;
}

}  // namespace

Result<Due> find_due(const batchv1::CronJob& cron_job, const CronSchedule& schedule, const TimeZone& zone, WallTime now) {
  TRY(const Search found, search(cron_job, schedule, zone, now, true));
  return Due{found.newest, found.newest.has_value() && found.missed > kMissedRunsWarned};
}

std::optional<WallTime> find_next(const batchv1::CronJob& cron_job, const CronSchedule& schedule, const TimeZone& zone, WallTime now) {
  WallTime after = now;
  if (const auto found = search(cron_job, schedule, zone, now, false); found && found->newest) {
    after = *found->newest;
  } else if (found && found->missed == 0) {
    after = found->base;
  }
  return schedule.next(after, zone);
}

}  // namespace stint::cronjob
