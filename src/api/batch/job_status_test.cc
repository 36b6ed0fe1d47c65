#include "api/batch/job.h"
#include "api/rules_fixture.h"

namespace stint::batch {
namespace {

using namespace rules_fixture;
using batchv1::Job;

constexpr std::string_view kInvalid = "FieldValueInvalid";
constexpr int64_t kStart = 1'800'000'000;

void set_condition(Job& job, std::string_view type, std::string_view status = "True") {
  batchv1::JobCondition& condition = *job.mutable_status()->add_conditions();
  condition.set_type(std::string(type));
  condition.set_status(std::string(status));
}

Job running_job(std::string_view spec = "") {
  std::string text = "metadata: {name: pi}\nspec:\n" + std::string(spec) +
                     "  template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}\n";
  Outcome<Job> made = create_yaml<Job>(text);
  EXPECT_TRUE(made.accepted()) << made;
  made.object.mutable_status()->mutable_starttime()->set_seconds(kStart);
  return made.object;
}

void complete(Job& job) {
  set_condition(job, "SuccessCriteriaMet");
  set_condition(job, "Complete");
  job.mutable_status()->mutable_completiontime()->set_seconds(kStart + 10);
  job.mutable_status()->set_succeeded(1);
}

TEST(JobStatus, ATerminalConditionNeedsItsInterimOne) {
  Job old = running_job();
  Outcome<Job> failed = update_status_with(old, [](Job& next) { set_condition(next, "Failed"); });
  EXPECT_TRUE(failed.refused("status.conditions", kInvalid, "without the FailureTarget=true condition")) << failed;
  Outcome<Job> completed = update_status_with(old, [](Job& next) {
    complete(next);
    next.mutable_status()->mutable_conditions()->DeleteSubrange(0, 1);
  });
  EXPECT_TRUE(completed.refused("status.conditions", kInvalid, "without the SuccessCriteriaMet=true condition")) << completed;
  EXPECT_TRUE(update_status_with(old, complete).accepted()) << update_status_with(old, complete);
  EXPECT_TRUE(update_status_with(old, [](Job& next) {
                set_condition(next, "FailureTarget");
                set_condition(next, "Failed");
              }).accepted());
}

TEST(JobStatus, AFinishedJobStaysFinished) {
  Job done = running_job();
  complete(done);
  auto edited = [&](auto edit) { return update_status_with(done, edit); };
  EXPECT_TRUE(edited([](Job& next) {
                next.mutable_status()->clear_conditions();
              }).refused("status.conditions", kInvalid, "cannot disable the terminal Complete=True condition"));
  EXPECT_TRUE(edited([](Job& next) {
                next.mutable_status()->mutable_completiontime()->set_seconds(kStart + 11);
              }).refused("status.completionTime", kInvalid, "field is immutable"));
  EXPECT_TRUE(edited([](Job& next) { next.mutable_status()->set_active(1); }).refused("status.active", kInvalid));
  EXPECT_TRUE(edited([](Job& next) { next.mutable_status()->set_succeeded(0); }).refused("status.succeeded", kInvalid));
}

TEST(JobStatus, OldBadDataDoesNotBlockOtherEdits) {
  Job done = running_job();
  complete(done);
  done.mutable_status()->set_active(1);
  done.mutable_status()->clear_starttime();
  Outcome<Job> annotated = update_status_with(done, [](Job& next) { (*next.mutable_metadata()->mutable_annotations())["a"] = "b"; });
  EXPECT_TRUE(annotated.accepted()) << annotated;
}

TEST(JobStatus, StartTimeChangesOnlyWhileSuspendedOrResuming) {
  Job old = running_job();
  auto restart = [](Job& next) { next.mutable_status()->mutable_starttime()->set_seconds(kStart + 5); };
  EXPECT_TRUE(update_status_with(old, restart).refused("status.startTime", kInvalid, "field is immutable for unsuspended job once set"));
  set_condition(old, "Suspended");
  EXPECT_TRUE(update_status_with(old, [&](Job& next) {
                restart(next);
                next.mutable_status()->mutable_conditions(0)->set_status("False");
              }).accepted());
}

TEST(JobStatus, AFinishedJobHasAStartTimeUnlessItWasSuspendedWithNothingToDo) {
  Job old = running_job();
  old.mutable_status()->clear_starttime();
  EXPECT_TRUE(update_status_with(old, complete).refused("status.startTime", "FieldValueRequired"));
  Job idle = running_job("  suspend: true\n  completions: 0\n");
  idle.mutable_status()->clear_starttime();
  EXPECT_TRUE(update_status_with(idle, complete).accepted()) << update_status_with(idle, complete);
}

TEST(JobStatus, UidsAreUncountedOnce) {
  Outcome<Job> outcome = update_status_with(running_job(), [](Job& next) {
    batchv1::UncountedTerminatedPods& pods = *next.mutable_status()->mutable_uncountedterminatedpods();
    for (const char* uid : {"a", "b"}) pods.add_succeeded(uid);
    for (const char* uid : {"b", ""}) pods.add_failed(uid);
  });
  EXPECT_TRUE(outcome.refused("status.uncountedTerminatedPods.failed[0]", "FieldValueDuplicate")) << outcome;
  EXPECT_TRUE(outcome.refused("status.uncountedTerminatedPods.failed[1]", kInvalid)) << outcome;
}

TEST(JobStatus, IndexesAreWellFormedAndDoNotOverlap) {
  Job old = running_job("  completionMode: Indexed\n  completions: 9\n  backoffLimitPerIndex: 1\n");
  auto with = [&](std::string_view completed, std::string_view failed) {
    return update_status_with(old, [&](Job& next) {
      next.mutable_status()->set_completedindexes(std::string(completed));
      next.mutable_status()->set_failedindexes(std::string(failed));
    });
  };
  EXPECT_TRUE(with("0,3-5", "1,7").accepted()) << with("0,3-5", "1,7");
  EXPECT_TRUE(with("0,3-5", "4").refused("status.failedIndexes", kInvalid, "overlap at index: 4"));
  EXPECT_TRUE(with("0,9", "").refused("status.completedIndexes", kInvalid, "too large index:"));
  EXPECT_TRUE(with("0,a", "").refused("status.completedIndexes", kInvalid, "cannot convert string to integer for index:"));
  Outcome<Job> plain = update_status_with(running_job(), [](Job& next) {
    next.mutable_status()->set_completedindexes("0");
    next.mutable_status()->set_failedindexes("");
  });
  EXPECT_TRUE(plain.refused("status.completedIndexes", kInvalid)) << plain;
  EXPECT_TRUE(plain.refused("status.failedIndexes", kInvalid)) << plain;
}

TEST(JobStatus, SucceededMayFallOnlyWhenTheJobIsElastic) {
  auto fewer = [](Job& next) { next.mutable_status()->set_succeeded(1); };
  Job elastic = running_job("  completionMode: Indexed\n  completions: 3\n  parallelism: 3\n");
  elastic.mutable_status()->set_succeeded(2);
  EXPECT_TRUE(update_status_with(elastic, fewer).accepted());
  Job fixed = running_job("  completions: 3\n");
  fixed.mutable_status()->set_succeeded(2);
  EXPECT_TRUE(update_status_with(fixed, fewer).refused("status.succeeded", kInvalid));
}

}  // namespace
}  // namespace stint::batch
