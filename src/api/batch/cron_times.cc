#include "api/batch/cron_times.h"

#include <algorithm>

#include "api/object.h"

namespace stint {

using std::chrono::floor;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;
using Fate = CronTime::Fate;

namespace {

// How far changes of the clock are looked for where no run comes any more.
constexpr auto kSearchMax = std::chrono::days(6 * 366);

local_seconds wall_at(sys_seconds time, seconds offset) { return local_seconds((time + offset).time_since_epoch()); }

// What the change at the end of a span skips, if it does.
void add_skipped(const CronSchedule& schedule, const TimeZone::Span& span, seconds offset_after, std::vector<CronTime>& times) {
  const local_seconds gap = wall_at(span.end, span.offset), gap_end = wall_at(span.end, offset_after);
  CronTime skipped{.fate = Fate::kSkipped, .time = span.end, .offset = span.offset, .count = 0, .change = gap};
  skipped.shift = offset_after - span.offset;
  for (local_seconds wall = std::chrono::ceil<std::chrono::minutes>(gap); wall < gap_end; wall += 1min) {
    if (!schedule.matches(wall)) continue;
    if (skipped.count++ == 0) skipped.wall = wall;
    if (!schedule.matches(wall + skipped.shift)) skipped.felt = true;
  }
  if (skipped.count > 0) times.push_back(skipped);
}

void add_skipped(const CronSchedule& schedule, const TimeZone& clock, WallTime after, WallTime until, std::vector<CronTime>& times) {
  TimeZone::Span span = clock.span_at(floor<seconds>(after));
  const sys_seconds last = floor<seconds>(until);  // a span's end may be past what WallTime can tell
  while (span.end <= last) {
    const TimeZone::Span next = clock.span_at(span.end);
    if (next.offset > span.offset) add_skipped(schedule, span, next.offset, times);
    span = next;
  }
}

CronTime describe(const CronSchedule& schedule, const TimeZone& clock, WallTime run) {
  const sys_seconds time = floor<seconds>(run);
  const TimeZone::Span span = clock.span_at(time);
  CronTime described{.wall = wall_at(time, span.offset), .time = time, .offset = span.offset};
  if (schedule.is_interval()) return described;
  const TimeZone::Span before = clock.span_at(span.begin - 1s), after = clock.span_at(span.end);
  if (before.offset > span.offset && time + span.offset - before.offset < span.begin) {
    described.fate = Fate::kRunsAgain;
    described.shift = span.offset - before.offset;
    described.change = wall_at(span.begin, before.offset);
    described.felt = !schedule.matches(described.wall - described.shift);
  } else if (after.offset < span.offset && time + span.offset - after.offset >= span.end) {
    described.fate = Fate::kRunsFirst;
    described.shift = after.offset - span.offset;
    described.change = wall_at(span.end, span.offset);
  }
  return described;
}

std::string hour_and_minute(local_seconds wall) { return format_wall_time(wall).substr(11, 5); }

}  // namespace

std::vector<CronTime> coming_times(const CronSchedule& schedule, const TimeZone& zone, WallTime after, WallTime until, size_t runs_max) {
  std::vector<CronTime> times;
  const TimeZone& clock = schedule.clock(zone);
  for (size_t runs = 0; runs < runs_max; ++runs) {
    const std::optional<WallTime> next = schedule.next(after, zone);
    if (!schedule.is_interval()) add_skipped(schedule, clock, after, std::min(next.value_or(after + kSearchMax), until), times);
    if (!next || *next > until) break;
    times.push_back(describe(schedule, clock, *next));
    after = *next;
  }
  return times;
}

std::string note_of(const CronTime& time) {
  if (time.fate == Fate::kRuns) return "";
  const std::string change = " from " + hour_and_minute(time.change) + " to " + hour_and_minute(time.change + time.shift);
  if (time.fate == Fate::kRunsFirst) return "the clock will go back" + change + ": this time comes twice";
  if (time.fate == Fate::kRunsAgain) return "the clock went back" + change + ": this time has come before";
  const std::string times = time.count > 1 ? ": " + std::to_string(time.count) + " times are skipped" : ": skipped";
  return "the clock goes forward" + change + times;
}

std::string format_wall_time(local_seconds wall) {
  std::string text = format_rfc3339(sys_seconds(wall.time_since_epoch()));
  text.pop_back();  // no zone is meant
  return text;
}

}  // namespace stint
