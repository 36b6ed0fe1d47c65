#include "sched/preemption.h"

#include <gtest/gtest.h>

#include "sched/plan.h"

namespace stint {
namespace {

std::shared_ptr<corev1::Node> make_node(const std::string& name, const std::string& cpu) {
  auto node = std::make_shared<corev1::Node>();
  node->mutable_metadata()->set_name(name);
  (*node->mutable_status()->mutable_allocatable())["cpu"].set_string(cpu);
  (*node->mutable_status()->mutable_allocatable())["pods"].set_string("10");
  return node;
}

std::shared_ptr<corev1::Pod> make_pod(const std::string& name, int priority, const std::string& cpu, const std::string& node = "") {
  auto pod = std::make_shared<corev1::Pod>();
  pod->mutable_metadata()->set_name(name);
  pod->mutable_metadata()->set_uid(name);
  (*pod->mutable_metadata()->mutable_labels())["app"] = name;
  pod->mutable_spec()->set_priority(priority);
  pod->mutable_spec()->set_nodename(node);
  (*pod->mutable_spec()->add_containers()->mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  return pod;
}

std::shared_ptr<policyv1::PodDisruptionBudget> make_budget(const std::string& app) {
  auto budget = std::make_shared<policyv1::PodDisruptionBudget>();
  (*budget->mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = app;
  return budget;
}

// "a,b on n", or what is said of the pod.
std::string outcome(const SchedulePlan& plan) {
  if (plan.preemptions.empty()) return plan.unschedulable.empty() ? "fits" : plan.unschedulable[0].message;
  std::string text;
  for (const auto& victim : plan.preemptions[0].victims) text += (text.empty() ? "" : ",") + victim->metadata().name();
  return text + " on " + plan.preemptions[0].node;
}

TEST(Preemption, TakesTheFewestOfLowerPriority) {
  const Snapshot snapshot{.nodes = {make_node("n", "4")},
                          .bound = {make_pod("low", 1, "2", "n"), make_pod("lower", 0, "1", "n"), make_pod("equal", 10, "1", "n")},
                          .waiting = {make_pod("p", 10, "1")}};
  const SchedulePlan plan = plan_schedule(snapshot);
  EXPECT_EQ(outcome(plan), "lower on n");
  EXPECT_EQ(plan.unschedulable[0].message, "0/1 nodes are available: 1 Insufficient cpu.");
  EXPECT_EQ(plan.unschedulable[0].nominated, "n");
}

TEST(Preemption, HappensWhereItHurtsLeast) {
  const auto n = make_node("n", "1"), m = make_node("m", "1");
  EXPECT_EQ(outcome(plan_schedule(
                {.nodes = {n, m}, .bound = {make_pod("a", 5, "1", "n"), make_pod("b", 3, "1", "m")}, .waiting = {make_pod("p", 10, "1")}})),
            "b on m");
  EXPECT_EQ(outcome(plan_schedule({.nodes = {n, m},
                                   .bound = {make_pod("a", 5, "1", "n"), make_pod("b", 3, "1", "m")},
                                   .waiting = {make_pod("p", 10, "1")},
                                   .budgets = {make_budget("b")}})),
            "a on n")
      << "b's budget allows no disruption";
  EXPECT_EQ(outcome(plan_schedule({.nodes = {n, m},
                                   .bound = {make_pod("a", 5, "1", "n"), make_pod("b", 5, "500m", "m"), make_pod("c", 5, "500m", "m")},
                                   .waiting = {make_pod("p", 10, "1")}})),
            "a on n");
}

TEST(Preemption, SparesWhatABudgetProtectsIfOthersWillDo) {
  EXPECT_EQ(outcome(plan_schedule({.nodes = {make_node("n", "2")},
                                   .bound = {make_pod("kept", 1, "1", "n"), make_pod("gone", 5, "1", "n")},
                                   .waiting = {make_pod("p", 10, "1")},
                                   .budgets = {make_budget("kept")}})),
            "gone on n");
}

TEST(Preemption, HelpsNothingAgainstPodsOfItsOwnPriorityOrATooSmallNode) {
  EXPECT_EQ(
      outcome(plan_schedule({.nodes = {make_node("n", "1")}, .bound = {make_pod("a", 10, "1", "n")}, .waiting = {make_pod("p", 10, "1")}})),
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.");
  EXPECT_EQ(
      outcome(plan_schedule({.nodes = {make_node("n", "1")}, .bound = {make_pod("a", 1, "1", "n")}, .waiting = {make_pod("p", 10, "2")}})),
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.");
}

TEST(Preemption, IsNotForThePodThatDeclinesIt) {
  auto pod = make_pod("p", 10, "1");
  pod->mutable_spec()->set_preemptionpolicy("Never");
  EXPECT_EQ(outcome(plan_schedule({.nodes = {make_node("n", "1")}, .bound = {make_pod("a", 1, "1", "n")}, .waiting = {pod}})),
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
}

TEST(Preemption, WaitsForItsVictimsAndKeepsTheirRoomFromOthers) {
  auto victim = make_pod("a", 1, "1", "n");
  victim->mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  auto pod = make_pod("p", 10, "1");
  pod->mutable_status()->set_nominatednodename("n");
  Snapshot snapshot{.nodes = {make_node("n", "1")}, .bound = {victim}, .waiting = {pod, make_pod("low", 0, "1")}};
  const SchedulePlan waiting = plan_schedule(snapshot);
  EXPECT_TRUE(waiting.preemptions.empty());
  EXPECT_EQ(waiting.unschedulable[0].message,
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.");
  EXPECT_EQ(waiting.unschedulable[0].nominated, "n");
  snapshot.bound.clear();
  const SchedulePlan free = plan_schedule(snapshot);
  ASSERT_EQ(free.bindings.size(), 1u);
  EXPECT_EQ(free.bindings[0].pod->metadata().name(), "p");
}

}  // namespace
}  // namespace stint
