// The coming times of a schedule as people read them: on the wall clock, with what a change of the clock skips or repeats. Pure; any
// thread.
#pragma once

#include <vector>

#include "api/batch/cron_schedule.h"

namespace stint {

struct CronTime {
  enum class Fate { kRuns, kRunsFirst, kRunsAgain, kSkipped } fate = Fate::kRuns;
  std::chrono::local_seconds wall;    // of several that one change skips the first
  WallTime time;                      // of skipped ones the moment of the change
  std::chrono::seconds offset{0};     // of the wall clock from UTC; of skipped ones before the change
  int64_t count = 1;                  // of the times that one change skips
  std::chrono::seconds shift{0};      // by how much the clock changes, if that touches this time
  std::chrono::local_seconds change;  // what the clock shows when it does
  // A schedule may run so often that at the same moment it runs anyway, as on any day: then nobody feels the change.
  bool felt = false;
};

// The first `runs_max` runs after `after` and up to `until`, with what is skipped between them, in order.
std::vector<CronTime> coming_times(const CronSchedule& schedule, const TimeZone& zone, WallTime after, WallTime until, size_t runs_max);

// "the clock goes back from 03:00 to 02:00: this time comes twice", or "".
std::string note_of(const CronTime& time);

// "2026-03-29T02:30:00"
std::string format_wall_time(std::chrono::local_seconds wall);

}  // namespace stint
