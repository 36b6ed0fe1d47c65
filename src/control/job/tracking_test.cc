#include "control/job/tracking.h"

#include <gtest/gtest.h>

#include "control/job/own_writes.h"
#include "control/job/test_objects.h"

namespace stint::job {
namespace {

using namespace test;

TEST(JobTracking, ListsAFinishedPodBeforeItsFinalizerGoesAndCountsItAfter) {
  const Synced synced = sync(make_view(make_job(2, 2), {end_pod(make_pod("a", ""), 0), make_pod("b", "Running")}));
  EXPECT_EQ(synced.first().uncountedterminatedpods().succeeded(0), "a");
  EXPECT_EQ(synced.first().succeeded(), 0);
  EXPECT_EQ(uids(synced.settlement.release), (std::vector<std::string>{"a"}));
  EXPECT_EQ(synced.last().uncountedterminatedpods().succeeded_size(), 0);
  EXPECT_EQ(synced.last().succeeded(), 1);
}

TEST(JobTracking, CountsOnceAfterACrashBetweenListAndFinalizer) {
  batchv1::Job job = make_job(2, 2);
  job.mutable_status()->mutable_uncountedterminatedpods()->add_succeeded("a");
  const Synced synced = sync(make_view(job, {end_pod(make_pod("a", ""), 0), make_pod("b", "Running")}));
  EXPECT_EQ(synced.first().uncountedterminatedpods().succeeded_size(), 1);
  EXPECT_EQ(synced.last().succeeded(), 1);
}

TEST(JobTracking, CountsOnceAfterACrashBetweenFinalizerAndCounter) {
  batchv1::Job job = make_job(2, 2);
  job.mutable_status()->mutable_uncountedterminatedpods()->add_succeeded("a");
  EXPECT_EQ(sync(make_view(job, {without_finalizer(end_pod(make_pod("a", ""), 0))})).last().succeeded(), 1);
  EXPECT_EQ(sync(make_view(job)).last().succeeded(), 1) << "the pod is gone altogether";
}

TEST(JobTracking, KeepsTheUidOfAPodWhoseFinalizerStays) {
  const View view = make_view(make_job(3, 3), {end_pod(make_pod("a", ""), 0), end_pod(make_pod("b", ""), 0)});
  const Plan planned = plan(view, kNow);
  const Settlement settlement = settle(view, planned, {.created = 1}, kNow);
  batchv1::JobStatus status = settlement.status;
  count_released(status, {"b"});
  EXPECT_EQ(status.succeeded(), 1);
  EXPECT_EQ(status.uncountedterminatedpods().succeeded(0), "b");
}

TEST(JobTracking, HandlesFiveHundredPodsAtATimeAndDoesNotFinishBeforeAll) {
  std::vector<corev1::Pod> pods;
  for (int i = 0; i < 1200; ++i) pods.push_back(end_pod(make_pod(std::to_string(i), ""), 0));
  const Synced synced = sync(make_view(make_job(1200, 1200), pods));
  EXPECT_EQ(synced.settlement.release.size(), 500u);
  EXPECT_EQ(synced.last().succeeded(), 500);
  EXPECT_FALSE(synced.conclusion.finished);
}

TEST(JobTracking, IsNotFooledByACacheThatStillShowsTheFinalizer) {
  OwnWrites own;
  own.expect_released("a");
  batchv1::Job job = make_job(2, 2);
  job.mutable_status()->set_succeeded(1);
  const PodPtr cached = std::make_shared<corev1::Pod>(end_pod(make_pod("a", ""), 0));
  const Synced synced = sync(make_view(job, {*own.apply(cached, kNow)}));
  EXPECT_EQ(synced.last().succeeded(), 1);
  EXPECT_TRUE(synced.settlement.release.empty());
}

TEST(JobTracking, KeepsAFailureThatLaterShowsAsSuccess) {
  batchv1::Job job = make_job();
  job.mutable_status()->mutable_uncountedterminatedpods()->add_failed("a");
  const Synced synced = sync(make_view(job, {end_pod(make_pod("a", ""), 0)}));
  EXPECT_EQ(synced.last().failed(), 1);
  EXPECT_EQ(synced.last().succeeded(), 0);
  EXPECT_FALSE(synced.settlement.verdict.has_value()) << "another has to succeed";
}

TEST(JobTracking, DoesNotCountAPodWhoseFinalizerAUserTook) {
  const Synced synced = sync(make_view(make_job(), {without_finalizer(end_pod(make_pod("a", ""), 0))}));
  EXPECT_EQ(synced.last().succeeded(), 0);
  EXPECT_EQ(synced.plan.create.size(), 1u);
}

TEST(JobTracking, FirstStatusOfAStartedJobIsUpstreams) {
  batchv1::Job job = make_job(3, 3);
  job.clear_status();
  const batchv1::JobStatus status = sync(make_view(job)).last();
  EXPECT_EQ(status.active(), 3);
  EXPECT_TRUE(status.has_ready());
  EXPECT_TRUE(status.has_terminating());
  EXPECT_TRUE(status.has_uncountedterminatedpods());
  EXPECT_EQ(from_time(status.starttime()), kNow);
  EXPECT_EQ(status.conditions_size(), 0);
}

TEST(JobTracking, CompletesWithTimeReasonAndEvent) {
  const Synced synced = sync(make_view(make_job(), {end_pod(make_pod("a", ""), 0)}));
  ASSERT_TRUE(synced.conclusion.finished);
  EXPECT_EQ(reason_of(synced.first(), kSuccessCriteriaMet), "CompletionsReached");
  EXPECT_EQ(find_condition(synced.last(), kComplete)->message(), "Reached expected number of succeeded pods");
  EXPECT_EQ(from_time(synced.last().completiontime()), kNow);
  ASSERT_EQ(synced.conclusion.notices.size(), 1u);
  EXPECT_EQ(synced.conclusion.notices[0].message, "Job completed");
}

TEST(JobTracking, WarnsWhenTooManySucceeded) {
  const Synced synced = sync(make_view(make_job(), {end_pod(make_pod("a", ""), 0), end_pod(make_pod("b", ""), 0)}));
  EXPECT_EQ(synced.conclusion.notices[0].reason, "TooManySucceededPods");
}

TEST(JobTracking, DoesNotFinishWhenAPodCouldNotBeKilled) {
  batchv1::Job job = make_job(2, 2);
  job.mutable_spec()->set_backofflimit(0);
  const View view = make_view(job, {end_pod(make_pod("a", ""), 1), make_pod("b", "Running")});
  const Settlement settlement = settle(view, plan(view, kNow), {.removed = 0}, kNow);
  EXPECT_FALSE(settlement.verdict.has_value());
  EXPECT_FALSE(has_true_condition(settlement.status, kFailureTarget));
}

TEST(JobTracking, DoesNotCompleteWhileAPodItMadeIsNotInTheCache) {
  View view = make_view(make_work_queue_job(2), {end_pod(make_pod("a", ""), 0)});
  view.all_created_seen = false;
  EXPECT_FALSE(sync(view).settlement.verdict.has_value()) << "the other pod may run";
  view.all_created_seen = true;
  EXPECT_TRUE(sync(view).conclusion.finished);
}

TEST(OwnWrites, WaitForCreationsUntilTheLimit) {
  constexpr Duration kBegin = std::chrono::hours(1);
  OwnWrites own;
  own.expect_created("job", 2, kBegin);
  own.created_seen("job");
  EXPECT_FALSE(own.all_created_seen("job", kBegin));
  EXPECT_TRUE(own.all_created_seen("job", kBegin + kCreationSeenLimit));
  own.created_seen("job");
  EXPECT_TRUE(own.all_created_seen("job", kBegin));
}

TEST(OwnWrites, KnowWhetherTheCacheShowsTheLastStatus) {
  OwnWrites own;
  batchv1::Job job = make_job();
  job.mutable_metadata()->set_resourceversion("9");
  EXPECT_TRUE(own.shows_status(job));
  own.wrote_status("job-uid", "10");
  EXPECT_FALSE(own.shows_status(job)) << "9 is older than 10, as numbers";
  job.mutable_metadata()->set_resourceversion("11");
  EXPECT_TRUE(own.shows_status(job));
}

}  // namespace
}  // namespace stint::job
