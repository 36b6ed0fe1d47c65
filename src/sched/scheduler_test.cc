#include "sched/scheduler.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() : loop(WallTime{1000h}), client(loop), scheduler(loop, client) {
    scheduler.start();
    loop.run_ready();
  }
  void put_node(const std::string& cpu) {
    corev1::Node node;
    node.mutable_metadata()->set_name("n");
    (*node.mutable_status()->mutable_allocatable())["cpu"].set_string(cpu);
    (*node.mutable_status()->mutable_allocatable())["pods"].set_string("100");
    client.put(node);
  }
  void put_pod(const std::string& name, const std::string& cpu) {
    corev1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(name);
    auto& container = *pod.mutable_spec()->add_containers();
    (*container.mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
    client.put(pod);
  }
  std::shared_ptr<const corev1::Pod> pod(const std::string& name) { return client.find<corev1::Pod>("default", name); }
  std::string node_of(const std::string& name) { return pod(name)->spec().nodename(); }

  SimLoop loop;
  FakeClient client;
  Scheduler scheduler;
};

TEST_F(SchedulerTest, BindsANewPodAtOnce) {
  put_node("2");
  put_pod("p", "1");
  loop.run_ready();
  EXPECT_EQ(node_of("p"), "n");
}

TEST_F(SchedulerTest, SaysWhyAndTriesAgainWhenANodeChangesOrAPodEnds) {
  put_pod("first", "1");
  put_pod("second", "1");
  loop.run_ready();
  EXPECT_EQ(node_of("first"), "");
  ASSERT_EQ(pod("first")->status().conditions_size(), 1);
  EXPECT_EQ(pod("first")->status().conditions(0).reason(), "Unschedulable");
  EXPECT_TRUE(std::ranges::any_of(client.all<corev1::Event>(), [](const auto& event) { return event->reason() == "FailedScheduling"; }));
  put_node("1");
  loop.run_ready();
  EXPECT_EQ(node_of("first"), "n");
  EXPECT_EQ(node_of("second"), "");
  corev1::Pod ended = *pod("first");
  ended.mutable_status()->set_phase("Succeeded");
  client.put(ended);
  loop.run_ready();
  EXPECT_EQ(node_of("second"), "n");
}

TEST_F(SchedulerTest, TriesABindingAgainAfterAnError) {
  put_node("2");
  int left = 1;
  client.set_failures([&left](std::string_view verb, const Kind&, std::string_view) -> std::optional<Error> {
    if (verb != "bind" || left == 0) return std::nullopt;
    --left;
    return Error{.reason = Reason::kServiceUnavailable, .message = "away"};
  });
  put_pod("p", "1");
  loop.run_ready();
  EXPECT_EQ(node_of("p"), "");
  loop.run_for(2s);
  EXPECT_EQ(node_of("p"), "n");
}

TEST_F(SchedulerTest, PushesALowerPodOffAndTakesItsPlace) {
  put_node("1");
  put_pod("low", "1");
  loop.run_ready();
  corev1::Pod high = *pod("low");
  high.mutable_metadata()->set_name("high");
  high.mutable_metadata()->clear_uid();
  high.mutable_metadata()->add_finalizers("test/keep");
  high.mutable_spec()->clear_nodename();
  high.mutable_spec()->set_priority(10);
  corev1::Pod low = *pod("low");
  low.mutable_metadata()->add_finalizers("test/keep");
  client.put(low);
  client.put(high);
  loop.run_ready();
  const auto victim = pod("low");
  EXPECT_TRUE(is_deleting(*victim));
  EXPECT_TRUE(std::ranges::any_of(victim->status().conditions(), [](const auto& condition) {
    return condition.type() == "DisruptionTarget" && condition.status() == "True" && condition.reason() == "PreemptionByScheduler";
  }));
  EXPECT_EQ(node_of("high"), "");
  EXPECT_EQ(pod("high")->status().nominatednodename(), "n");
  corev1::Pod ended = *victim;
  ended.mutable_status()->set_phase("Failed");
  client.put(ended);
  loop.run_ready();
  EXPECT_EQ(node_of("high"), "n");
  int preempted = 0;
  for (const auto& event : client.all<corev1::Event>()) preempted += event->reason() == "Preempted" ? event->count() : 0;
  EXPECT_EQ(preempted, 1);
}

TEST_F(SchedulerTest, DoesNotOverfillANodeWithManyAtOnce) {
  put_node("10");
  for (int i = 0; i < 40; ++i) put_pod("p" + std::to_string(i), "1");
  loop.run_ready();
  int bound = 0;
  for (const auto& each : client.all<corev1::Pod>()) bound += each->spec().nodename().empty() ? 0 : 1;
  EXPECT_EQ(bound, 10);
}

TEST_F(SchedulerTest, APodWaitsForANodeWithItsLabelsAndForItsLastGate) {
  put_node("2");
  put_pod("chosen", "1");
  corev1::Pod chosen = *pod("chosen");
  chosen.mutable_spec()->clear_nodename();
  (*chosen.mutable_spec()->mutable_nodeselector())["disk"] = "fast";
  client.put(chosen);
  corev1::Pod gated = chosen;
  gated.mutable_metadata()->set_name("gated");
  gated.mutable_metadata()->clear_uid();
  gated.mutable_spec()->clear_nodeselector();
  gated.mutable_spec()->add_schedulinggates()->set_name("example.com/gate");
  client.put(gated);
  loop.run_ready();
  EXPECT_EQ(node_of("chosen"), "");
  EXPECT_EQ(node_of("gated"), "");
  corev1::Node node = *client.find<corev1::Node>("", "n");
  (*node.mutable_metadata()->mutable_labels())["disk"] = "fast";
  client.put(node);
  gated = *pod("gated");
  gated.mutable_spec()->clear_schedulinggates();
  client.put(gated);
  loop.run_ready();
  EXPECT_EQ(node_of("chosen"), "n");
  EXPECT_EQ(node_of("gated"), "n");
}

}  // namespace
}  // namespace stint
