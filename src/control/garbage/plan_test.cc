#include "control/garbage/plan.h"

#include <gtest/gtest.h>

namespace stint::garbage {
namespace {

corev1::Pod pod_of(std::string_view owner, bool block = true) {
  corev1::Pod pod;
  auto* reference = pod.mutable_metadata()->add_ownerreferences();
  reference->set_uid(std::string(owner));
  reference->set_blockownerdeletion(block);
  return pod;
}

batchv1::Job deleting_job(std::string_view finalizer) {
  batchv1::Job job;
  job.mutable_metadata()->set_uid("job");
  job.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  if (!finalizer.empty()) job.mutable_metadata()->add_finalizers(std::string(finalizer));
  return job;
}

const Object kSomebody[] = {std::make_shared<corev1::Pod>()};

TEST(GarbagePlan, LeavesAloneWhatHasNoOwner) { EXPECT_EQ(plan_dependent(corev1::Pod(), {}, {}).action, Plan::Action::kNone); }

TEST(GarbagePlan, KeepsWhatOneLivingOwnerHoldsAndDropsTheDead) {
  const Owner owners[] = {{"a", OwnerState::kSolid}, {"b", OwnerState::kDangling}, {"c", OwnerState::kWaiting}};
  const Plan plan = plan_dependent(corev1::Pod(), owners, {});
  EXPECT_EQ(plan.action, Plan::Action::kDropOwners);
  EXPECT_EQ(plan.uids, (std::vector<std::string>{"b", "c"}));
}

TEST(GarbagePlan, DeletesWhatHasOnlyDeadOwners) {
  const Owner owners[] = {{"a", OwnerState::kDangling}};
  const Plan plan = plan_dependent(corev1::Pod(), owners, kSomebody);
  EXPECT_EQ(plan.action, Plan::Action::kDelete);
  EXPECT_EQ(plan.propagation, Propagation::kBackground);
}

TEST(GarbagePlan, PassesForegroundDeletionOnToWhoHasDependents) {
  const Owner owners[] = {{"a", OwnerState::kWaiting}};
  EXPECT_EQ(plan_dependent(corev1::Pod(), owners, kSomebody).propagation, Propagation::kForeground);
  EXPECT_EQ(plan_dependent(corev1::Pod(), owners, {}).propagation, Propagation::kBackground);
}

TEST(GarbagePlan, ACircleOfOwnersIsCutWhereItCloses) {
  const Owner owners[] = {{"a", OwnerState::kWaiting}};
  EXPECT_FALSE(plan_dependent(corev1::Pod(), owners, kSomebody).unblock);
  const Object waiting[] = {std::make_shared<batchv1::Job>(deleting_job(kForegroundFinalizer))};
  const Plan plan = plan_dependent(corev1::Pod(), owners, waiting);
  EXPECT_EQ(plan.propagation, Propagation::kForeground);
  EXPECT_TRUE(plan.unblock);
}

TEST(GarbagePlan, ForegroundWaitsForBlockingDependentsOnly) {
  const batchv1::Job job = deleting_job(kForegroundFinalizer);
  const Object blocking[] = {std::make_shared<corev1::Pod>(pod_of("job"))};
  EXPECT_EQ(plan_owner(job, blocking).action, Plan::Action::kDeleteDependents);
  const Object loose[] = {std::make_shared<corev1::Pod>(pod_of("job", false))};
  EXPECT_EQ(plan_owner(job, loose).action, Plan::Action::kFinish);
}

TEST(GarbagePlan, OrphanReleasesTheDependentsFirst) {
  const batchv1::Job job = deleting_job(kOrphanFinalizer);
  const Object dependents[] = {std::make_shared<corev1::Pod>(pod_of("job"))};
  EXPECT_EQ(plan_owner(job, dependents).action, Plan::Action::kRelease);
  EXPECT_EQ(plan_owner(job, {}).finalizer, kOrphanFinalizer);
}

TEST(GarbagePlan, BackgroundDeletionNeedsNothingOfTheOwner) { EXPECT_EQ(plan_owner(deleting_job(""), {}).action, Plan::Action::kNone); }

}  // namespace
}  // namespace stint::garbage
