#include "control/ttl/expiry.h"

#include <gtest/gtest.h>

#include "api/object.h"

namespace stint::ttl {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kFinished = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 8 / 3)) + 10h;

batchv1::Job make_job(const char* condition, int ttl) {
  batchv1::Job job;
  job.mutable_spec()->set_ttlsecondsafterfinished(ttl);
  auto& finished = *job.mutable_status()->add_conditions();
  finished.set_type(condition);
  finished.set_status("True");
  *finished.mutable_lasttransitiontime() = to_time(kFinished);
  return job;
}

TEST(TtlExpiry, RunsFromTheEndWhetherCompleteOrFailed) {
  EXPECT_EQ(find_expiry(make_job("Complete", 30)).value(), kFinished + 30s);
  EXPECT_EQ(find_expiry(make_job("Failed", 0)).value(), kFinished);
}

TEST(TtlExpiry, IsNeverForARunningJobOrOneWithoutTtlOrOneBeingDeleted) {
  EXPECT_EQ(find_expiry(make_job("Suspended", 0)).value(), std::nullopt);
  batchv1::Job job = make_job("Complete", 0);
  job.mutable_spec()->clear_ttlsecondsafterfinished();
  EXPECT_EQ(find_expiry(job).value(), std::nullopt);
  job = make_job("Complete", 0);
  *job.mutable_metadata()->mutable_deletiontimestamp() = to_time(kFinished);
  EXPECT_EQ(find_expiry(job).value(), std::nullopt);
}

TEST(TtlExpiry, IsAnErrorWhenTheConditionHasNoTime) {
  batchv1::Job job = make_job("Complete", 0);
  job.mutable_status()->mutable_conditions(0)->clear_lasttransitiontime();
  EXPECT_FALSE(find_expiry(job).has_value());
}

}  // namespace
}  // namespace stint::ttl
