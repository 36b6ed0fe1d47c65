// The Job controller against the fake server in virtual time; the test plays the node.
#include "control/job/controller.h"

#include <gtest/gtest.h>

#include "control/job/controller_fixture.h"

namespace stint::job {
namespace {

using namespace test;

TEST_F(JobControllerTest, RunsAJobToItsEndWithoutWaiting) {
  start();
  put_job(make_job());
  ASSERT_EQ(pods().size(), 1u);
  EXPECT_EQ(job()->status().active(), 1);
  EXPECT_TRUE(pods()[0]->metadata().name().starts_with("j-"));
  finish_all(0);
  EXPECT_EQ(reason_of(job()->status(), kComplete), "CompletionsReached");
  EXPECT_EQ(job()->status().succeeded(), 1);
  EXPECT_EQ(job()->status().active(), 0);
  EXPECT_EQ(held(), 0);
  EXPECT_EQ(loop_.now(), kNow);
  loop_.run_for(1s);
  EXPECT_EQ(event_reasons(), (std::vector<std::string>{"Completed", "SuccessfulCreate"}));
}

TEST_F(JobControllerTest, WritesNoMoreThanItMust) {
  start();
  put_job(make_job());
  finish_all(0);
  // Started; ended with the uid listed; counted and complete.
  EXPECT_EQ(count_calls("update jobs/status"), 3);
  EXPECT_EQ(count_calls("create pods"), 1);
  EXPECT_EQ(count_calls("patch pods"), 1);
}

TEST_F(JobControllerTest, TriesAgainAfterEachBackOffUntilTheLimit) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_backofflimit(2);
  put_job(job);
  finish_all(1);
  loop_.run_for(9s);
  EXPECT_EQ(pods().size(), 1u);
  loop_.run_for(1s);
  ASSERT_EQ(pods().size(), 2u);
  finish_all(1);
  loop_.run_for(19s);
  EXPECT_EQ(pods().size(), 2u);
  loop_.run_for(1s);
  ASSERT_EQ(pods().size(), 3u);
  finish_all(1);
  EXPECT_EQ(reason_of(this->job()->status(), kFailed), "BackoffLimitExceeded");
  EXPECT_EQ(this->job()->status().failed(), 3);
  loop_.run_for(1h);
  EXPECT_EQ(pods().size(), 3u);
}

TEST_F(JobControllerTest, CountsAPodOnceThatIsGoneBeforeTheCacheShowsIt) {
  start();
  put_job(make_job());
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "patch" && kind.kind == "Pod") return Error{.reason = Reason::kNotFound, .message = "gone"};
    return std::nullopt;
  });
  finish_all(1);
  EXPECT_EQ(job()->status().failed(), 1);
  change_job([](batchv1::Job& job) { (*job.mutable_metadata()->mutable_annotations())["touched"] = "yes"; });
  loop_.run_for(5s);
  EXPECT_EQ(job()->status().failed(), 1);
}

TEST_F(JobControllerTest, TriesOnePodWhenAQuotaRefusesAndWaitsASecond) {
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "create" && kind.kind == "Pod") return Error{.reason = Reason::kForbidden, .message = "exceeded quota"};
    return std::nullopt;
  });
  start();
  put_job(make_job(10, 10));
  EXPECT_EQ(count_calls("create pods"), 1) << testing::PrintToString(client_.calls());
  EXPECT_EQ(job()->status().active(), 0);
  loop_.run_for(999ms);
  EXPECT_EQ(count_calls("create pods"), 1);
  loop_.run_for(1ms);
  EXPECT_EQ(count_calls("create pods"), 2);
}

TEST_F(JobControllerTest, CreatesEachPodOnceHoweverSlowTheServer) {
  client_.set_latency(7ms);
  start();
  loop_.run_for(1s);
  put_job(make_job(40, 10));
  loop_.run_for(1s);
  EXPECT_EQ(pods().size(), 10u);
  for (int round = 0; round < 40 && !is_finished(*job()); ++round) {
    finish_all(0);
    loop_.run_for(1s);
  }
  EXPECT_EQ(job()->status().succeeded(), 40);
  EXPECT_EQ(pods().size(), 40u);
  EXPECT_EQ(held(), 0);
}

TEST_F(JobControllerTest, TakesNoFinalizerOffBeforeTheStatusIsWritten) {
  start();
  put_job(make_job());
  bool refuse = true;
  client_.set_failures([&](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (refuse && verb == "update" && kind.kind == "Job") return Error{.reason = Reason::kInternalError, .message = "no"};
    return std::nullopt;
  });
  finish_all(0);
  EXPECT_EQ(held(), 1);
  EXPECT_EQ(count_calls("patch pods"), 0);
  refuse = false;
  loop_.run_for(1s);
  EXPECT_EQ(job()->status().succeeded(), 1);
  EXPECT_EQ(held(), 0);
}

TEST_F(JobControllerTest, CountsTheOthersWhenOneFinalizerCannotBeTakenOff) {
  start();
  put_job(make_job(2, 2));
  const std::string stuck = pods()[0]->metadata().name();
  bool refuse = true;
  client_.set_failures([&](std::string_view verb, const Kind& kind, std::string_view name) -> std::optional<Error> {
    if (refuse && verb == "patch" && kind.kind == "Pod" && name == stuck) return Error{.reason = Reason::kInternalError, .message = "no"};
    return std::nullopt;
  });
  finish_all(0);
  EXPECT_EQ(job()->status().succeeded(), 1);
  EXPECT_EQ(job()->status().uncountedterminatedpods().succeeded_size(), 1);
  EXPECT_FALSE(is_finished(*job()));
  refuse = false;
  loop_.run_for(1min);
  EXPECT_EQ(job()->status().succeeded(), 2);
  EXPECT_TRUE(is_finished(*job()));
}

// Nothing is lost and nothing counted twice, wherever the controller dies.
TEST_F(JobControllerTest, SurvivesACrashBeforeAnyOfItsWrites) {
  for (int crash_at = 1;; ++crash_at) {
    SCOPED_TRACE(crash_at);
    int writes = 0;
    client_.set_failures([&](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
      if (kind.kind == "Event" || !is_write(verb) || ++writes < crash_at) return std::nullopt;
      return Error{.reason = Reason::kServiceUnavailable, .message = "crashed"};
    });
    start();
    put_job(make_job(4, 3));
    bool crashed = false;
    for (int round = 0; round < 10 && !is_finished(*job()); ++round) {
      if (!crashed && writes >= crash_at) {
        crashed = true;
        client_.set_failures(nullptr);
        restart();
      }
      finish_all(0);
      loop_.run_for(1s);
    }
    EXPECT_EQ(reason_of(job()->status(), kComplete), "CompletionsReached");
    EXPECT_EQ(job()->status().succeeded(), 4);
    EXPECT_EQ(job()->status().failed(), 0);
    EXPECT_EQ(held(), 0);
    EXPECT_EQ(pods().size(), 4u);
    controllers_.reset();
    client_.erase(kind_of<batchv1::Job>(), "ns", "j");
    for (const PodPtr& pod : pods()) client_.erase(kind_of<corev1::Pod>(), "ns", pod->metadata().name());
    if (!crashed) break;
    ASSERT_LT(crash_at, 100);
  }
}

TEST_F(JobControllerTest, LetsGoOfThePodsOfADeletedJob) {
  start();
  put_job(make_job(2, 2));
  EXPECT_EQ(held(), 2);
  client_.erase(kind_of<batchv1::Job>(), "ns", "j");
  loop_.run_ready();
  EXPECT_EQ(held(), 0);
  EXPECT_EQ(pods().size(), 2u);
}

TEST_F(JobControllerTest, StartsAtOnceWhenRecreatedUnderTheSameName) {
  start();
  put_job(make_job());
  client_.erase(kind_of<batchv1::Job>(), "ns", "j");
  batchv1::Job next = make_job();
  next.mutable_metadata()->set_uid("another-uid");
  for (auto* labels : {next.mutable_spec()->mutable_selector()->mutable_matchlabels(),
                       next.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels()}) {
    (*labels)["batch.kubernetes.io/controller-uid"] = "another-uid";
  }
  put_job(next);
  EXPECT_EQ(pods().size(), 2u);
  EXPECT_EQ(job()->status().active(), 1);
}

TEST_F(JobControllerTest, AdoptsAPodThatMatchesAndCountsIt) {
  corev1::Pod stray = end_pod(test::make_pod("stray", ""), 0);
  stray.mutable_metadata()->clear_ownerreferences();
  stray.mutable_metadata()->clear_finalizers();
  client_.put(stray);
  start();
  put_job(make_job());
  EXPECT_EQ(job()->status().succeeded(), 1);
  EXPECT_TRUE(is_finished(*job()));
  ASSERT_EQ(pods().size(), 1u);
  EXPECT_EQ(controller_of(*pods()[0])->uid(), "job-uid");
}

TEST_F(JobControllerTest, ReleasesAPodWhoseLabelsNoLongerMatch) {
  start();
  put_job(make_job());
  corev1::Pod pod = *pods()[0];
  const std::string name = pod.metadata().name();
  pod.mutable_metadata()->clear_labels();
  client_.put(pod);
  loop_.run_ready();
  EXPECT_EQ(controller_of(*client_.find<corev1::Pod>("ns", name)), nullptr);
  EXPECT_EQ(held(), 1) << "only the replacement";
  EXPECT_EQ(pods().size(), 2u);
}

TEST_F(JobControllerTest, SuspendsAndResumes) {
  start();
  put_job(make_job(2, 2));
  change_job([](batchv1::Job& job) {
    job.mutable_spec()->set_suspend(true);
    job.mutable_metadata()->set_generation(2);
  });
  EXPECT_EQ(unfinished().size(), 0u);
  EXPECT_EQ(held(), 0);
  EXPECT_EQ(reason_of(job()->status(), kSuspended), "JobSuspended");
  EXPECT_FALSE(job()->status().has_starttime());
  change_job([](batchv1::Job& job) {
    job.mutable_spec()->set_suspend(false);
    job.mutable_metadata()->set_generation(3);
  });
  EXPECT_EQ(unfinished().size(), 2u);
  EXPECT_EQ(job()->status().failed(), 0);
  EXPECT_EQ(find_condition(job()->status(), kSuspended)->status(), "False");
  finish_all(0);
  EXPECT_EQ(reason_of(job()->status(), kComplete), "CompletionsReached");
}

TEST_F(JobControllerTest, SuspendsABigJobAtOnce) {
  start();
  put_job(make_job(40, 40));
  ASSERT_EQ(unfinished().size(), 40u);
  change_job([](batchv1::Job& job) {
    job.mutable_spec()->set_suspend(true);
    job.mutable_metadata()->set_generation(2);
  });
  EXPECT_EQ(unfinished().size(), 0u);
}

TEST_F(JobControllerTest, EndsAtTheDeadlineOnceThePodsAreGone) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_activedeadlineseconds(5);
  put_job(job);
  loop_.run_for(4999ms);
  EXPECT_EQ(unfinished().size(), 1u);
  loop_.run_for(1ms);
  EXPECT_EQ(reason_of(this->job()->status(), kFailureTarget), "DeadlineExceeded");
  for (const PodPtr& pod : pods()) client_.erase(kind_of<corev1::Pod>(), "ns", pod->metadata().name());
  loop_.run_ready();
  EXPECT_EQ(reason_of(this->job()->status(), kFailed), "DeadlineExceeded");
  EXPECT_EQ(this->job()->status().failed(), 1);
}

TEST_F(JobControllerTest, LeavesAJobToTheControllerThatItNames) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_managedby("example.com/x");
  put_job(job);
  loop_.run_for(1h);
  EXPECT_TRUE(pods().empty());
  EXPECT_EQ(this->job()->status().ByteSizeLong(), 0u);
}

TEST_F(JobControllerTest, TriesNothingMoreInATerminatingNamespace) {
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb != "create" || kind.kind != "Pod") return std::nullopt;
    return Error{.reason = Reason::kForbidden, .message = "terminating", .causes = {{.reason = "NamespaceTerminating"}}};
  });
  start();
  put_job(make_job());
  loop_.run_for(1min);
  EXPECT_EQ(count_calls("create pods"), 1);
  EXPECT_TRUE(event_reasons().empty());
}

TEST_F(JobControllerTest, NeverTouchesAFinishedJobAgain) {
  start();
  put_job(make_job());
  finish_all(0);
  client_.clear_calls();
  change_job([](batchv1::Job& job) {
    job.mutable_spec()->set_parallelism(5);
    job.mutable_metadata()->set_generation(2);
  });
  loop_.run_for(1h);
  EXPECT_EQ(count_calls("create pods"), 0);
  EXPECT_EQ(count_calls("update jobs"), 0);
}

}  // namespace
}  // namespace stint::job
