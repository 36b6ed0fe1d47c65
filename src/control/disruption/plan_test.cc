#include "control/disruption/plan.h"

#include <gtest/gtest.h>

#include "api/json.h"

namespace stint::disruption {
namespace {

template <class T>
T read(std::string_view yaml) {
  T object;
  EXPECT_TRUE(json::decode(json::parse_yaml(yaml).value(), object, nullptr));
  return object;
}

PodPtr pod(std::string name, bool ready) {
  auto made = std::make_shared<corev1::Pod>();
  made->mutable_metadata()->set_name(name);
  if (!ready) return made;
  corev1::PodCondition& condition = *made->mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status("True");
  return made;
}

WallTime at(int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

TEST(DisruptionPlan, AsManyMayGoAsAreReadyBeyondTheMinimum) {
  const auto budget = read<policyv1::PodDisruptionBudget>("{metadata: {name: b, generation: 3}, spec: {minAvailable: 1}}");
  const PodPtr pods[] = {pod("a", true), pod("b", true), pod("c", false)};
  const auto status = plan(budget, pods, at(100)).status;
  EXPECT_EQ(status.currenthealthy(), 2);
  EXPECT_EQ(status.expectedpods(), 3);
  EXPECT_EQ(status.disruptionsallowed(), 1);
  EXPECT_EQ(status.observedgeneration(), 3);
  EXPECT_EQ(status.conditions(0).reason(), "SufficientPods");
  EXPECT_TRUE(is_same(status, plan(budget, pods, at(200)).status));
}

TEST(DisruptionPlan, APodThatWasToldToGoDoesNotCountForAWhile) {
  const auto budget = read<policyv1::PodDisruptionBudget>(
      "{metadata: {name: b}, spec: {minAvailable: 1}, status: {disruptedPods: {a: '1970-01-01T00:01:40Z'}}}");
  const PodPtr pods[] = {pod("a", true), pod("b", true)};
  const Plan soon = plan(budget, pods, at(110));
  EXPECT_EQ(soon.status.disruptionsallowed(), 0);
  EXPECT_EQ(soon.look_again, std::chrono::seconds(110));
  const Plan late = plan(budget, pods, at(300));
  EXPECT_EQ(late.status.disruptionsallowed(), 1);
  EXPECT_TRUE(late.status.disruptedpods().empty());
}

TEST(DisruptionPlan, APartOfAJobCannotBeTold) {
  const auto budget = read<policyv1::PodDisruptionBudget>("{metadata: {name: b}, spec: {maxUnavailable: 50%}}");
  auto owned = std::make_shared<corev1::Pod>(*pod("a", true));
  metav1::OwnerReference& owner = *owned->mutable_metadata()->add_ownerreferences();
  owner.set_kind("Job");
  owner.set_controller(true);
  const PodPtr pods[] = {owned};
  const auto status = plan(budget, pods, at(100)).status;
  EXPECT_EQ(status.disruptionsallowed(), 0);
  EXPECT_EQ(status.conditions(0).reason(), "SyncFailed");
  EXPECT_EQ(status.conditions(0).message(), "jobs.batch does not implement the scale subresource");
}

}  // namespace
}  // namespace stint::disruption
