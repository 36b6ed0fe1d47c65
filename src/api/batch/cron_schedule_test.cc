#include "api/batch/cron_schedule.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <sstream>

namespace stint {
namespace {

using namespace std::chrono_literals;

WallTime at(const std::string& text) {
  std::chrono::sys_seconds time;
  std::istringstream in(text);
  in >> date::parse("%FT%TZ", time);
  EXPECT_FALSE(in.fail()) << text;
  return time;
}

std::string show(std::optional<WallTime> time) { return time ? format_rfc3339(*time, TimeZone::utc()) : "never"; }

TimeZone zone(std::string_view name) { return TimeZone::find(name).value(); }

// The first `count` times after `after`.
std::vector<std::string> times(std::string_view schedule, const std::string& after, int count, std::string_view zone_name = "UTC") {
  auto parsed = CronSchedule::parse(schedule);
  EXPECT_TRUE(parsed.has_value()) << schedule;
  std::vector<std::string> found;
  std::optional<WallTime> time = at(after);
  for (int i = 0; i < count && time; ++i) {
    time = parsed->next(*time, zone(zone_name));
    found.push_back(show(time));
  }
  return found;
}

using Times = std::vector<std::string>;

TEST(CronSchedule, RefusesWhatUpstreamRefuses) {
  for (const char* text : {"",
                           "0 0 * * 7",
                           "60 * * * *",
                           "* * * *",
                           "* * * * * *",
                           "@reboot",
                           "@Daily",
                           "@daily ",
                           "*/0 * * * *",
                           "0 0 * * FRI-MON",
                           "22-2 * * * *",
                           "0 24 * * *",
                           "0 0 0 * *",
                           "0 0 * 13 *",
                           "-1 * * * *",
                           "1-2-3 * * * *",
                           "1/2/3 * * * *",
                           "x * * * *",
                           "0 0 L * *",
                           "0 0 * * mo",
                           "0 0 * * monday",
                           "mon * * * *",
                           "@every",
                           "@every 5",
                           "@every x",
                           "TZ=0",
                           "TZ=Mars/Base 0 * * * *",
                           "*/x * * * *",
                           "5.5 * * * *",
                           "99999999999999999999 * * * *"}) {
    EXPECT_FALSE(CronSchedule::parse(text).has_value()) << text;
  }
}

TEST(CronSchedule, AcceptsWhatUpstreamAccepts) {
  for (const char* text : {"* * * * ?",        "0 9 * JAN-mar Mon", "@every 90s",
                           "05 1,,2 * * *",    "@yearly",           "@annually",
                           "@monthly",         "@weekly",           "@daily",
                           "@midnight",        "@hourly",           "@every 1h30m",
                           "@every -5s",       "0 0 31 2 *",        ", * * * *",
                           "+5 * * * *",       "*-5 * * * *",       "50/99 * * * *",
                           "  0   0\t* * *  ", "TZ=UTC 0 * * * *",  "CRON_TZ=Asia/Kolkata @daily"}) {
    EXPECT_TRUE(CronSchedule::parse(text).has_value()) << text;
  }
}

TEST(CronSchedule, ExplainsInUpstreamsWords) {
  const auto message = [](std::string_view text) { return CronSchedule::parse(text).error().message; };
  EXPECT_EQ(message("a b"), "expected exactly 5 fields, found 2: [a b]");
  EXPECT_EQ(message("61 * * * *"), "end of range (61) above maximum (59): 61");
  EXPECT_EQ(message("* * 0 * *"), "beginning of range (0) below minimum (1): 0");
  EXPECT_EQ(message("5-2 * * * *"), "beginning of range (5) beyond end of range (2): 5-2");
  EXPECT_EQ(message("*/0 * * * *"), "step of range should be a positive number: */0");
  EXPECT_EQ(message("x * * * *"), "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax");
  EXPECT_EQ(message("@reboot"), "unrecognized descriptor: @reboot");
  EXPECT_EQ(message("@every 5"), "failed to parse duration @every 5: time: missing unit in duration \"5\"");
}

TEST(CronSchedule, IsStrictlyAfterAtSecondZero) {
  EXPECT_EQ(times("*/5 * * * *", "2026-08-03T10:00:00Z", 2), (Times{"2026-08-03T10:05:00Z", "2026-08-03T10:10:00Z"}));
  EXPECT_EQ(times("0 * * * *", "2026-08-03T09:58:30Z", 1), (Times{"2026-08-03T10:00:00Z"}));
  EXPECT_EQ(times("0 0 1 1 *", "2026-12-31T23:59:59Z", 2), (Times{"2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"}));
}

TEST(CronSchedule, StepsRestartAtEachFieldBoundary) {
  EXPECT_EQ(times("*/7 * * * *", "2026-08-03T10:48:00Z", 3),
            (Times{"2026-08-03T10:49:00Z", "2026-08-03T10:56:00Z", "2026-08-03T11:00:00Z"}));
  EXPECT_EQ(times("50/5 3 * * *", "2026-08-03T03:50:00Z", 2), (Times{"2026-08-03T03:55:00Z", "2026-08-04T03:50:00Z"}));
}

TEST(CronSchedule, JoinsTheDayFieldsWithOrUnlessOneIsStarred) {
  EXPECT_EQ(times("0 0 13 * 5", "2026-08-06T00:00:00Z", 3),
            (Times{"2026-08-07T00:00:00Z", "2026-08-13T00:00:00Z", "2026-08-14T00:00:00Z"}));
  EXPECT_EQ(times("0 0 13 * *", "2026-08-06T00:00:00Z", 2), (Times{"2026-08-13T00:00:00Z", "2026-09-13T00:00:00Z"}));
  EXPECT_EQ(times("0 0 */2 * 1", "2026-08-09T12:00:00Z", 2), (Times{"2026-08-10T00:00:00Z", "2026-08-11T00:00:00Z"}))
      << "*/2 is not starred";
}

TEST(CronSchedule, GivesUpOnDatesThatDoNotExist) {
  EXPECT_EQ(times("59 23 31 2 *", "2026-08-03T10:00:00Z", 1), (Times{"never"}));
  EXPECT_EQ(times(", * * * *", "2026-08-03T10:00:00Z", 1), (Times{"never"}));
  EXPECT_EQ(times("0 0 29 2 *", "2026-08-03T10:00:00Z", 2), (Times{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}));
}

TEST(CronSchedule, SkipsWhatTheSpringChangeSkips) {
  EXPECT_EQ(times("30 2 * * *", "2012-03-10T12:00:00Z", 1, "America/New_York"), (Times{"2012-03-12T06:30:00Z"}));
  EXPECT_EQ(times("0 * * * *", "2012-03-11T06:00:00Z", 2, "America/New_York"), (Times{"2012-03-11T07:00:00Z", "2012-03-11T08:00:00Z"}));
  EXPECT_EQ(times("0 0 * * *", "2018-11-03T12:00:00Z", 1, "America/Sao_Paulo"), (Times{"2018-11-05T02:00:00Z"}))
      << "the gap covers midnight";
}

TEST(CronSchedule, RepeatsWhatTheAutumnChangeRepeats) {
  EXPECT_EQ(times("0 1 * * *", "2012-11-04T04:00:00Z", 3, "America/New_York"),
            (Times{"2012-11-04T05:00:00Z", "2012-11-04T06:00:00Z", "2012-11-05T06:00:00Z"}));
}

TEST(CronSchedule, CountsEveryFromTheGivenTime) {
  EXPECT_EQ(times("@every 1h", "2026-08-03T10:20:07Z", 2), (Times{"2026-08-03T11:20:07Z", "2026-08-03T12:20:07Z"}));
  EXPECT_EQ(times("@every 100ms", "2026-08-03T10:20:07Z", 1), (Times{"2026-08-03T10:20:08Z"}));
  EXPECT_EQ(times("@every 2500ms", "2026-08-03T10:20:07Z", 1), (Times{"2026-08-03T10:20:09Z"}));
}

TEST(CronSchedule, HasNoNextRunBeyondTheEndOfTheClock) { EXPECT_EQ(times("@every 2562047h", "2026-08-03T10:20:07Z", 1), Times{"never"}); }

TEST(CronSchedule, PrefersItsOwnZone) {
  EXPECT_EQ(times("TZ=Asia/Kolkata 0 0 * * *", "2026-08-03T00:00:00Z", 1, "Europe/Rome"), (Times{"2026-08-03T18:30:00Z"}));
}

TEST(TimeZone, KnowsTheDatabaseByExactName) {
  EXPECT_TRUE(time_zone_exists("Asia/Kolkata"));
  EXPECT_TRUE(time_zone_exists("UTC"));
  EXPECT_TRUE(time_zone_exists("Etc/GMT+5"));
  EXPECT_FALSE(time_zone_exists("Mars/Base"));
  EXPECT_FALSE(time_zone_exists("asia/kolkata"));
  EXPECT_FALSE(time_zone_exists("../x"));
}

TEST(TimeZone, IsShownAsOffset) {
  EXPECT_EQ(format_rfc3339(at("2026-08-03T10:00:00Z"), zone("Europe/Rome")), "2026-08-03T12:00:00+02:00");
  EXPECT_EQ(format_rfc3339(at("2026-08-03T10:00:00Z"), zone("America/St_Johns")), "2026-08-03T07:30:00-02:30");
  EXPECT_EQ(format_rfc3339(at("2026-08-03T10:00:00Z"), TimeZone::utc()), "2026-08-03T10:00:00Z");
}

}  // namespace
}  // namespace stint
