#include "api/batch/cron_times.h"

#include <gtest/gtest.h>

#include "api/object.h"

namespace stint {
namespace {

// "wall UTC note" of each, skipped ones without UTC; an asterisk where the change is felt.
std::vector<std::string> lines(std::string_view schedule, std::string_view zone, std::string_view after, size_t runs_max,
                               std::string_view until = "2100-01-01T00:00:00Z") {
  std::vector<std::string> all;
  const auto found = coming_times(CronSchedule::parse(schedule).value(), TimeZone::find(zone).value(), parse_rfc3339(after).value(),
                                  parse_rfc3339(until).value(), runs_max);
  for (const CronTime& time : found) {
    const bool runs = time.fate != CronTime::Fate::kSkipped;
    all.push_back(format_wall_time(time.wall) + (runs ? " " + format_rfc3339(time.time) : "") + (time.felt ? " *" : "") +
                  (note_of(time).empty() ? "" : " " + note_of(time)));
  }
  return all;
}
using Lines = std::vector<std::string>;

TEST(CronTimes, ShowTheWallClockOfTheZone) {
  EXPECT_EQ(lines("0 3 * * mon", "Europe/Madrid", "2026-11-25T12:00:00Z", 2),
            (Lines{"2026-11-30T03:00:00 2026-11-30T02:00:00Z", "2026-12-07T03:00:00 2026-12-07T02:00:00Z"}));
}

TEST(CronTimes, TellWhatTheSpringChangeSkips) {
  EXPECT_EQ(
      lines("30 2 * * *", "Europe/Madrid", "2026-03-28T12:00:00Z", 1),
      (Lines{"2026-03-29T02:30:00 * the clock goes forward from 02:00 to 03:00: skipped", "2026-03-30T02:30:00 2026-03-30T00:30:00Z"}));
}

TEST(CronTimes, TellWhatTheAutumnChangeRepeats) {
  EXPECT_EQ(lines("30 2 * * *", "Europe/Madrid", "2026-10-24T12:00:00Z", 3),
            (Lines{"2026-10-25T02:30:00 2026-10-25T00:30:00Z the clock will go back from 03:00 to 02:00: this time comes twice",
                   "2026-10-25T02:30:00 2026-10-25T01:30:00Z * the clock went back from 03:00 to 02:00: this time has come before",
                   "2026-10-26T02:30:00 2026-10-26T01:30:00Z"}));
}

TEST(CronTimes, AChangeIsNotFeltByAScheduleThatRunsEveryHour) {
  EXPECT_EQ(lines("*/30 * * * *", "Europe/Madrid", "2026-03-29T00:30:00Z", 1),
            (Lines{"2026-03-29T02:00:00 the clock goes forward from 02:00 to 03:00: 2 times are skipped",
                   "2026-03-29T03:00:00 2026-03-29T01:00:00Z"}));
  for (const std::string& line : lines("0 * * * *", "Europe/Madrid", "2026-10-24T22:00:00Z", 6)) {
    EXPECT_FALSE(line.contains('*')) << line;
  }
}

TEST(CronTimes, FollowTheZoneThatTheScheduleNames) {
  EXPECT_EQ(lines("TZ=Asia/Kolkata 0 0 * * *", "UTC", "2026-08-03T00:00:00Z", 1), (Lines{"2026-08-04T00:00:00 2026-08-03T18:30:00Z"}));
}

TEST(CronTimes, OfAnIntervalFollowNoClock) {
  EXPECT_EQ(lines("@every 1h", "Europe/Madrid", "2026-03-29T00:20:07Z", 1), (Lines{"2026-03-29T03:20:07 2026-03-29T01:20:07Z"}));
}

TEST(CronTimes, EndAtTheGivenTimeAndWhereNoDateComes) {
  EXPECT_EQ(lines("0 0 * * *", "UTC", "2026-01-01T00:00:00Z", 100, "2026-01-04T00:00:00Z").size(), 3u);
  EXPECT_EQ(lines("59 23 31 2 *", "America/New_York", "2026-01-01T00:00:00Z", 5), Lines{});
}

TEST(CronTimes, TellWhatIsSkippedAfterTheLastRunToo) {
  EXPECT_EQ(lines("30 2 29 3 *", "Europe/Madrid", "2026-01-01T00:00:00Z", 5, "2026-06-01T00:00:00Z"),
            (Lines{"2026-03-29T02:30:00 * the clock goes forward from 02:00 to 03:00: skipped"}));
}

}  // namespace
}  // namespace stint
