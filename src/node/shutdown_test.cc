#include "node/shutdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/conditions.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;

TEST(Shutdown, CriticalPodsAreOfALaterGroup) {
  const auto groups = shutdown_groups({.total = 30s, .critical = 10s});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].grace, 20s);
  EXPECT_EQ(groups[1].grace, 10s);
  for (const int64_t low : {int64_t{-5}, int64_t{0}, kSystemCriticalPriority - 1}) EXPECT_EQ(shutdown_group_of(low, groups), 0u) << low;
  for (const int64_t high : {kSystemCriticalPriority, kSystemCriticalPriority + 1000})
    EXPECT_EQ(shutdown_group_of(high, groups), 1u) << high;
}

class NodeShutdown : public testing::Test, public NodeFixture {
 protected:
  NodeShutdown() : scope(loop) {
    runtime->set_behaviour([](const ContainerConfig& config) {
      return FakeOutcome{.runs_for_ever = true, .ignores_term = config.id.find("deaf") != std::string::npos};
    });
  }
  void put(const std::string& name, int64_t grace_seconds, int priority = 0) {
    auto pod = make_pod(name);
    pod.mutable_metadata()->set_uid(name);
    pod.mutable_spec()->set_terminationgraceperiodseconds(grace_seconds);
    pod.mutable_spec()->set_priority(priority);
    client.put(pod);
    loop.run_for(1s);
  }
  void shut_down(ShutdownGrace grace) { scope.spawn(wait_for_it(grace)); }
  Task<void> wait_for_it(ShutdownGrace grace) {
    co_await agent->shut_down(grace);
    over = true;
  }
  Scope scope;
  bool over = false;
};

TEST_F(NodeShutdown, EndsPodsAsDisruptedAndSaysThatTheNodeIsNotReady) {
  put("p", 30);
  shut_down({.total = 30s});
  loop.run_for(1s);
  EXPECT_TRUE(over);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(pod("p")->status().reason(), "Terminated");
  EXPECT_EQ(pod("p")->status().message(), "Pod was terminated in response to imminent node shutdown.");
  const auto* disrupted = find_condition(pod("p")->status(), "DisruptionTarget");
  ASSERT_NE(disrupted, nullptr);
  EXPECT_EQ(disrupted->reason(), "TerminationByKubelet");
  EXPECT_TRUE(runtime->list_sandboxes().empty());
  const auto node = client.find<corev1::Node>("", "n1");
  const auto& ready = *std::ranges::find(node->status().conditions(), "Ready", [](const auto& each) { return each.type(); });
  EXPECT_EQ(ready.status(), "False");
  EXPECT_EQ(ready.message(), "node is shutting down");
}

TEST_F(NodeShutdown, GivesEachPodItsOwnGraceOrTheGroupsIfThatIsShorter) {
  put("deaf-long", 300);
  put("deaf-short", 5);
  shut_down({.total = 20s});
  loop.run_for(6s);
  EXPECT_EQ(phase("deaf-short"), "Failed");
  EXPECT_EQ(phase("deaf-long"), "Running");
  loop.run_for(13s);
  EXPECT_EQ(phase("deaf-long"), "Running");
  EXPECT_FALSE(over);
  loop.run_for(2s);
  EXPECT_EQ(phase("deaf-long"), "Failed");
  EXPECT_TRUE(over);
}

TEST_F(NodeShutdown, LetsCriticalPodsGoOnUntilTheOthersAreGone) {
  put("deaf", 10);
  put("critical", 10, static_cast<int>(kSystemCriticalPriority));
  shut_down({.total = 30s, .critical = 10s});
  loop.run_for(9s);
  EXPECT_EQ(phase("critical"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("deaf"), "Failed");
  EXPECT_EQ(phase("critical"), "Failed");
  EXPECT_TRUE(over);
}

TEST_F(NodeShutdown, ShortensTheTimeOfAPodThatIsBeingDeleted) {
  put("deaf", 300);
  auto deleted = *pod("deaf");
  *deleted.mutable_metadata()->mutable_deletiontimestamp() = to_time(loop.now() + 300s);
  deleted.mutable_metadata()->set_deletiongraceperiodseconds(300);
  client.put(deleted);
  loop.run_for(1s);
  shut_down({.total = 10s});
  loop.run_for(11s);
  EXPECT_TRUE(over);
  EXPECT_EQ(phase("deaf"), "gone");
}

TEST_F(NodeShutdown, RefusesPodsThatCome) {
  shut_down({.total = 10s});
  put("late", 30);
  EXPECT_EQ(phase("late"), "Failed");
  EXPECT_EQ(pod("late")->status().reason(), "NodeShutdown");
  EXPECT_EQ(pod("late")->status().message(), "Pod was rejected: Pod was rejected as the node is shutting down.");
  EXPECT_THAT(reasons("late"), Contains("NodeShutdown"));
}

}  // namespace
}  // namespace stint
