#include "control/cronjob/forecast.h"

#include <gmock/gmock.h>

#include "api/object.h"

namespace stint::cronjob {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

batchv1::CronJob make_cron_job(std::string schedule, std::string policy = "Allow") {
  batchv1::CronJob cron_job;
  cron_job.mutable_metadata()->set_name("c");
  cron_job.mutable_spec()->set_schedule(std::move(schedule));
  cron_job.mutable_spec()->set_concurrencypolicy(std::move(policy));
  return cron_job;
}

Forecast look(const batchv1::CronJob& cron_job, std::optional<Duration> run_time = std::nullopt, Duration span = std::chrono::days(30),
              std::string_view from = "2026-11-25T12:00:00Z") {
  return forecast(cron_job, {.from = parse_rfc3339(from).value(), .span = span, .run_time = run_time}).value();
}

std::vector<std::string> messages(const Forecast& forecast) {
  std::vector<std::string> all;
  for (const Finding& finding : forecast.findings) all.push_back(finding.reason + ": " + finding.message);
  return all;
}

TEST(CronJobForecast, CountsTheRunsAndFindsNothingWrongWithAQuietSchedule) {
  const Forecast quiet = look(make_cron_job("0 3 * * *"), 10min);
  EXPECT_EQ(quiet.planned, 30);
  EXPECT_EQ(quiet.started, 30);
  EXPECT_EQ(quiet.next, parse_rfc3339("2026-11-26T03:00:00Z"));
  EXPECT_THAT(messages(quiet), IsEmpty());
}

TEST(CronJobForecast, SaysThatADateNeverComes) {
  EXPECT_THAT(messages(look(make_cron_job("59 23 31 2 *"))), ElementsAre("NeverRuns: no date fits the schedule \"59 23 31 2 *\""));
}

TEST(CronJobForecast, SaysWhatRunsVeryOften) {
  EXPECT_THAT(messages(look(make_cron_job("* * * * *"), std::nullopt, 1h)),
              ElementsAre("VeryFrequent: runs as often as every 60s: 60 runs"));
  const Forecast seconds = look(make_cron_job("@every 20s"), std::nullopt, 10min);
  EXPECT_EQ(seconds.planned, 30);
  EXPECT_EQ(seconds.started, 11) << "one a minute, of the first too";
  EXPECT_THAT(messages(seconds), ElementsAre(HasSubstr("only the first gets a Job")));
}

TEST(CronJobForecast, AllowLetsRunsOverlap) {
  EXPECT_THAT(messages(look(make_cron_job("*/5 * * * *"), 12min, 1h)),
              ElementsAre("Overlap: the run before still runs at 2026-11-25T12:10:00Z for the first time, 11 of 12 runs, and both go on: "
                          "concurrencyPolicy is Allow; up to 3 run at once"));
}

TEST(CronJobForecast, ReplaceKillsTheRunBefore) {
  EXPECT_THAT(messages(look(make_cron_job("*/5 * * * *", "Replace"), 7min, 1h)),
              ElementsAre("Overlap: the run before still runs at 2026-11-25T12:10:00Z for the first time, 11 of 12 runs, and is killed: "
                          "concurrencyPolicy is Replace; so no run ever ends by itself"));
  EXPECT_THAT(messages(look(make_cron_job("0,5 * * * *", "Replace"), 7min, 2h)),
              ElementsAre("Overlap: the run before still runs at 2026-11-25T13:05:00Z for the first time, 1 of 4 runs, and is killed: "
                          "concurrencyPolicy is Replace"));
}

TEST(CronJobForecast, ForbidMakesRunsWaitAndDropsAllButTheNewest) {
  const Forecast waiting = look(make_cron_job("*/5 * * * *", "Forbid"), 7min, 1h);
  EXPECT_EQ(waiting.planned, 12);
  ASSERT_EQ(waiting.findings.size(), 2u);
  EXPECT_THAT(messages(waiting)[0], HasSubstr("Overlap: the run before still runs at 2026-11-25T12:10:00Z for the first time"));
  EXPECT_THAT(messages(waiting)[0], HasSubstr("start late"));
  EXPECT_THAT(messages(waiting)[1], HasSubstr("SkippedRun: the run of "));
}

TEST(CronJobForecast, ForbidWithADeadlineDropsWhatIsBlockedForLonger) {
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *", "Forbid");
  cron_job.mutable_spec()->set_startingdeadlineseconds(60);
  EXPECT_THAT(messages(look(cron_job, 7min, 1h)),
              ElementsAre(HasSubstr("concurrencyPolicy is Forbid"),
                          HasSubstr("SkippedRun: the run of 2026-11-25T12:10:00Z never starts, 5 of 12 runs: the run before ends after")));
}

TEST(CronJobForecast, ADeadlineOfTheJobEndsItsRun) {
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *");
  cron_job.mutable_spec()->mutable_jobtemplate()->mutable_spec()->set_activedeadlineseconds(120);
  EXPECT_THAT(messages(look(cron_job, 12min, 1h)), IsEmpty());
}

TEST(CronJobForecast, ADeadlineOfNothingLetsNothingStart) {
  batchv1::CronJob cron_job = make_cron_job("0 3 * * *");
  cron_job.mutable_spec()->set_startingdeadlineseconds(0);
  EXPECT_EQ(look(cron_job).started, 0);
  EXPECT_THAT(messages(look(cron_job)), ElementsAre(HasSubstr("NeverStarts: startingDeadlineSeconds is 0")));
}

TEST(CronJobForecast, TellsWhatAChangeOfTheClockSkipsAndRepeats) {
  batchv1::CronJob cron_job = make_cron_job("30 2 * * *");
  cron_job.mutable_spec()->set_timezone("Europe/Madrid");
  EXPECT_THAT(messages(look(cron_job, std::nullopt, std::chrono::days(365), "2026-01-01T00:00:00Z")),
              ElementsAre("SkippedRun: 2026-03-29T02:30:00: the clock goes forward from 02:00 to 03:00: skipped",
                          "RepeatedRun: 2026-10-25T02:30:00: the clock went back from 03:00 to 02:00: this time has come before"));
  cron_job.mutable_spec()->set_schedule("30 * * * *");
  EXPECT_THAT(messages(look(cron_job, std::nullopt, std::chrono::days(365), "2026-01-01T00:00:00Z")), IsEmpty());
}

TEST(CronJobForecast, OfASuspendedCronJobIsForWhenItGoesOn) {
  batchv1::CronJob cron_job = make_cron_job("0 3 * * *");
  cron_job.mutable_spec()->set_suspend(true);
  const Forecast suspended = look(cron_job);
  EXPECT_EQ(suspended.started, 30);
  ASSERT_EQ(suspended.findings.size(), 1u);
  EXPECT_FALSE(suspended.findings[0].warning);
}

TEST(CronJobForecast, RefusesWhatItCannotRead) {
  EXPECT_FALSE(forecast(make_cron_job("60 * * * *"), {}));
  batchv1::CronJob nowhere = make_cron_job("@daily");
  nowhere.mutable_spec()->set_timezone("Mars/Base");
  EXPECT_FALSE(forecast(nowhere, {}));
}

}  // namespace
}  // namespace stint::cronjob
