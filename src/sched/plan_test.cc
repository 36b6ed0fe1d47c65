#include "sched/plan.h"

#include <gtest/gtest.h>

#include "sched/filters.h"

namespace stint {
namespace {

std::shared_ptr<corev1::Node> make_node(const std::string& name, const std::string& cpu = "2", const std::string& pods = "10") {
  auto node = std::make_shared<corev1::Node>();
  node->mutable_metadata()->set_name(name);
  (*node->mutable_metadata()->mutable_labels())["kubernetes.io/hostname"] = name;
  (*node->mutable_status()->mutable_allocatable())["cpu"].set_string(cpu);
  (*node->mutable_status()->mutable_allocatable())["memory"].set_string("1Gi");
  (*node->mutable_status()->mutable_allocatable())["pods"].set_string(pods);
  return node;
}

std::shared_ptr<corev1::Pod> make_pod(const std::string& name, const std::string& cpu = "") {
  auto pod = std::make_shared<corev1::Pod>();
  pod->mutable_metadata()->set_name(name);
  auto& container = *pod->mutable_spec()->add_containers();
  if (!cpu.empty()) (*container.mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  return pod;
}

std::string sole_reason(const SchedulePlan& plan) { return plan.unschedulable.empty() ? "fits" : plan.unschedulable[0].message; }

constexpr const char* kHopeless = " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
constexpr const char* kNoVictims = " preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";

TEST(SchedulePlan, PlacesWhatFitsAndCountsEachPlacement) {
  const auto plan = plan_schedule({.nodes = {make_node("n")}, .waiting = {make_pod("a", "1500m"), make_pod("b", "1500m")}});
  ASSERT_EQ(plan.bindings.size(), 1u);
  EXPECT_EQ(plan.bindings[0].node, "n");
  EXPECT_EQ(sole_reason(plan), std::string("0/1 nodes are available: 1 Insufficient cpu.") + kNoVictims);
}

TEST(SchedulePlan, CountsBoundPodsAndPodSlots) {
  auto bound = make_pod("b");
  bound->mutable_spec()->set_nodename("n");
  const auto plan = plan_schedule({.nodes = {make_node("n", "2", "1")}, .bound = {bound}, .waiting = {make_pod("a")}});
  EXPECT_EQ(sole_reason(plan), std::string("0/1 nodes are available: 1 Too many pods.") + kNoVictims);
}

TEST(SchedulePlan, HighestPriorityGoesFirst) {
  auto low = make_pod("low", "2"), high = make_pod("high", "2");
  high->mutable_spec()->set_priority(10);
  const auto plan = plan_schedule({.nodes = {make_node("n")}, .waiting = {low, high}});
  ASSERT_EQ(plan.bindings.size(), 1u);
  EXPECT_EQ(plan.bindings[0].pod->metadata().name(), "high");
}

TEST(SchedulePlan, SpreadsOverNodesByLoad) {
  const auto plan = plan_schedule({.nodes = {make_node("n"), make_node("m")}, .waiting = {make_pod("a", "1"), make_pod("b", "1")}});
  ASSERT_EQ(plan.bindings.size(), 2u);
  EXPECT_NE(plan.bindings[0].node, plan.bindings[1].node);
}

TEST(SchedulePlan, KeepsToSelectorAndAffinity) {
  auto pod = make_pod("a");
  (*pod->mutable_spec()->mutable_nodeselector())["disk"] = "ssd";
  EXPECT_EQ(sole_reason(plan_schedule({.nodes = {make_node("n")}, .waiting = {pod}})),
            std::string("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.") + kHopeless);
  pod->mutable_spec()->clear_nodeselector();
  auto& term = *pod->mutable_spec()
                    ->mutable_affinity()
                    ->mutable_nodeaffinity()
                    ->mutable_requiredduringschedulingignoredduringexecution()
                    ->add_nodeselectorterms();
  auto& expression = *term.add_matchexpressions();
  expression.set_key("kubernetes.io/hostname");
  expression.set_operator_("In");
  expression.add_values("m");
  EXPECT_EQ(plan_schedule({.nodes = {make_node("n"), make_node("m")}, .waiting = {pod}}).bindings.at(0).node, "m");
}

TEST(SchedulePlan, ComparesLabelsAsWholeNumbers) {
  auto node = make_node("n"), vague = make_node("m");
  (*node->mutable_metadata()->mutable_labels())["disks"] = "5";
  (*vague->mutable_metadata()->mutable_labels())["disks"] = "5x";
  auto pod = make_pod("p");
  auto& required =
      *pod->mutable_spec()->mutable_affinity()->mutable_nodeaffinity()->mutable_requiredduringschedulingignoredduringexecution();
  auto& requirement = *required.add_nodeselectorterms()->add_matchexpressions();
  requirement.set_key("disks");
  requirement.set_operator_("Gt");
  requirement.add_values("4");
  EXPECT_FALSE(matches_node_affinity(pod->spec(), *vague));
  EXPECT_TRUE(matches_node_affinity(pod->spec(), *node));
}

TEST(SchedulePlan, KeepsOffTaintsThatAreNotTolerated) {
  auto node = make_node("n");
  auto& taint = *node->mutable_spec()->add_taints();
  taint.set_key("k");
  taint.set_value("v");
  taint.set_effect("NoSchedule");
  auto pod = make_pod("a");
  EXPECT_EQ(sole_reason(plan_schedule({.nodes = {node}, .waiting = {pod}})),
            std::string("0/1 nodes are available: 1 node(s) had untolerated taint(s).") + kHopeless);
  auto& toleration = *pod->mutable_spec()->add_tolerations();
  toleration.set_key("k");
  toleration.set_value("v");
  EXPECT_EQ(plan_schedule({.nodes = {node}, .waiting = {pod}}).bindings.size(), 1u);
  node->mutable_spec()->set_unschedulable(true);
  EXPECT_EQ(sole_reason(plan_schedule({.nodes = {node}, .waiting = {pod}})),
            std::string("0/1 nodes are available: 1 node(s) were unschedulable.") + kHopeless);
}

TEST(SchedulePlan, GivesAHostPortToOnePodOnly) {
  auto a = make_pod("a"), b = make_pod("b");
  for (auto& pod : {a, b}) pod->mutable_spec()->mutable_containers(0)->add_ports()->set_hostport(80);
  const auto plan = plan_schedule({.nodes = {make_node("n")}, .waiting = {a, b}});
  EXPECT_EQ(plan.bindings.size(), 1u);
  EXPECT_EQ(sole_reason(plan),
            std::string("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.") + kNoVictims);
}

TEST(SchedulePlan, SaysSoWhenThereIsNoNode) {
  EXPECT_EQ(sole_reason(plan_schedule({.waiting = {make_pod("a")}})), "no nodes available to schedule pods");
}

TEST(WantsScheduling, LeavesGatedDeletedAndForeignPodsAlone) {
  auto pod = make_pod("a");
  EXPECT_TRUE(wants_scheduling(*pod));
  pod->mutable_spec()->add_schedulinggates()->set_name("g");
  EXPECT_FALSE(wants_scheduling(*pod));
  pod->mutable_spec()->clear_schedulinggates();
  pod->mutable_spec()->set_schedulername("mine");
  EXPECT_FALSE(wants_scheduling(*pod));
}

}  // namespace
}  // namespace stint
