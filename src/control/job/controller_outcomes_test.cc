// What becomes of Jobs over several syncs: back-off, deadlines, replacement, scaling, ownership.
#include <limits>

#include "control/job/controller_fixture.h"

namespace stint::job {
namespace {

using namespace test;

class JobOutcomes : public JobControllerTest {
 protected:
  static batchv1::Job per_index_job(int completions, int limit) {
    batchv1::Job job = make_indexed_job(completions, completions);
    job.mutable_spec()->set_backofflimit(std::numeric_limits<int32_t>::max());
    job.mutable_spec()->set_backofflimitperindex(limit);
    return job;
  }
  // As a user's delete does to a pod that runs.
  void delete_by_hand(const PodPtr& pod) {
    corev1::Pod going = *client_.find<corev1::Pod>("ns", pod->metadata().name());
    *going.mutable_metadata()->mutable_deletiontimestamp() = to_time(loop_.now() + 30s);
    going.mutable_metadata()->set_deletiongraceperiodseconds(30);
    client_.put(std::move(going));
    loop_.run_ready();
  }
  void respec(auto change) {
    change_job([&](batchv1::Job& job) {
      change(*job.mutable_spec());
      job.mutable_metadata()->set_generation(job.metadata().generation() + 1);
    });
  }
};

TEST_F(JobOutcomes, CreatesInBatchesThatDouble) {
  client_.set_latency(10ms);
  start();
  loop_.run_for(100ms);
  put_job(make_job(10, 10));
  std::vector<int> created;
  for (int step = 0; step < 5; ++step) {
    loop_.run_for(10ms);
    created.push_back(count_calls("create pods"));
  }
  EXPECT_EQ(created, (std::vector<int>{1, 3, 7, 10, 10}));
}

TEST_F(JobOutcomes, PodsThatEndTogetherCostOneSync) {
  start();
  put_job(make_job(8, 5));
  client_.clear_calls();
  finish_all(0);
  EXPECT_EQ(count_calls("update jobs/status"), 2) << "listed, then counted: not once a pod";
  EXPECT_EQ(job()->status().succeeded(), 5);
}

TEST_F(JobOutcomes, AConflictTakesNoFinalizerOff) {
  start();
  put_job(make_job());
  bool refuse = true;
  client_.set_failures([&](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (refuse && verb == "update" && kind.kind == "Job") return Error{.reason = Reason::kConflict, .message = "modified"};
    return std::nullopt;
  });
  finish_all(0);
  EXPECT_EQ(held(), 1);
  refuse = false;
  loop_.run_for(1min);
  EXPECT_EQ(job()->status().succeeded(), 1);
  EXPECT_EQ(held(), 0);
}

TEST_F(JobOutcomes, ARestartForgetsTheBackOffOfTheJob) {
  start();
  put_job(make_job());
  finish_all(1);
  loop_.run_for(2s);
  EXPECT_EQ(pods().size(), 1u);
  restart();
  EXPECT_EQ(pods().size(), 2u) << "as upstream, which keeps it in memory too";
}

TEST_F(JobOutcomes, ARestartKeepsTheBackOffOfAnIndex) {
  start();
  put_job(per_index_job(1, 3));
  finish_all(1);
  loop_.run_for(2s);
  restart();
  loop_.run_for(7s);
  EXPECT_EQ(pods().size(), 1u);
  loop_.run_for(1s);
  EXPECT_EQ(unfinished().size(), 1u);
}

TEST_F(JobOutcomes, ADeadlineThatIsShortenedEndsTheJobAtTheNewTime) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_activedeadlineseconds(3600);
  put_job(job);
  loop_.run_for(10s);
  respec([](auto& spec) { spec.set_activedeadlineseconds(20); });
  loop_.run_for(9s);
  EXPECT_EQ(reason_of(this->job()->status(), kFailureTarget), "");
  loop_.run_for(1s);
  EXPECT_EQ(reason_of(this->job()->status(), kFailureTarget), "DeadlineExceeded");
}

TEST_F(JobOutcomes, ADeadlineOfZeroFailsTheJobBeforeAnyPod) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_activedeadlineseconds(0);
  put_job(job);
  EXPECT_EQ(reason_of(this->job()->status(), kFailed), "DeadlineExceeded");
  EXPECT_TRUE(pods().empty());
}

TEST_F(JobOutcomes, ADeadlineRunsAnewAfterASuspension) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_activedeadlineseconds(30);
  put_job(job);
  loop_.run_for(20s);
  respec([](auto& spec) { spec.set_suspend(true); });
  loop_.run_for(1h);
  EXPECT_FALSE(this->job()->status().has_starttime());
  EXPECT_EQ(this->job()->status().failed(), 0);
  respec([](auto& spec) { spec.set_suspend(false); });
  loop_.run_for(29s);
  EXPECT_EQ(reason_of(this->job()->status(), kFailureTarget), "");
  loop_.run_for(1s);
  EXPECT_EQ(reason_of(this->job()->status(), kFailureTarget), "DeadlineExceeded");
}

// The API would refuse the end of a Job that has no start.
TEST_F(JobOutcomes, AJobThatEndsWhileSuspendedEndsAllTheSame) {
  start();
  put_job(make_job());
  finish_all(1);
  respec([](auto& spec) { spec.set_suspend(true); });
  ASSERT_FALSE(job()->status().has_starttime());
  respec([](auto& spec) { spec.set_backofflimit(0); });
  EXPECT_EQ(reason_of(job()->status(), kFailed), "BackoffLimitExceeded");
  EXPECT_EQ(from_time(job()->status().starttime()), loop_.now());
}

TEST_F(JobOutcomes, ADeletedPodIsReplacedWhileItStillRuns) {
  start();
  put_job(make_job());
  const PodPtr first = pods()[0];
  delete_by_hand(first);
  loop_.run_for(30s);
  EXPECT_EQ(unfinished().size(), 1u) << "the new one";
  EXPECT_EQ(job()->status().failed(), 1);
  EXPECT_EQ(job()->status().terminating(), 1);
}

TEST_F(JobOutcomes, ADeletedPodThatStillSucceedsCountsWhereOnlyFailedPodsAreReplaced) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_podreplacementpolicy("Failed");
  put_job(job);
  const PodPtr first = pods()[0];
  delete_by_hand(first);
  loop_.run_for(30s);
  EXPECT_EQ(pods().size(), 1u);
  EXPECT_EQ(this->job()->status().failed(), 0);
  EXPECT_EQ(this->job()->status().terminating(), 1);
  finish(first, 0);
  loop_.run_for(1s);
  EXPECT_EQ(this->job()->status().succeeded(), 1);
  EXPECT_EQ(reason_of(this->job()->status(), kComplete), "CompletionsReached");
}

TEST_F(JobOutcomes, IndexesThatWereDroppedRunAgain) {
  start();
  put_job(make_indexed_job(5, 5));
  for (const PodPtr& pod : unfinished()) {
    if (completion_index(*pod) >= 3) finish(pod, 0);
  }
  loop_.run_for(1s);
  EXPECT_EQ(job()->status().completedindexes(), "3,4");
  const auto scale = [&](int to) {
    respec([&](auto& spec) {
      spec.set_completions(to);
      spec.set_parallelism(to);
    });
    loop_.run_for(1s);
  };
  scale(3);
  EXPECT_EQ(job()->status().completedindexes(), "");
  EXPECT_EQ(job()->status().succeeded(), 0);
  scale(5);
  EXPECT_EQ(unfinished().size(), 5u);
  finish_all(0);
  loop_.run_for(1s);
  EXPECT_EQ(job()->status().completedindexes(), "0-4");
}

TEST_F(JobOutcomes, AnIndexThatAlwaysFailsFailsAloneAndCountsItsAttempts) {
  start();
  put_job(per_index_job(3, 1));
  for (const PodPtr& pod : unfinished()) finish(pod, completion_index(*pod) == 1 ? 1 : 0);
  loop_.run_for(10s);
  ASSERT_EQ(unfinished().size(), 1u);
  EXPECT_EQ(unfinished()[0]->metadata().annotations().at(std::string(kFailureCountKey)), "1");
  finish_all(1);
  loop_.run_for(1s);
  EXPECT_EQ(reason_of(job()->status(), kFailed), "FailedIndexes");
  EXPECT_EQ(job()->status().failedindexes(), "1");
  EXPECT_EQ(job()->status().completedindexes(), "0,2");
}

corev1::Pod make_stray(const std::string& name, bool succeeded) {
  corev1::Pod stray = test::make_pod(name, "Running");
  if (succeeded) stray = end_pod(std::move(stray), 0);
  stray.mutable_metadata()->clear_ownerreferences();
  stray.mutable_metadata()->clear_finalizers();
  return stray;
}

TEST_F(JobOutcomes, AdoptsTwoStrayPodsButNoneThatIsBeingDeleted) {
  client_.put(make_stray("done", true));
  client_.put(make_stray("runs", false));
  client_.put(being_deleted(make_stray("goes", false)));
  start();
  put_job(make_job(2, 2));
  EXPECT_EQ(job()->status().succeeded(), 1);
  EXPECT_EQ(job()->status().active(), 1);
  EXPECT_EQ(controller_of(*client_.find<corev1::Pod>("ns", "j-goes")), nullptr);
  for (const char* name : {"j-done", "j-runs"}) EXPECT_EQ(controller_of(*client_.find<corev1::Pod>("ns", name))->uid(), "job-uid") << name;
  EXPECT_TRUE(has_tracking_finalizer(*client_.find<corev1::Pod>("ns", "j-runs")));
}

TEST_F(JobOutcomes, AJobBeingDeletedAdoptsNothing) {
  client_.put(make_stray("runs", false));
  batchv1::Job job = make_job();
  *job.mutable_metadata()->mutable_deletiontimestamp() = to_time(kNow);
  job.mutable_metadata()->add_finalizers("foregroundDeletion");
  start();
  put_job(job);
  loop_.run_for(1min);
  EXPECT_EQ(controller_of(*client_.find<corev1::Pod>("ns", "j-runs")), nullptr);
  EXPECT_EQ(pods().size(), 1u);
}

TEST_F(JobOutcomes, LetsGoOfPodsThatTheCollectorOrphaned) {
  start();
  put_job(make_job(2, 2));
  change_job([](batchv1::Job& job) {
    *job.mutable_metadata()->mutable_deletiontimestamp() = to_time(kNow);
    job.mutable_metadata()->add_finalizers("orphan");
  });
  for (const PodPtr& pod : pods()) {
    corev1::Pod orphan = *pod;
    orphan.mutable_metadata()->clear_ownerreferences();
    client_.put(std::move(orphan));
  }
  client_.erase(kind_of<batchv1::Job>(), "ns", "j");
  loop_.run_for(1s);
  EXPECT_EQ(unfinished().size(), 2u) << "they run on";
  EXPECT_EQ(held(), 0);
}

TEST_F(JobOutcomes, APodOfAFinishedJobIsNotReplacedWhenItIsDeleted) {
  start();
  put_job(make_job());
  finish_all(0);
  client_.erase(kind_of<corev1::Pod>(), "ns", pods()[0]->metadata().name());
  loop_.run_for(1h);
  EXPECT_TRUE(pods().empty());
}

TEST_F(JobOutcomes, ACompletedJobWhosePodsStillTerminateWaitsForThem) {
  start();
  put_job(make_job());
  const PodPtr first = pods()[0];
  delete_by_hand(first);
  loop_.run_for(30s);
  for (const PodPtr& pod : unfinished()) finish(pod, 0);
  loop_.run_for(1s);
  EXPECT_EQ(reason_of(job()->status(), kSuccessCriteriaMet), "CompletionsReached");
  EXPECT_EQ(reason_of(job()->status(), kComplete), "");
  client_.erase(kind_of<corev1::Pod>(), "ns", first->metadata().name());
  loop_.run_for(1s);
  EXPECT_EQ(reason_of(job()->status(), kComplete), "CompletionsReached");
}

}  // namespace
}  // namespace stint::job
