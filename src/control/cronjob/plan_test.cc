#include "control/cronjob/plan.h"

#include <gtest/gtest.h>

#include "api/object.h"
#include "control/cronjob/missed_runs.h"

namespace stint::cronjob {
namespace {

using namespace std::chrono_literals;

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

batchv1::CronJob make_cron_job(const std::string& schedule, std::string_view created) {
  batchv1::CronJob cron_job;
  cron_job.mutable_metadata()->set_name("c");
  cron_job.mutable_metadata()->set_namespace_("ns");
  cron_job.mutable_metadata()->set_uid("cron-uid");
  *cron_job.mutable_metadata()->mutable_creationtimestamp() = to_time(at(created));
  cron_job.mutable_spec()->set_schedule(schedule);
  cron_job.mutable_spec()->set_concurrencypolicy("Allow");
  cron_job.mutable_spec()->set_successfuljobshistorylimit(3);
  cron_job.mutable_spec()->set_failedjobshistorylimit(1);
  return cron_job;
}

void set_last(batchv1::CronJob& cron_job, std::string_view time) {
  *cron_job.mutable_status()->mutable_lastscheduletime() = to_time(at(time));
}

JobPtr make_run(const std::string& uid, const char* condition = "", std::string_view end = "2026-08-03T10:00:30Z") {
  auto job = std::make_shared<batchv1::Job>();
  job->mutable_metadata()->set_name("c-" + uid);
  job->mutable_metadata()->set_namespace_("ns");
  job->mutable_metadata()->set_uid(uid);
  *job->mutable_status()->mutable_starttime() = to_time(at(end) - 20s);
  if (*condition == '\0') return job;
  auto& finished = *job->mutable_status()->add_conditions();
  finished.set_type(condition);
  finished.set_status("True");
  if (std::string_view(condition) == "Complete") *job->mutable_status()->mutable_completiontime() = to_time(at(end));
  return job;
}

void list_active(batchv1::CronJob& cron_job, const JobPtr& job) { *cron_job.mutable_status()->add_active() = reference_to(*job); }

View make_view(batchv1::CronJob cron_job, std::vector<JobPtr> jobs = {}) {
  return {.cron_job = std::make_shared<batchv1::CronJob>(std::move(cron_job)), .jobs = std::move(jobs)};
}

std::string start_of(const Plan& plan) { return plan.start ? format_rfc3339(*plan.start) : "none"; }
std::string start_of(const batchv1::CronJob& cron_job, std::string_view now) { return start_of(plan(make_view(cron_job), at(now))); }

std::vector<std::string> reasons(const Plan& plan) {
  std::vector<std::string> all;
  for (const Notice& notice : plan.notices) all.push_back(notice.reason);
  return all;
}
using Reasons = std::vector<std::string>;

TEST(CronJobPlan, StartsADueRunUnderItsDeterministicName) {
  const batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-03T09:58:30Z");
  const Plan due = plan(make_view(cron_job), at("2026-08-03T10:00:00Z"));
  EXPECT_EQ(start_of(due), "2026-08-03T10:00:00Z");
  EXPECT_EQ(due.look_again, 1h);
  const batchv1::Job job = make_job(cron_job, *due.start);
  EXPECT_EQ(job.metadata().name(), "c-29762520");
  EXPECT_EQ(job.metadata().annotations().at("batch.kubernetes.io/cronjob-scheduled-timestamp"), "2026-08-03T10:00:00Z");
  EXPECT_EQ(controller_of(job)->uid(), "cron-uid");
}

TEST(CronJobPlan, StampsTheJobInTheZoneOfTheCronJob) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-03T09:58:30Z");
  cron_job.mutable_spec()->set_timezone("Europe/Rome");
  const batchv1::Job job = make_job(cron_job, at("2026-08-03T10:00:00Z"));
  EXPECT_EQ(job.metadata().name(), "c-29762520");
  EXPECT_EQ(job.metadata().annotations().at("batch.kubernetes.io/cronjob-scheduled-timestamp"), "2026-08-03T12:00:00+02:00");
}

TEST(CronJobPlan, CountsFromItsCreation) {
  const Plan early = plan(make_view(make_cron_job("0 * * * *", "2026-08-03T10:00:30Z")), at("2026-08-03T10:00:31Z"));
  EXPECT_EQ(start_of(early), "none");
  EXPECT_EQ(early.look_again, 1h - 31s);
  EXPECT_EQ(start_of(make_cron_job("@every 1h", "2026-08-03T10:20:07Z"), "2026-08-03T11:20:07Z"), "2026-08-03T11:20:07Z");
}

TEST(CronJobPlan, CountsIntervalsFromTheLastRunWhateverTheDeadline) {
  batchv1::CronJob cron_job = make_cron_job("@every 90s", "2026-08-03T10:00:05Z");
  cron_job.mutable_spec()->set_startingdeadlineseconds(20);
  EXPECT_EQ(start_of(cron_job, "2026-08-03T10:01:34Z"), "none");
  EXPECT_EQ(start_of(cron_job, "2026-08-03T10:01:35Z"), "2026-08-03T10:01:35Z");
  EXPECT_EQ(start_of(cron_job, "2026-08-03T10:01:56Z"), "none") << "past the deadline";
  EXPECT_EQ(plan(make_view(cron_job), at("2026-08-03T10:01:56Z")).look_again, 69s);
  set_last(cron_job, "2026-08-03T10:01:35Z");
  EXPECT_EQ(start_of(cron_job, "2026-08-03T11:01:40Z"), "2026-08-03T11:01:35Z") << "the newest of forty";
}

TEST(CronJobPlan, StartsOnlyTheNewestMissedRun) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  EXPECT_EQ(start_of(cron_job, "2026-08-03T13:30:00Z"), "2026-08-03T13:00:00Z");
}

TEST(CronJobPlan, WarnsOfVeryManyMissedRunsUnlessADeadlineHidesThem) {
  batchv1::CronJob cron_job = make_cron_job("* * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  const Plan many = plan(make_view(cron_job), at("2026-08-03T13:00:30Z"));
  EXPECT_EQ(start_of(many), "2026-08-03T13:00:00Z");
  EXPECT_EQ(reasons(many), (Reasons{"TooManyMissedTimes"}));
  cron_job.mutable_spec()->set_startingdeadlineseconds(200);
  const Plan few = plan(make_view(cron_job), at("2026-08-03T13:00:30Z"));
  EXPECT_EQ(start_of(few), "2026-08-03T13:00:00Z");
  EXPECT_TRUE(few.notices.empty());
}

TEST(CronJobPlan, ForgetsRunsOlderThanTheDeadline) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T08:00:00Z");
  cron_job.mutable_spec()->set_startingdeadlineseconds(60);
  const Plan late = plan(make_view(cron_job), at("2026-08-03T10:07:00Z"));
  EXPECT_EQ(start_of(late), "none");
  EXPECT_TRUE(late.notices.empty());
  EXPECT_EQ(late.look_again, 53min);
}

TEST(CronJobPlan, ForbidSkipsWhileARunIsActiveAndCatchesUpAfter) {
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *", "2026-08-01T00:00:00Z");
  cron_job.mutable_spec()->set_concurrencypolicy("Forbid");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  const JobPtr running = make_run("29762520");
  list_active(cron_job, running);
  const Plan skipped = plan(make_view(cron_job, {running}), at("2026-08-03T10:05:00Z"));
  EXPECT_EQ(start_of(skipped), "none");
  EXPECT_EQ(reasons(skipped), (Reasons{"JobAlreadyActive"}));
  const Plan after = plan(make_view(cron_job, {make_run("29762520", "Complete", "2026-08-03T10:07:00Z")}), at("2026-08-03T10:07:00Z"));
  EXPECT_EQ(start_of(after), "2026-08-03T10:05:00Z");
  EXPECT_EQ(reasons(after), (Reasons{"SawCompletedJob"}));
  cron_job.mutable_spec()->set_startingdeadlineseconds(60);
  EXPECT_EQ(start_of(plan(make_view(cron_job, {make_run("29762520", "Complete")}), at("2026-08-03T10:07:00Z"))), "none");
}

TEST(CronJobPlan, ReplaceDeletesTheRunBefore) {
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *", "2026-08-01T00:00:00Z");
  cron_job.mutable_spec()->set_concurrencypolicy("Replace");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  const JobPtr running = make_run("29762520");
  list_active(cron_job, running);
  const Plan replaced = plan(make_view(cron_job, {running}), at("2026-08-03T10:05:00Z"));
  ASSERT_EQ(replaced.replace.size(), 1u);
  EXPECT_EQ(replaced.replace[0].uid(), "29762520");
  EXPECT_EQ(start_of(replaced), "2026-08-03T10:05:00Z");
}

TEST(CronJobPlan, AllowStartsBesideTheRunBefore) {
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  const JobPtr running = make_run("29762520");
  list_active(cron_job, running);
  const Plan both = plan(make_view(cron_job, {running}), at("2026-08-03T10:05:00Z"));
  EXPECT_EQ(start_of(both), "2026-08-03T10:05:00Z");
  EXPECT_TRUE(both.replace.empty());
  EXPECT_EQ(both.status.active_size(), 1) << "the one before stays listed";
}

TEST(CronJobPlan, NamesTheTwoRunsOfARepeatedHourApart) {
  batchv1::CronJob cron_job = make_cron_job("0 1 * * *", "2012-11-04T04:00:00Z");
  cron_job.mutable_spec()->set_timezone("America/New_York");
  const Plan first = plan(make_view(cron_job), at("2012-11-04T05:00:00Z"));
  ASSERT_TRUE(first.start.has_value());
  EXPECT_EQ(job_name(cron_job, *first.start), "c-22533420");
  set_last(cron_job, "2012-11-04T05:00:00Z");
  const Plan again = plan(make_view(cron_job), at("2012-11-04T06:00:00Z"));
  ASSERT_TRUE(again.start.has_value());
  EXPECT_EQ(job_name(cron_job, *again.start), "c-22533480");
}

TEST(CronJobPlan, StartsNothingAgainAfterTheClockWentBack) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  const Plan back = plan(make_view(cron_job), at("2026-08-03T09:30:00Z"));
  EXPECT_EQ(start_of(back), "none");
  EXPECT_EQ(back.look_again, 90min);
  EXPECT_EQ(start_of(cron_job, "2026-08-03T10:00:00Z"), "none");
}

TEST(CronJobPlan, MakesUpForNothingRightAfterItsScheduleChanged) {
  batchv1::CronJob cron_job = make_cron_job("*/1 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  View view = make_view(cron_job);
  view.rescheduled = true;
  const Plan changed = plan(view, at("2026-08-03T10:20:30Z"));
  EXPECT_EQ(start_of(changed), "none");
  EXPECT_EQ(changed.look_again, 30s);
}

TEST(CronJobPlan, TellsTheNextRunUnlessThereIsNone) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-03T09:58:30Z");
  EXPECT_EQ(from_time(plan(make_view(cron_job), at("2026-08-03T10:00:00Z")).status.nextscheduletime()), at("2026-08-03T11:00:00Z"));
  cron_job.mutable_spec()->set_suspend(true);
  EXPECT_FALSE(plan(make_view(cron_job), at("2026-08-03T10:00:00Z")).status.has_nextscheduletime());
  batchv1::CronJob never = make_cron_job("59 23 31 2 *", "2026-08-01T00:00:00Z");
  *never.mutable_status()->mutable_nextscheduletime() = to_time(at("2026-08-03T11:00:00Z"));
  EXPECT_FALSE(plan(make_view(never), at("2026-08-03T10:00:00Z")).status.has_nextscheduletime());
}

TEST(CronJobPlan, LooksNoMoreAtWhatCannotRun) {
  const auto looks_again = [](const batchv1::CronJob& cron_job) {
    return plan(make_view(cron_job), at("2026-08-03T10:00:30Z")).look_again.has_value();
  };
  EXPECT_FALSE(looks_again(make_cron_job("59 23 31 2 *", "2026-08-01T00:00:00Z")));
  EXPECT_FALSE(looks_again(make_cron_job("60 * * * *", "2026-08-01T00:00:00Z")));
  batchv1::CronJob nowhere = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  nowhere.mutable_spec()->set_timezone("Mars/Base");
  EXPECT_FALSE(looks_again(nowhere));
}

TEST(CronJobPlan, StartsNothingWhileSuspendedButKeepsItsBooks) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T08:00:00Z");
  cron_job.mutable_spec()->set_suspend(true);
  const JobPtr done = make_run("a", "Complete");
  list_active(cron_job, done);
  const Plan suspended = plan(make_view(cron_job, {done}), at("2026-08-03T10:07:00Z"));
  EXPECT_EQ(start_of(suspended), "none");
  EXPECT_FALSE(suspended.look_again.has_value());
  EXPECT_EQ(suspended.status.active_size(), 0);
  EXPECT_EQ(from_time(suspended.status.lastsuccessfultime()), at("2026-08-03T10:00:30Z"));
  cron_job.mutable_spec()->set_suspend(false);
  EXPECT_EQ(start_of(cron_job, "2026-08-03T10:07:00Z"), "2026-08-03T10:00:00Z");
}

TEST(CronJobPlan, SaysWhatIsWrongWithItsSchedule) {
  const auto reasons_of = [](const batchv1::CronJob& cron_job) { return reasons(plan(make_view(cron_job), at("2026-08-03T10:00:00Z"))); };
  EXPECT_EQ(reasons_of(make_cron_job("59 23 31 2 *", "2026-08-01T00:00:00Z")), (Reasons{"InvalidSchedule"}));
  EXPECT_EQ(reasons_of(make_cron_job("60 * * * *", "2026-08-01T00:00:00Z")), (Reasons{"UnparseableSchedule"}));
  batchv1::CronJob zone = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  zone.mutable_spec()->set_timezone("Mars/Base");
  EXPECT_EQ(reasons_of(zone), (Reasons{"UnknownTimeZone"}));
  EXPECT_EQ(reasons_of(make_cron_job("TZ=UTC 1 1 1 1 *", "2026-08-01T00:00:00Z")), (Reasons{"UnsupportedSchedule"}));
}

TEST(CronJobPlan, DoesNotRepeatARunWhoseJobWasDeleted) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:00:00Z");
  list_active(cron_job, make_run("a"));
  View view = make_view(cron_job);
  view.vanished.insert("a");
  const Plan missing = plan(view, at("2026-08-03T10:30:00Z"));
  EXPECT_EQ(reasons(missing), (Reasons{"MissingJob"}));
  EXPECT_EQ(missing.status.active_size(), 0);
  EXPECT_EQ(start_of(missing), "none");
}

TEST(CronJobPlan, IsBlockedByARunOfItsOwnThatItsStatusForgot) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  cron_job.mutable_spec()->set_concurrencypolicy("Forbid");
  set_last(cron_job, "2026-08-03T08:00:00Z");
  auto run = std::make_shared<batchv1::Job>(make_job(cron_job, at("2026-08-03T09:00:00Z")));
  run->mutable_metadata()->set_uid("a");
  const Plan planned = plan(make_view(cron_job, {run}), at("2026-08-03T10:00:00Z"));
  EXPECT_EQ(reasons(planned), (Reasons{"JobAlreadyActive"}));
  EXPECT_EQ(start_of(planned), "none");
  EXPECT_TRUE(is_listed(planned.status, "a"));
  EXPECT_EQ(from_time(planned.status.lastscheduletime()), at("2026-08-03T09:00:00Z"));
}

TEST(CronJobPlan, DoesNotRepeatARunThatEndedBeforeItWasWrittenDown) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T08:00:00Z");
  auto run = std::make_shared<batchv1::Job>(make_job(cron_job, at("2026-08-03T09:00:00Z")));
  run->mutable_metadata()->set_uid("a");
  auto& condition = *run->mutable_status()->add_conditions();
  condition.set_type("Complete");
  condition.set_status("True");
  const Plan planned = plan(make_view(cron_job, {run}), at("2026-08-03T09:30:00Z"));
  EXPECT_EQ(start_of(planned), "none");
  EXPECT_FALSE(is_listed(planned.status, "a"));
  EXPECT_EQ(from_time(planned.status.lastscheduletime()), at("2026-08-03T09:00:00Z"));
}

TEST(CronJobPlan, FindsTheNewestOfUnevenlySpacedMissedTimes) {
  batchv1::CronJob cron_job = make_cron_job("30 10,11,12 * * 1-5", "2026-08-01T00:00:00Z");
  set_last(cron_job, "2026-08-03T10:30:00Z");  // a Monday
  EXPECT_EQ(start_of(cron_job, "2026-08-04T08:30:00Z"), "2026-08-03T12:30:00Z");
  EXPECT_EQ(start_of(cron_job, "2026-08-03T11:45:00Z"), "2026-08-03T11:30:00Z");
  set_last(cron_job, "2026-07-31T12:30:00Z");  // a Friday
  EXPECT_EQ(start_of(cron_job, "2026-08-03T10:45:00Z"), "2026-08-03T10:30:00Z");
}

TEST(CronJobPlan, IsNotBlockedByAJobThatSomebodyElseMade) {
  batchv1::CronJob cron_job = make_cron_job("0 * * * *", "2026-08-01T00:00:00Z");
  cron_job.mutable_spec()->set_concurrencypolicy("Forbid");
  set_last(cron_job, "2026-08-03T09:00:00Z");
  const Plan planned = plan(make_view(cron_job, {make_run("m")}), at("2026-08-03T10:00:00Z"));
  EXPECT_EQ(reasons(planned), (Reasons{"UnexpectedJob"}));
  EXPECT_EQ(start_of(planned), "2026-08-03T10:00:00Z");
  EXPECT_EQ(planned.status.active_size(), 0);
}

TEST(CronJobHistory, DropsTheOldestOfEachOutcome) {
  std::vector<JobPtr> jobs;
  for (int i = 0; i < 5; ++i)
    jobs.push_back(make_run("ok" + std::to_string(i), "Complete", "2026-08-03T1" + std::to_string(i) + ":00:00Z"));
  jobs.push_back(make_run("bad1", "Failed", "2026-08-03T12:00:00Z"));
  jobs.push_back(make_run("bad0", "Failed", "2026-08-03T11:00:00Z"));
  jobs.push_back(make_run("running"));
  std::vector<std::string> outdated;
  for (const JobPtr& job : find_outdated(make_cron_job("@daily", "2026-08-01T00:00:00Z"), jobs)) outdated.push_back(job->metadata().uid());
  EXPECT_EQ(outdated, (std::vector<std::string>{"ok0", "ok1", "bad0"}));
}

}  // namespace
}  // namespace stint::cronjob
