#include "control/job/plan.h"

#include <gtest/gtest.h>

#include "control/job/test_objects.h"

namespace stint::job {
namespace {

using namespace test;

TEST(JobPlan, CreatesAsManyAsParallelismAndRemainingCompletionsAllow) {
  EXPECT_EQ(plan(make_view(make_job(2, 5)), kNow).create.size(), 2u);
  EXPECT_EQ(plan(make_view(make_job(5, 2)), kNow).create.size(), 2u);
  EXPECT_EQ(plan(make_view(make_job(2, 5), {end_pod(make_pod("a", ""), 0)}), kNow).create.size(), 1u);
  EXPECT_EQ(plan(make_view(make_job(2, 5), {make_pod("a", "Running"), make_pod("b", "Pending")}), kNow).create.size(), 0u);
}

TEST(JobPlan, CreatesAtMostFiveHundredInOneSync) { EXPECT_EQ(plan(make_view(make_job(1200, 1200)), kNow).create.size(), 500u); }

TEST(JobPlan, WaitsUntilItsCreationsAreSeen) {
  View view = make_view(make_job(2, 2));
  view.all_created_seen = false;
  EXPECT_TRUE(plan(view, kNow).create.empty());
}

TEST(JobPlan, GivesUpTheLeastAdvancedPodsWhenParallelismIsLowered) {
  corev1::Pod running = make_pod("running", "Running");
  running.mutable_spec()->set_nodename("n");
  corev1::Pod scheduled = make_pod("scheduled", "Pending");
  scheduled.mutable_spec()->set_nodename("n");
  const Synced synced = sync(make_view(make_job(3, 1), {running, scheduled, make_pod("waiting", "Pending")}));
  EXPECT_EQ(uids(synced.plan.discard), (std::vector<std::string>{"scheduled", "waiting"}));
  EXPECT_EQ(synced.last().failed(), 0);
  EXPECT_EQ(synced.last().active(), 1);
}

TEST(JobPlan, StartsNothingMoreInAWorkQueueAfterASuccess) {
  const View view =
      make_view(make_work_queue_job(3), {end_pod(make_pod("a", ""), 0), end_pod(make_pod("b", ""), 1), make_pod("c", "Running")});
  const Synced synced = sync(view);
  EXPECT_TRUE(synced.plan.create.empty());
  EXPECT_TRUE(synced.plan.discard.empty());
  EXPECT_FALSE(synced.conclusion.finished);
}

TEST(JobPlan, CompletesAWorkQueueOnceNothingRuns) {
  const Synced synced = sync(make_view(make_work_queue_job(3), {end_pod(make_pod("a", ""), 0), end_pod(make_pod("b", ""), 1)}));
  EXPECT_EQ(reason_of(synced.last(), kComplete), "CompletionsReached");
  EXPECT_EQ(synced.last().succeeded(), 1);
  EXPECT_EQ(synced.last().failed(), 1);
}

TEST(JobPlan, WaitsForTheBackOffWhileReportingWhatRuns) {
  const View view = make_view(make_job(2, 2), {end_pod(make_pod("a", ""), 1, 4s), make_pod("b", "Running")});
  const Synced synced = sync(view);
  EXPECT_TRUE(synced.plan.create.empty());
  EXPECT_EQ(synced.plan.look_again, 6s);
  EXPECT_EQ(synced.last().active(), 1);
}

TEST(JobPlan, FailsWhenFailuresExceedBackoffLimit) {
  batchv1::Job job = make_job();
  job.mutable_spec()->set_backofflimit(0);
  const Synced synced = sync(make_view(job, {end_pod(make_pod("a", ""), 1)}));
  EXPECT_TRUE(synced.plan.create.empty());
  EXPECT_EQ(reason_of(synced.first(), kFailureTarget), "BackoffLimitExceeded");
  EXPECT_EQ(reason_of(synced.first(), kFailed), "") << "only once the failure is counted";
  EXPECT_EQ(reason_of(synced.last(), kFailed), "BackoffLimitExceeded");
  EXPECT_EQ(synced.last().failed(), 1);
}

TEST(JobPlan, TriesOneMoreTimeThanBackoffLimit) {
  batchv1::Job job = make_job();
  job.mutable_spec()->set_backofflimit(2);
  job.mutable_status()->set_failed(2);
  EXPECT_EQ(plan(make_view(job), kNow).create.size(), 1u);
  job.mutable_status()->set_failed(3);
  EXPECT_TRUE(plan(make_view(job), kNow).verdict.has_value());
}

TEST(JobPlan, CountsRestartsOfRunningPodsWithOnFailure) {
  batchv1::Job job = make_job(2, 2);
  job.mutable_spec()->mutable_template_()->mutable_spec()->set_restartpolicy("OnFailure");
  job.mutable_spec()->set_backofflimit(2);
  corev1::Pod a = make_pod("a", "Running"), b = make_pod("b", "Pending");
  a.mutable_status()->add_containerstatuses()->set_restartcount(1);
  EXPECT_FALSE(plan(make_view(job, {a, b}), kNow).verdict.has_value());
  b.mutable_status()->add_initcontainerstatuses()->set_restartcount(1);
  EXPECT_TRUE(plan(make_view(job, {a, b}), kNow).verdict.has_value());
  job.mutable_spec()->set_backofflimit(0);
  EXPECT_TRUE(plan(make_view(job, {a}), kNow).verdict.has_value());
}

TEST(JobPlan, KillsWhatRunsBeforeItFails) {
  batchv1::Job job = make_job(3, 3);
  job.mutable_spec()->set_backofflimit(0);
  const Synced synced = sync(make_view(job, {end_pod(make_pod("a", ""), 1), make_pod("b", "Running"), make_pod("c", "Running")}));
  EXPECT_EQ(uids(synced.plan.kill), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(reason_of(synced.last(), kFailureTarget), "BackoffLimitExceeded");
  EXPECT_FALSE(synced.conclusion.finished) << "two pods still terminate";
  EXPECT_EQ(synced.last().terminating(), 2);
  EXPECT_EQ(synced.last().failed(), 3);

  batchv1::Job next = job;
  *next.mutable_status() = synced.last();
  const Synced end = sync(make_view(next));
  EXPECT_EQ(reason_of(end.last(), kFailed), "BackoffLimitExceeded");
  EXPECT_EQ(end.last().failed(), 3);
}

TEST(JobPlan, FailsAtItsDeadlineAndLooksAgainBefore) {
  batchv1::Job job = make_job();
  job.mutable_spec()->set_activedeadlineseconds(90);
  const Plan early = plan(make_view(job, {make_pod("a", "Running")}), kNow);
  EXPECT_FALSE(early.verdict.has_value());
  EXPECT_EQ(early.look_again, 30s);
  const Plan late = plan(make_view(job, {make_pod("a", "Running")}), kNow + 30s);
  EXPECT_EQ(late.verdict->reason(), "DeadlineExceeded");
  job.mutable_spec()->set_backofflimit(0);
  EXPECT_EQ(plan(make_view(job, {end_pod(make_pod("a", ""), 1)}), kNow + 1h).verdict->reason(), "BackoffLimitExceeded");
}

TEST(JobPlan, IgnoresAFailureTargetThatIsNotTrue) {
  batchv1::Job job = make_job();
  *job.mutable_status()->add_conditions() = make_condition(kFailureTarget, false, "Mine", "", kNow);
  EXPECT_FALSE(plan(make_view(job), kNow).verdict.has_value());
}

TEST(JobPlan, ReplacesATerminatingPodAtOnceOrWhenItEnded) {
  batchv1::Job job = make_job();
  const corev1::Pod pod = being_deleted(make_pod("a", "Running"));
  View view = make_view(job, {pod});
  view.back_off = {};
  const Synced at_once = sync(view, kNow + 1min);
  EXPECT_EQ(at_once.plan.create.size(), 1u);
  EXPECT_EQ(at_once.last().failed(), 1);
  EXPECT_EQ(at_once.last().terminating(), 1);

  job.mutable_spec()->set_podreplacementpolicy("Failed");
  const Synced later = sync(make_view(job, {pod}), kNow + 1min);
  EXPECT_TRUE(later.plan.create.empty());
  EXPECT_EQ(later.last().failed(), 0);
  EXPECT_EQ(later.last().terminating(), 1);
}

TEST(JobPlan, IsOnlyInterimWhileAnOldPodTerminates) {
  batchv1::Job job = make_job();
  job.mutable_status()->set_failed(1);
  const Synced synced = sync(make_view(job, {end_pod(make_pod("a", ""), 0), without_finalizer(being_deleted(make_pod("b", "Running")))}));
  EXPECT_EQ(reason_of(synced.last(), kSuccessCriteriaMet), "CompletionsReached");
  EXPECT_EQ(reason_of(synced.last(), kComplete), "");
  EXPECT_EQ(synced.last().failed(), 1);
}

TEST(JobPlan, StartsNoPodsWhileSuspended) {
  batchv1::Job job = make_job();
  job.mutable_status()->clear_starttime();
  job.mutable_spec()->set_suspend(true);
  const Synced synced = sync(make_view(job));
  EXPECT_TRUE(synced.plan.create.empty());
  EXPECT_FALSE(synced.last().has_starttime());
  EXPECT_EQ(reason_of(synced.last(), kSuspended), "JobSuspended");
  ASSERT_EQ(synced.settlement.notices.size(), 1u);
  EXPECT_EQ(synced.settlement.notices[0].reason, "Suspended");
}

TEST(JobPlan, RemovesRunningPodsWhenSuspendedWithoutCountingThem) {
  batchv1::Job job = make_job(2, 2);
  job.mutable_spec()->set_suspend(true);
  job.mutable_spec()->set_activedeadlineseconds(1);
  const Synced synced = sync(make_view(job, {make_pod("a", "Running"), make_pod("b", "Running")}));
  EXPECT_EQ(synced.plan.discard.size(), 2u);
  EXPECT_FALSE(synced.plan.verdict.has_value()) << "the deadline does not run";
  EXPECT_EQ(synced.last().failed(), 0);
  EXPECT_EQ(synced.last().active(), 0);
  EXPECT_FALSE(synced.last().has_starttime());
}

TEST(JobPlan, ResumesWithANewStartTime) {
  batchv1::Job job = make_job();
  job.mutable_status()->clear_starttime();
  *job.mutable_status()->add_conditions() = make_condition(kSuspended, true, "JobSuspended", "Job suspended", kNow - 1h);
  const Synced synced = sync(make_view(job));
  EXPECT_EQ(synced.plan.create.size(), 1u);
  EXPECT_EQ(from_time(synced.last().starttime()), kNow);
  EXPECT_EQ(find_condition(synced.last(), kSuspended)->status(), "False");
  EXPECT_EQ(synced.settlement.notices[0].reason, "Resumed");
}

TEST(JobPlan, CompletesASuspendedJobWithoutCompletions) {
  batchv1::Job job = make_job(0);
  job.mutable_status()->clear_starttime();
  job.mutable_spec()->set_suspend(true);
  const Synced synced = sync(make_view(job));
  EXPECT_EQ(reason_of(synced.last(), kComplete), "CompletionsReached");
  EXPECT_FALSE(synced.last().has_starttime());
}

TEST(JobPlan, CreatesNothingForADeletedJobAndLetsItsPodsGo) {
  batchv1::Job job = make_job(3, 3);
  *job.mutable_metadata()->mutable_deletiontimestamp() = to_time(kNow);
  const Synced synced = sync(make_view(job, {make_pod("a", "Running"), end_pod(make_pod("b", ""), 0)}));
  EXPECT_TRUE(synced.plan.create.empty());
  EXPECT_EQ(uids(synced.settlement.release), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(synced.last().succeeded(), 1);
  EXPECT_EQ(synced.last().failed(), 0);
}

}  // namespace
}  // namespace stint::job
