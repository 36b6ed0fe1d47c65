// Cron schedules, ZONE === SECONDS SINCE 1970 === SCHEDULE: runs come one after the other, and the next one is the same from anywhere
// before it.
#include "api/batch/cron_schedule.h"

#include <charconv>

#include "fuzz.h"

void stint::fuzz::run(std::string_view input) {
  constexpr int64_t kYear2200 = 7'258'118'400;
  const auto [zone_name, seconds_text, text] = parts<3>(input);
  const Result<CronSchedule> schedule = CronSchedule::parse(text);
  const std::optional<TimeZone> zone = TimeZone::find(zone_name);
  if (!schedule) return;
  int64_t seconds = 0;
  std::from_chars(seconds_text.data(), seconds_text.data() + seconds_text.size(), seconds);
  if (seconds < 0) seconds = ~seconds;
  WallTime at{std::chrono::seconds(seconds % kYear2200)};
  const TimeZone clock = zone.value_or(TimeZone::utc());
  for (int i = 0; i < 5; ++i) {
    const std::optional<WallTime> run = schedule->next(at, clock);
    if (!run) return;
    expect(*run > at, text, format_rfc3339(*run, clock));
    const bool is_interval = text.find("@every") != std::string_view::npos;
    expect(is_interval || schedule->next(*run - std::chrono::seconds(1), clock) == run, text, format_rfc3339(*run, clock));
    at = *run;
  }
}
