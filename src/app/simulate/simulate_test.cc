// The real controllers on manifests, in virtual time.
#include "app/simulate/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json.h"
#include "app/simulate/manifests.h"
#include "base/log.h"

namespace stint::simulate {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 8 / 3) + 10h};

std::string job_yaml(const std::string& spec, const std::string& restart_policy = "Never") {
  return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n      restartPolicy: " + restart_policy +
         "\n      containers: [{name: main, image: \"busybox:1\", command: [\"true\"]}]\n" + spec;
}

std::string cron_yaml(const std::string& policy) {
  return "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec:\n  schedule: \"* * * * *\"\n  concurrencyPolicy: " + policy +
         "\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers: [{name: main, "
         "image: \"busybox:1\"}]\n";
}

cli::SimulateCommand with_codes(const std::vector<std::string>& texts) {
  cli::SimulateCommand command;
  for (const std::string& text : texts) command.exit_codes.push_back(cli::parse_exit_codes(text).value());
  return command;
}

Report run(const std::string& yaml, const cli::SimulateCommand& command) {
  set_log_level(LogLevel::kError);
  auto report = simulate(command, {{"test.yaml", yaml}}, kStart);
  EXPECT_TRUE(report) << report.error().message;
  return report ? *std::move(report) : Report{};
}

std::vector<int64_t> waits(const JobReport& job) {
  std::vector<int64_t> all;
  for (const Attempt& attempt : job.attempts) all.push_back(attempt.backoff / 1s);
  return all;
}

std::vector<int> codes(const JobReport& job) {
  std::vector<int> all;
  for (const Attempt& attempt : job.attempts) all.push_back(attempt.exit_code.value_or(-1));
  return all;
}

TEST(Simulate, MakesFiveAttemptsWithABackoffLimitOfFour) {
  const Report report = run(job_yaml("  backoffLimit: 4\n"), with_codes({"1"}));
  ASSERT_EQ(report.jobs.size(), 1u);
  const JobReport& job = report.jobs[0];
  EXPECT_THAT(waits(job), ElementsAre(0, 10, 20, 40, 80));
  EXPECT_THAT(codes(job), ElementsAre(1, 1, 1, 1, 1));
  EXPECT_EQ(job.attempts[1].reason, "BackOff");
  EXPECT_EQ(job.attempts[0].start, kStart);
  EXPECT_EQ(job.attempts[1].start, kStart + 11s);
  EXPECT_EQ(job.condition, "Failed");
  EXPECT_EQ(job.reason, "BackoffLimitExceeded");
  EXPECT_EQ(job.at, kStart + 155s);
  EXPECT_EQ(job.failed, 5);
  EXPECT_EQ(report.ending, "nothing is left to happen");
}

TEST(Simulate, RepeatsTheLastExitCode) {
  const Report report = run(job_yaml("  completions: 3\n"), with_codes({"1,1,0"}));
  EXPECT_THAT(codes(report.jobs[0]), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(waits(report.jobs[0]), ElementsAre(0, 10, 20, 0, 0));
  EXPECT_EQ(report.jobs[0].condition, "Complete");
}

TEST(Simulate, TellsWhenTheTtlRemovesTheJob) {
  const Report report = run(job_yaml("  ttlSecondsAfterFinished: 86400\n"), {});
  EXPECT_EQ(report.jobs[0].at, kStart + 1s);
  ASSERT_TRUE(report.jobs[0].deleted_at);
  EXPECT_NEAR((*report.jobs[0].deleted_at - *report.jobs[0].at) / 1s, 86400, 1);
}

TEST(Simulate, RestartsAContainerInItsPod) {
  cli::SimulateCommand command = with_codes({"1,1,0"});
  const Report report = run(job_yaml("", "OnFailure"), command);
  const JobReport& job = report.jobs[0];
  EXPECT_THAT(codes(job), ElementsAre(1, 1, 0));
  EXPECT_THAT(waits(job), ElementsAre(0, 0, 10));
  EXPECT_EQ(job.attempts[0].end, kStart + 1s);
  EXPECT_EQ(job.attempts[1].end, kStart + 2s);
  EXPECT_EQ(job.attempts[2].reason, "ContainerRestart");
  EXPECT_EQ(job.attempts[0].pod, job.attempts[2].pod);
  EXPECT_EQ(job.condition, "Complete");
}

TEST(Simulate, GivesAnIndexItsOwnCodesAndBackOff) {
  const Report report = run(job_yaml("  completionMode: Indexed\n  completions: 3\n  parallelism: 3\n  backoffLimitPerIndex: 1\n"),
                            with_codes({"index:1=7"}));
  const JobReport& job = report.jobs[0];
  EXPECT_EQ(job.attempts.size(), 4u);
  EXPECT_EQ(job.attempts[3].index, 1);
  EXPECT_EQ(job.attempts[3].backoff, 10s);
  EXPECT_EQ(job.attempts[3].exit_code, 7);
  EXPECT_EQ(job.reason, "FailedIndexes");
  EXPECT_EQ(job.failed_indexes, "1");
  EXPECT_EQ(job.completed_indexes, "0,2");
}

TEST(Simulate, NamesAContainer) {
  std::string yaml = job_yaml("  backoffLimit: 0\n");
  yaml.replace(yaml.find("command: [\"true\"]}"), 18, "command: [\"true\"]}, {name: side, image: \"busybox:1\"}");
  const Report report = run(yaml, with_codes({"container:side=3"}));
  EXPECT_THAT(codes(report.jobs[0]), ElementsAre(3));
  EXPECT_EQ(report.jobs[0].condition, "Failed");
}

TEST(Simulate, ShowsOverlapsOfACronJob) {
  cli::SimulateCommand command;
  command.run_time = 90s;
  command.span = 5min;
  const Report allowed = run(cron_yaml("Allow"), command);
  EXPECT_EQ(allowed.jobs.size(), 5u);
  const Report forbidden = run(cron_yaml("Forbid"), command);
  EXPECT_EQ(forbidden.jobs.size(), 3u);
  ASSERT_FALSE(forbidden.notes.empty());
  EXPECT_EQ(forbidden.notes[0].reason, "JobAlreadyActive");
  const Report replaced = run(cron_yaml("Replace"), command);
  EXPECT_EQ(replaced.jobs.size(), 5u);
  EXPECT_TRUE(replaced.jobs[0].deleted_at);
  EXPECT_EQ(replaced.jobs[0].condition, "");
}

TEST(Simulate, StopsAfterAHundredRunsUnlessToldHowFarToGo) {
  const Report report = run(cron_yaml("Allow"), {});
  EXPECT_EQ(report.jobs.size(), kScheduledJobsMax);
  EXPECT_THAT(report.ending, HasSubstr("100 Jobs"));
}

TEST(Simulate, WaitsWhilePullsFail) {
  cli::SimulateCommand command;
  command.failing_pulls = 2;
  const Report report = run(job_yaml(""), command);
  const JobReport& job = report.jobs[0];
  ASSERT_EQ(job.attempts.size(), 1u);
  EXPECT_EQ(job.attempts[0].start, kStart + 30s);
  EXPECT_EQ(job.attempts[0].backoff, 30s);
  EXPECT_EQ(job.attempts[0].reason, "ImagePullBackOff");
  EXPECT_EQ(job.condition, "Complete");
}

TEST(Simulate, PutsPodsOnAnotherMachineWhenTheirsIsLost) {
  cli::SimulateCommand command;
  command.run_time = 5min;
  command.node_lost_at = 40s;
  const Report report = run(job_yaml(""), command);
  const JobReport& job = report.jobs[0];
  ASSERT_EQ(job.attempts.size(), 2u);
  EXPECT_EQ(job.attempts[1].reason, "Disrupted");
  EXPECT_EQ(job.condition, "Complete");
  EXPECT_EQ(job.failed, 1);
}

TEST(Simulate, StopsWithASuspendedJob) {
  const Report report = run(job_yaml("  suspend: true\n"), {});
  EXPECT_TRUE(report.jobs[0].attempts.empty());
  EXPECT_LT(report.end - report.start, 1min);
  EXPECT_THAT(as_table(report), HasSubstr("it is suspended"));
}

TEST(Simulate, StopsWhenEveryPodIsRefused) {
  const std::string quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: \"0\"}}\n---\n";
  const Report report = run(quota + job_yaml(""), {});
  EXPECT_LT(report.end - report.start, 3h);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_EQ(report.notes[0].reason, "FailedCreate");
  EXPECT_GT(report.notes[0].count, 10);
}

TEST(Simulate, GivesOneAnswerForOneSeed) {
  cli::SimulateCommand command = with_codes({"1,0"});
  const std::string yaml = job_yaml("  completions: 4\n  parallelism: 2\n") + "---\n" + cron_yaml("Allow");
  command.span = 10min;
  const std::string first = as_json(run(yaml, command));
  EXPECT_EQ(as_json(run(yaml, command)), first);
  command.seed = 2;
  EXPECT_NE(as_json(run(yaml, command)), first);
}

TEST(Simulate, RefusesWhatTheServerRefusesInItsWords) {
  const auto refused = simulate({}, {{"test.yaml", job_yaml("  backoffLimit: -1\n")}}, kStart);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "test.yaml: Job.batch \"j\" is invalid: spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0");
  const auto unknown = simulate({}, {{"test.yaml", job_yaml("  backofLimit: 1\n")}}, kStart);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("unknown field \"spec.backofLimit\""));
}

TEST(Simulate, MakesOneJsonDocument) {
  const std::string text = as_json(run(job_yaml("  ttlSecondsAfterFinished: 5\n"), with_codes({"0"})));
  const auto document = json::parse(text);
  ASSERT_TRUE(document);
  const json::Value& job = document->find("jobs")->as_array()[0];
  const json::Value& attempt = job.find("attempts")->as_array()[0];
  EXPECT_EQ(attempt.string_at("start"), "2026-08-03T10:00:00Z");
  EXPECT_EQ(attempt.string_at("end"), "2026-08-03T10:00:01Z");
  EXPECT_EQ(attempt.find("exitCode")->as_int(), 0);
  EXPECT_EQ(attempt.find("backoff")->as_int(), 0);
  EXPECT_TRUE(attempt.find("index")->is_null());
  EXPECT_EQ(job.string_at("condition"), "Complete");
  EXPECT_EQ(job.string_at("reason"), "CompletionsReached");
  EXPECT_EQ(job.string_at("at"), "2026-08-03T10:00:01Z");
  EXPECT_EQ(job.string_at("deletedAt"), "2026-08-03T10:00:06Z");
  EXPECT_EQ(text.find("exitCode"), text.rfind("exitCode"));
}

TEST(Simulate, DrawsAPicture) {
  const std::string svg = as_svg(run(job_yaml("  backoffLimit: 1\n"), with_codes({"1"})));
  EXPECT_THAT(svg, testing::StartsWith("<svg "));
  EXPECT_THAT(svg, HasSubstr("after 1 failure in a row the Job waited 10s"));
}

TEST(Simulate, CountsTimesFromTheStart) {
  Report report = run(job_yaml("  backoffLimit: 1\n"), with_codes({"1"}));
  for (Attempt& attempt : report.jobs[0].attempts) attempt.pod = "j-x";
  EXPECT_EQ(as_table(report), R"(Times count from 2026-08-03T10:00:00Z.

Job default/j, created at +0s (2026-08-03T10:00:00Z)
  #  POD  START  END   EXIT  WAITED  WHY
  1  j-x  +0s    +1s   1     -       the Job starts
  2  j-x  +11s   +12s  1     10s     after 1 failure in a row the Job waited 10s
  Failed at +12s (2026-08-03T10:00:12Z): BackoffLimitExceeded: Job has reached the specified backoff limit
  succeeded 0, failed 2

The simulation ends at +13s: nothing is left to happen.
)");
}

TEST(Manifests, AreSplitAtTheirMarks) {
  EXPECT_THAT(split_documents("# only words\n---\na: 1\n--- # next\nb: \"---\"\n---\n"), ElementsAre("a: 1\n", "b: \"---\"\n"));
  EXPECT_THAT(split_documents(""), ElementsAre());
}

}  // namespace
}  // namespace stint::simulate
