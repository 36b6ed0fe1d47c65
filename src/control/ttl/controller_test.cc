#include "control/ttl/controller.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "control/controllers.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 8 / 3)) + 10h;
constexpr ControllerRow kRows[] = {{"ttl-after-finished", make_controller<TtlController>}};

// A Job that completed just now.
batchv1::Job finished_job() {
  batchv1::Job job;
  job.mutable_metadata()->set_name("j");
  job.mutable_metadata()->set_namespace_("ns");
  job.mutable_metadata()->set_uid("job-uid");
  auto& complete = *job.mutable_status()->add_conditions();
  complete.set_type("Complete");
  complete.set_status("True");
  *complete.mutable_lasttransitiontime() = to_time(kNow);
  return job;
}

class TtlControllerTest : public testing::Test {
 protected:
  void put(batchv1::Job job) {
    client_.put(std::move(job));
    loop_.run_ready();
  }
  void put_with_ttl(int seconds) {
    batchv1::Job job = finished_job();
    job.mutable_spec()->set_ttlsecondsafterfinished(seconds);
    put(std::move(job));
  }
  // Foreground deletion leaves the Job, marked, to the garbage collector.
  bool deletes() const {
    const auto job = client_.find<batchv1::Job>("ns", "j");
    return job == nullptr || is_deleting(*job);
  }

  SimLoop loop_{kNow};
  FakeClient client_{loop_};
  Metrics metrics_;
  ControllerSet controllers_{loop_, client_, ControllerOptions{.metrics = &metrics_}, kRows};

  void SetUp() override {
    controllers_.start();
    loop_.run_ready();
  }
};

TEST_F(TtlControllerTest, ATtlOfZeroDeletesAtOnceInTheForegroundAndOnlyThisJob) {
  put_with_ttl(0);
  ASSERT_TRUE(deletes());
  const auto job = client_.find<batchv1::Job>("ns", "j");
  ASSERT_NE(job, nullptr);
  EXPECT_EQ(job->metadata().finalizers(0), "foregroundDeletion");
}

TEST_F(TtlControllerTest, ATtlThatIsRaisedPostponesTheEnd) {
  put_with_ttl(10);
  loop_.run_for(5s);
  put_with_ttl(60);
  loop_.run_for(54s);
  EXPECT_FALSE(deletes());
  loop_.run_for(1s);
  EXPECT_TRUE(deletes());
}

TEST_F(TtlControllerTest, ATtlThatIsTakenAwayKeepsTheJob) {
  put_with_ttl(10);
  loop_.run_for(5s);
  put(finished_job());
  loop_.run_for(1h);
  EXPECT_FALSE(deletes());
}

TEST_F(TtlControllerTest, ATtlGivenToAJobThatEndedLongAgoDeletesItAtOnce) {
  put(finished_job());
  loop_.run_for(1h);
  EXPECT_FALSE(deletes());
  put_with_ttl(60);
  EXPECT_TRUE(deletes());
}

TEST_F(TtlControllerTest, AJobThatAnotherControllerRanGoesToo) {
  batchv1::Job job = finished_job();
  job.mutable_spec()->set_managedby("example.com/x");
  job.mutable_spec()->set_ttlsecondsafterfinished(5);
  put(std::move(job));
  loop_.run_for(5s);
  EXPECT_TRUE(deletes());
}

TEST_F(TtlControllerTest, TellsHowLateItDeleted) {
  put(finished_job());
  loop_.run_for(70s);
  put_with_ttl(60);
  const std::string text = metrics_.text();
  EXPECT_NE(text.find("ttl_after_finished_controller_job_deletion_duration_seconds_sum 10\n"), std::string::npos) << text;
  EXPECT_NE(text.find("ttl_after_finished_controller_job_deletion_duration_seconds_count 1\n"), std::string::npos);
}

}  // namespace
}  // namespace stint
