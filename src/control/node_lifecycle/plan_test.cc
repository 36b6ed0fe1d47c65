#include "control/node_lifecycle/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint::node_lifecycle {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr WallTime kNow{1'800'000'000s};

std::shared_ptr<corev1::Node> node(const std::string& ready) {
  auto made = std::make_shared<corev1::Node>();
  if (ready.empty()) return made;
  auto& condition = *made->mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status(ready);
  return made;
}

std::vector<std::string> texts(const std::optional<std::vector<corev1::Taint>>& taints) {
  std::vector<std::string> texts;
  for (const auto& taint : taints.value_or(std::vector<corev1::Taint>{})) texts.push_back(taint.key() + ":" + taint.effect());
  return texts;
}

TEST(NodeLifecyclePlan, WhatANodeDoesNotTellAnyMoreIsNotKnown) {
  const auto status = given_up(*node("True"), kNow);
  ASSERT_TRUE(status);
  ASSERT_EQ(status->conditions_size(), 4);
  EXPECT_EQ(status->conditions(0).status() + "/" + status->conditions(0).reason(), "Unknown/NodeStatusUnknown");
  EXPECT_EQ(status->conditions(1).type() + "/" + status->conditions(1).reason(), "MemoryPressure/NodeStatusNeverUpdated");
  corev1::Node gone = *node("True");
  *gone.mutable_status() = *status;
  EXPECT_FALSE(given_up(gone, kNow));
}

TEST(NodeLifecyclePlan, TaintsFollowTheConditionsAndLeaveForeignOnesAlone) {
  auto lost = node("Unknown");
  auto& foreign = *lost->mutable_spec()->add_taints();
  foreign.set_key("k");
  foreign.set_effect("NoExecute");
  lost->mutable_spec()->set_unschedulable(true);
  const auto first = taints(*lost, false, kNow);
  EXPECT_THAT(texts(first),
              ElementsAre("k:NoExecute", "node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unschedulable:NoSchedule"));
  const auto driven = taints(*lost, true, kNow);
  EXPECT_EQ(driven->back().key() + ":" + driven->back().effect(), "node.kubernetes.io/unreachable:NoExecute");
  lost->mutable_spec()->mutable_taints()->Assign(driven->begin(), driven->end());
  EXPECT_FALSE(taints(*lost, true, kNow));
  EXPECT_TRUE(drives_off(*lost));
  lost->mutable_status()->mutable_conditions(0)->set_status("True");
  lost->mutable_spec()->set_unschedulable(false);
  EXPECT_THAT(texts(taints(*lost, true, kNow)), ElementsAre("k:NoExecute"));
}

TEST(NodeLifecyclePlan, NobodyIsDrivenOffWhereNoNodeIsReadyOrManyAtOnceAreNot) {
  using Nodes = std::vector<std::shared_ptr<const corev1::Node>>;
  const auto up = node("True"), down = node("Unknown"), silent = node("");
  EXPECT_EQ(eviction(Nodes{up, down}), Eviction::kNormal);
  EXPECT_EQ(eviction(Nodes{down, silent}), Eviction::kNowhere);
  EXPECT_EQ(eviction(Nodes{up, up, down, down, down}), Eviction::kHalted);
  EXPECT_EQ(eviction(Nodes{up, up, up, down, down, down}), Eviction::kNormal);
}

}  // namespace
}  // namespace stint::node_lifecycle
