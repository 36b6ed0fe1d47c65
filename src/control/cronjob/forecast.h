// What a CronJob will do if nothing goes wrong: its runs over a while, by the rules of plan.h, and what in them its author may not have
// meant. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/batch/cron_schedule.h"
#include "api/types.h"

namespace stint::cronjob {

struct ForecastOptions {
  WallTime from;
  Duration span = std::chrono::days(30);
  std::optional<Duration> run_time;  // of each Job; nothing: not known, so nothing is said of overlaps
};

struct Finding {
  bool warning = true;
  std::string reason;
  std::string message;
};

struct Forecast {
  int64_t planned = 0;  // by the schedule, within the span
  int64_t started = 0;
  std::optional<WallTime> next;  // may lie beyond the span
  std::vector<Finding> findings;
};

// Past so many runs a forecast ends, and says so.
inline constexpr size_t kForecastRunsMax = 50'000;

// kInvalid: the schedule does not parse, or its zone is not known.
Result<Forecast> forecast(const batchv1::CronJob& cron_job, const ForecastOptions& options);

}  // namespace stint::cronjob
