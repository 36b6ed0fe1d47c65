#include "control/job/metrics.h"

#include "control/job/controller_fixture.h"

namespace stint::job {
namespace {

using namespace test;

class JobMetricsTest : public JobControllerTest {};

TEST_F(JobMetricsTest, CountAJobFromItsFirstSyncToItsEnd) {
  start();
  put_job(make_job(2, 2));
  finish_all(0);
  loop_.run_for(1s);
  EXPECT_TRUE(
      shows_metric(R"(job_controller_jobs_finished_total{completion_mode="NonIndexed",result="succeeded",reason="CompletionsReached"} 1)"))
      << metrics_.text();
  EXPECT_TRUE(shows_metric(R"(job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 2)"));
  EXPECT_TRUE(shows_metric(R"(job_controller_job_pods_creation_total{reason="new",status="succeeded"} 2)"));
  EXPECT_TRUE(shows_metric(R"(job_controller_job_syncs_total{completion_mode="NonIndexed",result="success",action="pods_created"} 1)"));
  EXPECT_TRUE(shows_metric(R"(job_controller_terminated_pods_tracking_finalizer_total{event="add"} 2)"));
  EXPECT_TRUE(shows_metric(R"(job_controller_terminated_pods_tracking_finalizer_total{event="delete"} 2)"));
  EXPECT_TRUE(
      shows_metric(R"(job_controller_job_sync_duration_seconds_count{completion_mode="Indexed",result="success",action="tracking"} 0)"));
}

TEST_F(JobMetricsTest, CountFailuresAndWhyAPodIsMadeAnew) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_backofflimit(1);
  put_job(job);
  for (int attempt = 0; attempt < 2; ++attempt) {
    finish_all(1);
    loop_.run_for(10s);
  }
  EXPECT_TRUE(shows_metric(R"(job_controller_job_pods_creation_total{reason="recreate_terminating_or_failed",status="succeeded"} 1)"))
      << metrics_.text();
  EXPECT_TRUE(shows_metric(R"(job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 2)"));
  EXPECT_TRUE(
      shows_metric(R"(job_controller_jobs_finished_total{completion_mode="NonIndexed",result="failed",reason="BackoffLimitExceeded"} 1)"));
}

TEST_F(JobMetricsTest, ARefusedCreationIsAFailedOneOnly) {
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "create" && kind.kind == "Pod") return Error{.reason = Reason::kForbidden, .message = "no"};
    return std::nullopt;
  });
  start();
  put_job(make_job());
  EXPECT_TRUE(shows_metric(R"(job_controller_job_pods_creation_total{reason="new",status="failed"} 1)")) << metrics_.text();
  EXPECT_EQ(metrics_.text().find(R"(job_pods_creation_total{reason="new",status="succeeded"})"), std::string::npos);
  EXPECT_TRUE(shows_metric(R"(job_controller_job_syncs_total{completion_mode="NonIndexed",result="error",action="pods_created"} 1)"));
}

TEST_F(JobMetricsTest, CountIndexesByHowTheyEnded) {
  start();
  batchv1::Job job = make_indexed_job(3, 3);
  job.mutable_spec()->set_backofflimitperindex(0);
  put_job(job);
  for (const PodPtr& pod : unfinished()) finish(pod, completion_index(*pod) == 1 ? 1 : 0);
  loop_.run_for(1s);
  EXPECT_TRUE(shows_metric(R"(job_controller_job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"} 2)"))
      << metrics_.text();
  EXPECT_TRUE(shows_metric(R"(job_controller_job_finished_indexes_total{status="failed",backoffLimit="perIndex"} 1)"));
}

TEST_F(JobMetricsTest, CountWhatTheFailurePolicyDid) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_podreplacementpolicy("Failed");
  auto& rule = *job.mutable_spec()->mutable_podfailurepolicy()->add_rules();
  rule.set_action("Ignore");
  rule.mutable_onexitcodes()->set_operator_("In");
  rule.mutable_onexitcodes()->add_values(3);
  put_job(job);
  finish_all(3);
  loop_.run_for(1s);
  EXPECT_TRUE(shows_metric(R"(job_controller_pod_failures_handled_by_failure_policy_total{action="Ignore"} 1)")) << metrics_.text();
}

TEST_F(JobMetricsTest, CountJobsOfOtherControllersWhoseNamesAreBounded) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_managedby("example.com/x");
  put_job(job);
  EXPECT_TRUE(shows_metric(R"(job_controller_jobs_by_external_controller_total{controller_name="example.com/x"} 1)")) << metrics_.text();
}

}  // namespace
}  // namespace stint::job
