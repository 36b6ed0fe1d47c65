#include "control/job/back_off.h"

#include <gtest/gtest.h>

#include "control/job/test_objects.h"

namespace stint::job {
namespace {

using namespace test;

Pods pods(std::vector<corev1::Pod> list) {
  Pods shared;
  for (corev1::Pod& pod : list) shared.push_back(std::make_shared<corev1::Pod>(std::move(pod)));
  return shared;
}

TEST(BackOff, DoublesFromTenSecondsToTenMinutes) {
  BackOffRecord record;
  std::vector<int64_t> delays;
  for (int i = 0; i < 8; ++i) {
    record = record.after({}, pods({end_pod(make_pod("a", ""), 1)}));
    delays.push_back(record.remaining(kNow) / 1s);
  }
  EXPECT_EQ(delays, (std::vector<int64_t>{10, 20, 40, 80, 160, 320, 600, 600}));
}

TEST(BackOff, CountsPodsThatFailTogether) {
  const BackOffRecord record =
      BackOffRecord{}.after({}, pods({end_pod(make_pod("a", ""), 1), end_pod(make_pod("b", ""), 1), end_pod(make_pod("c", ""), 1)}));
  EXPECT_EQ(record.remaining(kNow), 40s);
}

TEST(BackOff, RunsFromTheLastFailure) {
  const BackOffRecord record = BackOffRecord{}.after({}, pods({end_pod(make_pod("a", ""), 1, 4s)}));
  EXPECT_EQ(record.remaining(kNow), 6s);
  EXPECT_EQ(record.remaining(kNow + 1min), 0s);
}

TEST(BackOff, StartsAnewAfterASuccess) {
  const BackOffRecord old{.failures = 5, .last_failure = kNow - 10s};
  EXPECT_EQ(old.after(pods({end_pod(make_pod("a", ""), 0)}), {}).remaining(kNow), 0s);
  const BackOffRecord mixed =
      old.after(pods({end_pod(make_pod("a", ""), 0, 5s)}), pods({end_pod(make_pod("b", ""), 1, 6s), end_pod(make_pod("c", ""), 1, 1s)}));
  EXPECT_EQ(mixed.failures, 1) << "only the failure after the success";
}

TEST(FinishTime, FallsBackFromContainersToReadyToDeletionToCreation) {
  corev1::Pod pod = make_pod("a", "Failed");
  EXPECT_EQ(finish_time(pod), kNow - 1min);
  pod = being_deleted(pod);
  pod.mutable_metadata()->set_deletiongraceperiodseconds(30);
  EXPECT_EQ(finish_time(pod), kNow - 30s);
  auto& ready = *pod.mutable_status()->add_conditions();
  ready.set_type("Ready");
  ready.set_status("False");
  *ready.mutable_lasttransitiontime() = to_time(kNow - 20s);
  EXPECT_EQ(finish_time(pod), kNow - 20s);
  EXPECT_EQ(finish_time(end_pod(pod, 1, 7s)), kNow - 7s);
}

}  // namespace
}  // namespace stint::job
