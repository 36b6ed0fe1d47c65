// The CronJob and ttl controllers against the fake server in virtual time; the test plays the Job controller.
#include "control/cronjob/controller.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "control/controllers.h"
#include "control/ttl/controller.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

constexpr ControllerRow kRows[] = {{"cronjob", make_controller<CronJobController>}, {"ttl-after-finished", make_controller<TtlController>}};

class CronJobControllerTest : public testing::Test {
 protected:
  void start() {
    controllers_ = std::make_unique<ControllerSet>(loop_, client_, ControllerOptions(), kRows);
    controllers_->start();
    loop_.run_ready();
  }
  batchv1::CronJob make_cron_job(const std::string& schedule) {
    batchv1::CronJob cron_job;
    cron_job.mutable_metadata()->set_namespace_("ns");
    cron_job.mutable_metadata()->set_name("c");
    *cron_job.mutable_metadata()->mutable_creationtimestamp() = to_time(loop_.now());
    cron_job.mutable_spec()->set_schedule(schedule);
    cron_job.mutable_spec()->set_concurrencypolicy("Allow");
    cron_job.mutable_spec()->set_successfuljobshistorylimit(3);
    cron_job.mutable_spec()->set_failedjobshistorylimit(1);
    return cron_job;
  }
  void put(batchv1::CronJob cron_job) {
    client_.put(std::move(cron_job));
    loop_.run_ready();
  }
  void finish(const std::string& name) {
    batchv1::Job job = *client_.find<batchv1::Job>("ns", name);
    auto& condition = *job.mutable_status()->add_conditions();
    condition.set_type("Complete");
    condition.set_status("True");
    *condition.mutable_lasttransitiontime() = to_time(loop_.now());
    *job.mutable_status()->mutable_starttime() = job.metadata().creationtimestamp();
    *job.mutable_status()->mutable_completiontime() = to_time(loop_.now());
    client_.put(std::move(job));
    loop_.run_ready();
  }
  std::shared_ptr<const batchv1::CronJob> cron_job() const { return client_.find<batchv1::CronJob>("ns", "c"); }
  std::vector<std::string> jobs() const {
    std::vector<std::string> names;
    for (const auto& job : client_.all<batchv1::Job>("ns")) names.push_back(job->metadata().name());
    return names;
  }
  std::vector<std::string> event_reasons() {
    loop_.run_for(1ms);
    std::vector<std::string> reasons;
    for (const auto& event : client_.all<corev1::Event>("ns")) reasons.push_back(event->reason());
    std::ranges::sort(reasons);
    return reasons;
  }

  SimLoop loop_{parse_rfc3339("2026-08-03T09:58:30Z").value()};
  FakeClient client_{loop_};
  std::unique_ptr<ControllerSet> controllers_;
};

using Strings = std::vector<std::string>;

TEST_F(CronJobControllerTest, StartsARunAtItsTime) {
  start();
  put(make_cron_job("0 * * * *"));
  loop_.run_for(89999ms);
  EXPECT_TRUE(jobs().empty());
  loop_.run_for(1ms);
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
  EXPECT_EQ(cron_job()->status().active_size(), 1);
  EXPECT_EQ(from_time(cron_job()->status().lastscheduletime()), parse_rfc3339("2026-08-03T10:00:00Z").value());
  EXPECT_EQ(event_reasons(), (Strings{"SuccessfulCreate"}));
}

TEST_F(CronJobControllerTest, KeepsItsBooksAndItsHistory) {
  start();
  batchv1::CronJob cron_job = make_cron_job("* * * * *");
  cron_job.mutable_spec()->set_successfuljobshistorylimit(1);
  put(cron_job);
  loop_.run_for(30s);
  finish("c-29762519");
  EXPECT_EQ(this->cron_job()->status().active_size(), 0);
  EXPECT_TRUE(this->cron_job()->status().has_lastsuccessfultime());
  loop_.run_for(1min);
  finish("c-29762520");
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
}

TEST_F(CronJobControllerTest, ForbidCatchesUpWhenTheRunBeforeEnds) {
  start();
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *");
  cron_job.mutable_spec()->set_concurrencypolicy("Forbid");
  put(cron_job);
  loop_.run_for(8min + 30s);  // 10:07
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
  finish("c-29762520");
  EXPECT_EQ(jobs(), (Strings{"c-29762520", "c-29762525"}));
  loop_.run_for(2min);
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(CronJobControllerTest, ForbidHoldsWhileNeitherCacheNorStatusShowsTheRun) {
  start();
  batchv1::CronJob cron_job = make_cron_job("* * * * *");
  cron_job.mutable_spec()->set_concurrencypolicy("Forbid");
  put(cron_job);
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (kind.kind == "Job" && (verb == "list" || verb == "watch")) return Error{.reason = Reason::kServiceUnavailable, .message = "away"};
    if (kind.kind == "CronJob" && verb == "update") return Error{.reason = Reason::kServiceUnavailable, .message = "away"};
    return std::nullopt;
  });
  client_.expire_watches();
  loop_.run_for(5min);
  EXPECT_EQ(jobs(), (Strings{"c-29762519"}));
  client_.set_failures(nullptr);
  loop_.run_for(3min);
  EXPECT_EQ(jobs(), (Strings{"c-29762519"}));
}

TEST_F(CronJobControllerTest, ListsNoRunThatHadEndedWhenItWasFound) {
  start();
  put(make_cron_job("@every 20s"));
  loop_.run_for(45s);  // 09:59:15
  ASSERT_EQ(jobs(), (Strings{"c-29762518", "c-29762519"}));
  for (const std::string& name : jobs()) finish(name);
  loop_.run_for(20s);  // the run of 09:59:30 finds the Job of its minute
  EXPECT_EQ(cron_job()->status().active_size(), 0);
  EXPECT_EQ(from_time(cron_job()->status().lastscheduletime()), WallTime(29762519min + 30s));
}

TEST_F(CronJobControllerTest, ReplaceDeletesTheRunBefore) {
  start();
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *");
  cron_job.mutable_spec()->set_concurrencypolicy("Replace");
  put(cron_job);
  loop_.run_for(6min + 30s);
  EXPECT_EQ(jobs(), (Strings{"c-29762525"}));
  EXPECT_EQ(this->cron_job()->status().active_size(), 1);
}

TEST_F(CronJobControllerTest, AbsorbsACrashBetweenTheJobAndTheStatus) {
  start();
  put(make_cron_job("0 * * * *"));
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "update" && kind.kind == "CronJob") return Error{.reason = Reason::kServiceUnavailable, .message = "crashed"};
    return std::nullopt;
  });
  loop_.run_for(91s);
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_EQ(cron_job()->status().active_size(), 0);
  client_.set_failures(nullptr);
  controllers_.reset();
  start();
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_EQ(cron_job()->status().active_size(), 1);
  EXPECT_TRUE(cron_job()->status().has_lastscheduletime());
}

TEST_F(CronJobControllerTest, LeavesAJobOfThatNameToItsOwner) {
  start();
  batchv1::Job taken;
  taken.mutable_metadata()->set_namespace_("ns");
  taken.mutable_metadata()->set_name("c-29762520");
  client_.put(taken);
  put(make_cron_job("0 * * * *"));
  loop_.run_for(2min);
  EXPECT_EQ(cron_job()->status().active_size(), 0);
  EXPECT_FALSE(cron_job()->status().has_lastscheduletime());
}

TEST_F(CronJobControllerTest, RetriesARefusedRunUnderItsOriginalName) {
  start();
  put(make_cron_job("0 * * * *"));
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "create" && kind.kind == "Job") return Error{.reason = Reason::kForbidden, .message = "exceeded quota"};
    return std::nullopt;
  });
  loop_.run_for(3min);
  EXPECT_FALSE(cron_job()->status().has_lastscheduletime());
  client_.set_failures(nullptr);
  loop_.run_for(10min);
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
}

TEST_F(CronJobControllerTest, CountsAChangedScheduleFromNowOn) {
  start();
  put(make_cron_job("0 * * * *"));
  loop_.run_for(90s + 20min + 30s);  // 10:20:30
  batchv1::CronJob changed = *cron_job();
  changed.mutable_spec()->set_schedule("*/1 * * * *");
  put(changed);
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
  loop_.run_for(30s);
  EXPECT_EQ(jobs(), (Strings{"c-29762520", "c-29762541"}));
}

TEST_F(CronJobControllerTest, ReplaceWaitsWhileTheRunBeforeCannotBeRead) {
  start();
  batchv1::CronJob cron_job = make_cron_job("*/5 * * * *");
  cron_job.mutable_spec()->set_concurrencypolicy("Replace");
  put(cron_job);
  loop_.run_for(2min);
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "get" && kind.kind == "Job") return Error{.reason = Reason::kInternalError, .message = "broken"};
    return std::nullopt;
  });
  loop_.run_for(5min);
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
  EXPECT_EQ(std::ranges::count(event_reasons(), "FailedGet"), 1);
  client_.set_failures(nullptr);
  loop_.run_for(5min);
  EXPECT_EQ(this->cron_job()->status().active_size(), 1);
  EXPECT_EQ(std::ranges::count(jobs(), "c-29762520"), 0);
}

TEST_F(CronJobControllerTest, AHistoryOfNoneKeepsTheTimeOfTheSuccessOnly) {
  start();
  batchv1::CronJob cron_job = make_cron_job("0 * * * *");
  cron_job.mutable_spec()->set_successfuljobshistorylimit(0);
  put(cron_job);
  loop_.run_for(2min);
  finish("c-29762520");
  EXPECT_TRUE(jobs().empty());
  EXPECT_TRUE(this->cron_job()->status().has_lastsuccessfultime());
  EXPECT_EQ(this->cron_job()->status().active_size(), 0);
}

TEST_F(CronJobControllerTest, TellsNobodyThatTheNamespaceGoesAway) {
  start();
  put(make_cron_job("0 * * * *"));
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb != "create" || kind.kind != "Job") return std::nullopt;
    return Error{.reason = Reason::kForbidden, .message = "no", .causes = {{"NamespaceTerminating", "", ""}}};
  });
  loop_.run_for(3min);
  EXPECT_TRUE(jobs().empty());
  EXPECT_TRUE(event_reasons().empty());
}

TEST_F(CronJobControllerTest, AfterALongSleepTheNewestRunStartsSoon) {
  start();
  put(make_cron_job("0 * * * *"));
  loop_.jump_wall_clock(24h);
  loop_.run_for(31s);  // 09:59:01 a day later
  EXPECT_EQ(jobs(), (Strings{"c-29763900"}));
  loop_.run_for(1min);
  EXPECT_EQ(jobs(), (Strings{"c-29763900", "c-29763960"}));
}

TEST_F(CronJobControllerTest, AClockThatGoesBackStartsNothingTwice) {
  start();
  put(make_cron_job("0 * * * *"));
  loop_.run_for(2min);  // 10:00:30
  loop_.jump_wall_clock(-30min);
  loop_.run_for(59min);  // 10:29:30
  EXPECT_EQ(jobs(), (Strings{"c-29762520"}));
  loop_.run_for(31min);  // 11:00:30
  EXPECT_EQ(jobs(), (Strings{"c-29762520", "c-29762580"}));
}

TEST_F(CronJobControllerTest, WhatWasDownStartsTheNewestMissedRunOnly) {
  start();
  put(make_cron_job("0 * * * *"));
  loop_.run_for(2min);
  finish("c-29762520");
  controllers_.reset();
  loop_.run_for(3h + 30min);  // 13:30:30
  start();
  EXPECT_EQ(jobs(), (Strings{"c-29762520", "c-29762700"}));
}

TEST_F(CronJobControllerTest, TtlDeletesAFinishedJobWhenItIsOver) {
  start();
  batchv1::Job job;
  job.mutable_metadata()->set_namespace_("ns");
  job.mutable_metadata()->set_name("once");
  job.mutable_spec()->set_ttlsecondsafterfinished(30);
  client_.put(job);
  loop_.run_for(1h);
  finish("once");
  loop_.run_for(20s);
  batchv1::Job longer = *client_.find<batchv1::Job>("ns", "once");
  longer.mutable_spec()->set_ttlsecondsafterfinished(60);
  client_.put(longer);
  loop_.run_for(39s);
  const auto waiting = client_.find<batchv1::Job>("ns", "once");
  ASSERT_NE(waiting, nullptr);
  EXPECT_FALSE(is_deleting(*waiting));
  loop_.run_for(1s);
  const auto expired = client_.find<batchv1::Job>("ns", "once");
  EXPECT_TRUE(expired == nullptr || is_deleting(*expired));
}

}  // namespace
}  // namespace stint
