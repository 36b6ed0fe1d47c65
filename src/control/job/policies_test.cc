// podFailurePolicy, successPolicy and everything by index.
#include <gtest/gtest.h>

#include "control/job/pod_failure_policy.h"
#include "control/job/pod_template.h"
#include "control/job/test_objects.h"

namespace stint::job {
namespace {

using namespace test;

batchv1::PodFailurePolicyRule& add_exit_rule(batchv1::Job& job, const std::string& action, const std::string& op, std::vector<int> codes) {
  job.mutable_spec()->set_podreplacementpolicy("Failed");
  auto& rule = *job.mutable_spec()->mutable_podfailurepolicy()->add_rules();
  rule.set_action(action);
  rule.mutable_onexitcodes()->set_operator_(op);
  for (int code : codes) rule.mutable_onexitcodes()->add_values(code);
  return rule;
}

void add_disruption_rule(batchv1::Job& job, const std::string& action) {
  job.mutable_spec()->set_podreplacementpolicy("Failed");
  auto& rule = *job.mutable_spec()->mutable_podfailurepolicy()->add_rules();
  rule.set_action(action);
  auto& pattern = *rule.add_onpodconditions();
  pattern.set_type("DisruptionTarget");
  pattern.set_status("True");
}

TEST(PodFailurePolicy, FailsTheJobWithAMessageThatStays) {
  batchv1::Job job = make_job();
  add_exit_rule(job, "FailJob", "In", {42});
  corev1::Pod pod = make_pod("a", "Failed");
  auto& init = *pod.mutable_status()->add_initcontainerstatuses();
  init.set_name("setup");
  init.mutable_state()->mutable_terminated()->set_exitcode(42);
  const Synced synced = sync(make_view(job, {pod}));
  const std::string message = "Container setup for pod ns/j-a failed with exit code 42 matching FailJob rule at index 0";
  EXPECT_EQ(find_condition(synced.first(), kFailureTarget)->message(), message);
  *job.mutable_status() = synced.first();
  const Synced later = sync(make_view(job));
  EXPECT_EQ(find_condition(later.last(), kFailed)->message(), message) << "the pod is gone";
  EXPECT_EQ(later.last().failed(), 1);
}

TEST(PodFailurePolicy, TakesTheFirstRuleThatMatches) {
  batchv1::Job job = make_job();
  add_disruption_rule(job, "Ignore");
  add_exit_rule(job, "FailJob", "NotIn", {0});
  corev1::Pod pod = end_pod(make_pod("a", ""), 137);
  auto& condition = *pod.mutable_status()->add_conditions();
  condition.set_type("DisruptionTarget");
  condition.set_status("True");
  const Synced synced = sync(make_view(job, {pod}));
  EXPECT_FALSE(synced.plan.verdict.has_value());
  EXPECT_EQ(synced.last().failed(), 0);
  EXPECT_EQ(uids(synced.settlement.release), (std::vector<std::string>{"a"}));
  EXPECT_EQ(synced.plan.look_again, 10s) << "replaced after a back-off all the same";
}

TEST(PodFailurePolicy, LeavesOutCodeZeroForNotIn) {
  batchv1::Job job = make_job();
  add_exit_rule(job, "FailJob", "NotIn", {1});
  corev1::Pod pod = end_pod(end_pod(make_pod("a", ""), 0), 1);
  EXPECT_EQ(match_pod_failure(job, pod).action, PodFailureAction::kNone);
  auto& sidecar = *pod.mutable_status()->add_initcontainerstatuses();
  sidecar.set_name("sidecar");
  sidecar.mutable_state()->mutable_terminated()->set_exitcode(2);
  EXPECT_EQ(match_pod_failure(job, pod).action, PodFailureAction::kFailJob);
}

TEST(PodFailurePolicy, JudgesOnlyPodsThatFailed) {
  batchv1::Job job = make_job();
  add_disruption_rule(job, "FailJob");
  corev1::Pod pod = being_deleted(make_pod("a", "Running"));
  auto& condition = *pod.mutable_status()->add_conditions();
  condition.set_type("DisruptionTarget");
  condition.set_status("True");
  EXPECT_FALSE(plan(make_view(job, {pod}), kNow).verdict.has_value());
  pod.mutable_status()->set_phase("Failed");
  EXPECT_EQ(plan(make_view(job, {pod}), kNow).verdict->message(),
            "Pod ns/j-a has condition DisruptionTarget matching FailJob rule at index 0");
}

TEST(IndexedJob, StartsTheLowestFreeIndexes) {
  batchv1::Job job = make_indexed_job(6, 3);
  job.mutable_status()->set_completedindexes("0,2");
  const Plan planned = plan(make_view(job, {with_index(make_pod("a", "Running"), 1)}), kNow);
  ASSERT_EQ(planned.create.size(), 2u);
  EXPECT_EQ(planned.create[0].index, 3);
  EXPECT_EQ(planned.create[1].index, 4);
}

TEST(IndexedJob, PutsTheIndexIntoThePod) {
  batchv1::Job job = make_indexed_job(3, 3);
  auto& own = *job.mutable_spec()->mutable_template_()->mutable_spec()->add_containers();
  own.add_env()->set_name("JOB_COMPLETION_INDEX");
  const corev1::Pod pod = job::make_pod(job, {.index = 2});
  EXPECT_EQ(pod.metadata().generatename(), "j-2-");
  EXPECT_EQ(pod.metadata().annotations().at(std::string(kIndexKey)), "2");
  EXPECT_EQ(pod.metadata().labels().at(std::string(kIndexKey)), "2");
  EXPECT_EQ(pod.spec().hostname(), "j-2");
  EXPECT_EQ(pod.spec().containers(0).env(0).valuefrom().fieldref().fieldpath(),
            "metadata.labels['batch.kubernetes.io/job-completion-index']");
  EXPECT_EQ(pod.spec().containers(1).env_size(), 1);
  EXPECT_TRUE(has_tracking_finalizer(pod));
}

TEST(IndexedJob, CutsLongNames) {
  batchv1::Job job = make_indexed_job(100, 1);
  job.mutable_metadata()->set_name(std::string(60, 'x'));
  EXPECT_EQ(job::make_pod(job, {.index = 42}).metadata().generatename(), std::string(54, 'x') + "-42-");
}

TEST(IndexedJob, RemovesRepeatedAndInvalidIndexes) {
  corev1::Pod best = with_index(make_pod("best", "Running"), 1);
  best.mutable_spec()->set_nodename("n");
  const Plan planned = plan(make_view(make_indexed_job(3, 3), {best, with_index(make_pod("again", "Pending"), 1),
                                                               make_pod("none", "Running"), with_index(make_pod("high", "Running"), 7)}),
                            kNow);
  EXPECT_EQ(uids(planned.discard), (std::vector<std::string>{"again", "high", "none"}));
}

TEST(IndexedJob, CountsAnIndexOnce) {
  const Synced synced =
      sync(make_view(make_indexed_job(3, 3), {with_index(end_pod(make_pod("a", ""), 0), 2), with_index(end_pod(make_pod("b", ""), 0), 2)}));
  EXPECT_EQ(synced.last().succeeded(), 1);
  EXPECT_EQ(synced.last().completedindexes(), "2");
}

TEST(IndexedJob, DropsIndexesWhenScaledDown) {
  batchv1::Job job = make_indexed_job(4, 4);
  job.mutable_status()->set_completedindexes("0-3,5-9");
  job.mutable_status()->set_succeeded(9);
  const Synced synced = sync(make_view(job));
  EXPECT_EQ(synced.last().completedindexes(), "0-3");
  EXPECT_EQ(reason_of(synced.last(), kComplete), "CompletionsReached");
}

batchv1::Job make_per_index_job(int completions, int limit) {
  batchv1::Job job = make_indexed_job(completions, completions);
  job.mutable_spec()->set_backofflimit(std::numeric_limits<int32_t>::max());
  job.mutable_spec()->set_backofflimitperindex(limit);
  return job;
}

TEST(BackoffLimitPerIndex, ShowsAnEmptyListFromTheFirstSync) {
  const batchv1::JobStatus status = sync(make_view(make_per_index_job(2, 1))).last();
  EXPECT_TRUE(status.has_failedindexes());
  EXPECT_EQ(status.failedindexes(), "");
}

TEST(BackoffLimitPerIndex, HoldsBackTheFailedPodUntilItIsReplaced) {
  const batchv1::Job job = make_per_index_job(1, 1);
  const corev1::Pod failed = with_failures(with_index(end_pod(make_pod("a", ""), 1), 0), 0);
  const Synced waiting = sync(make_view(job, {failed}));
  EXPECT_EQ(waiting.plan.look_again, 10s);
  EXPECT_TRUE(waiting.settlement.release.empty());
  EXPECT_EQ(waiting.last().failed(), 0);

  const Synced replacing = sync(make_view(job, {failed}), kNow + 10s);
  ASSERT_EQ(replacing.plan.create.size(), 1u);
  EXPECT_EQ(job::make_pod(job, replacing.plan.create[0]).metadata().annotations().at(std::string(kFailureCountKey)), "1");

  const Synced replaced = sync(make_view(job, {failed, with_failures(with_index(make_pod("b", "Pending"), 0), 1)}), kNow + 10s);
  EXPECT_EQ(uids(replaced.settlement.release), (std::vector<std::string>{"a"}));
  EXPECT_EQ(replaced.last().failed(), 1);
}

TEST(BackoffLimitPerIndex, FailsTheJobOnlyAfterTheOtherIndexes) {
  const batchv1::Job job = make_per_index_job(2, 1);
  const corev1::Pod failed = with_failures(with_index(end_pod(make_pod("a", ""), 1), 1), 1);
  const Synced running = sync(make_view(job, {failed, with_index(make_pod("b", "Running"), 0)}));
  EXPECT_EQ(running.last().failedindexes(), "1");
  EXPECT_FALSE(running.plan.verdict.has_value());
  EXPECT_TRUE(running.plan.create.empty());
  const Synced done = sync(make_view(job, {failed, with_index(end_pod(make_pod("b", ""), 0), 0)}));
  EXPECT_EQ(reason_of(done.last(), kFailed), "FailedIndexes");
  EXPECT_EQ(done.last().completedindexes(), "0");
}

TEST(BackoffLimitPerIndex, StopsAtMaxFailedIndexes) {
  batchv1::Job job = make_per_index_job(4, 0);
  job.mutable_spec()->set_maxfailedindexes(1);
  const Plan planned = plan(make_view(job, {with_index(end_pod(make_pod("a", ""), 1), 0), with_index(end_pod(make_pod("b", ""), 1), 1),
                                            with_index(make_pod("c", "Running"), 2)}),
                            kNow);
  EXPECT_EQ(planned.verdict->reason(), "MaxFailedIndexesExceeded");
  EXPECT_EQ(uids(planned.kill), (std::vector<std::string>{"c"}));
}

TEST(BackoffLimitPerIndex, FailsAnIndexAtOnceByPolicyAndCountsIgnoredFailuresApart) {
  batchv1::Job job = make_per_index_job(2, 5);
  add_exit_rule(job, "FailIndex", "In", {3});
  add_exit_rule(job, "Ignore", "In", {4});
  const corev1::Pod ignored = with_index(end_pod(make_pod("b", ""), 4, 1h), 1);
  const Synced synced = sync(make_view(job, {with_index(end_pod(make_pod("a", ""), 3), 0), ignored}));
  EXPECT_EQ(synced.last().failedindexes(), "0");
  ASSERT_EQ(synced.plan.create.size(), 1u);
  const corev1::Pod next = job::make_pod(job, synced.plan.create[0]);
  EXPECT_EQ(next.metadata().annotations().at(std::string(kFailureCountKey)), "0");
  EXPECT_EQ(next.metadata().annotations().at(std::string(kIgnoredFailureCountKey)), "1");
}

TEST(SuccessPolicy, EndsTheJobAndDoesNotCountWhatItKills) {
  batchv1::Job job = make_indexed_job(5, 5);
  auto& rule = *job.mutable_spec()->mutable_successpolicy()->add_rules();
  rule.set_succeededindexes("0-2");
  rule.set_succeededcount(1);
  const Synced synced = sync(make_view(job, {with_index(end_pod(make_pod("a", ""), 0), 1), with_index(make_pod("b", "Running"), 4)}));
  EXPECT_EQ(find_condition(synced.first(), kSuccessCriteriaMet)->message(), "Matched rules at index 0");
  EXPECT_EQ(uids(synced.plan.kill), (std::vector<std::string>{"b"}));
  EXPECT_EQ(synced.last().failed(), 0);
  *job.mutable_status() = synced.last();
  EXPECT_EQ(reason_of(sync(make_view(job)).last(), kComplete), "SuccessPolicy");
}

TEST(SuccessPolicy, YieldsToAFailureOfTheSameSyncButNotToALaterOne) {
  batchv1::Job job = make_indexed_job(3, 3);
  job.mutable_spec()->set_backofflimit(0);
  job.mutable_spec()->mutable_successpolicy()->add_rules()->set_succeededcount(1);
  const std::vector<corev1::Pod> pods{with_index(end_pod(make_pod("a", ""), 0), 0), with_index(end_pod(make_pod("b", ""), 1), 1)};
  EXPECT_EQ(plan(make_view(job, pods), kNow).verdict->reason(), "BackoffLimitExceeded");
  *job.mutable_status()->add_conditions() = make_condition(kSuccessCriteriaMet, true, "SuccessPolicy", "Matched rules at index 0", kNow);
  EXPECT_EQ(plan(make_view(job, pods), kNow).verdict->reason(), "SuccessPolicy");
}

}  // namespace
}  // namespace stint::job
