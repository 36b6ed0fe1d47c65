// Deletion, and a restart of the agent while pods run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/object.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;

class NodeStop : public testing::Test, public NodeFixture {
 protected:
  void run_for_ever(bool ignores_term = false) {
    runtime->set_behaviour([=](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .ignores_term = ignores_term}; });
  }
  void remove(const std::string& name, std::optional<int64_t> grace = std::nullopt) {
    Scope scope(loop);
    scope.spawn(remove_pod(client, name, grace));
    loop.run_ready();
  }
  static Task<void> remove_pod(Client& client, std::string name, std::optional<int64_t> grace) {
    auto removed = co_await client.remove(kind_of<corev1::Pod>(), "default", name, {.grace_period_seconds = grace});
    EXPECT_TRUE(removed) << removed.error().message;
  }
};

TEST_F(NodeStop, StopsADeletedPodAndRemovesItsObject) {
  run_for_ever();
  client.put(make_pod("p"));
  loop.run_for(1s);
  const std::string uid = pod("p")->metadata().uid();
  remove("p");
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "gone");
  EXPECT_TRUE(runtime->list_sandboxes().empty());
  EXPECT_FALSE(std::filesystem::exists(dir + "/data/pods/" + uid));
  EXPECT_FALSE(std::filesystem::exists(dir + "/logs/default_p_" + uid));
  EXPECT_THAT(reasons("p"), Contains("Killing"));
}

TEST_F(NodeStop, KillsWhenTheGracePeriodHasPassed) {
  run_for_ever(true);
  auto kept = make_pod("p");
  kept.mutable_metadata()->add_finalizers("batch.kubernetes.io/job-tracking");
  client.put(kept);
  loop.run_for(1s);
  remove("p");
  loop.run_for(29s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().terminated().exitcode(), 137);
}

TEST_F(NodeStop, AClockThatIsSetBackLengthensNoGracePeriodAndNoBackOff) {
  run_for_ever(true);
  client.put(make_pod("deaf"));
  loop.run_for(1s);
  remove("deaf");
  loop.run_for(5s);
  loop.jump_wall_clock(-1h);
  loop.run_for(26s);
  EXPECT_EQ(phase("deaf"), "gone");

  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.exit_code = 1}; });
  client.put(make_pod("again", "OnFailure"));
  loop.run_for(1s);
  EXPECT_EQ(container("again").restartcount(), 1);
  loop.jump_wall_clock(-1h);
  loop.run_for(10s);
  EXPECT_EQ(container("again").restartcount(), 2);
}

TEST_F(NodeStop, ASecondDeletionMayShortenTheGracePeriod) {
  run_for_ever(true);
  client.put(make_pod("p"));
  loop.run_for(1s);
  remove("p");
  loop.run_for(5s);
  remove("p", 6);
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "gone");
}

TEST_F(NodeStop, AForcedDeletionStillKillsTheContainers) {
  run_for_ever(true);
  client.put(make_pod("p"));
  loop.run_for(1s);
  remove("p", 0);
  EXPECT_EQ(phase("p"), "gone");
  EXPECT_EQ(runtime->list_containers().size(), 1u);
  loop.run_for(3s);
  EXPECT_TRUE(runtime->list_containers().empty());
  EXPECT_EQ(agent->workers(), 0u);
}

TEST_F(NodeStop, ADeletedPodThatExitsCleanlySucceeds) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .exit_code_on_term = 0}; });
  auto kept = make_pod("p");
  kept.mutable_metadata()->add_finalizers("batch.kubernetes.io/job-tracking");
  client.put(kept);
  loop.run_for(1s);
  remove("p");
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Succeeded");
}

TEST_F(NodeStop, WaitsForASleepHookBeforeTheSignal) {
  run_for_ever();
  auto slow = make_pod("p");
  slow.mutable_spec()->mutable_containers(0)->mutable_lifecycle()->mutable_prestop()->mutable_sleep()->set_seconds(20);
  client.put(slow);
  loop.run_for(1s);
  remove("p");
  loop.run_for(19s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "gone");
}

TEST_F(NodeStop, ADeletedPendingPodIsFailedBeforeItGoes) {
  images.fail_pulls(1000, "no such image");
  auto kept = make_pod("p");
  kept.mutable_metadata()->add_finalizers("batch.kubernetes.io/job-tracking");
  client.put(kept);
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Pending");
  remove("p");
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().terminated().reason(), "ContainerStatusUnknown");
}

TEST_F(NodeStop, LogsGoWithTheObjectOfAFinishedPod) {
  client.put(make_pod("p"));
  loop.run_for(1s);
  const std::string logs = dir + "/logs/default_p_" + pod("p")->metadata().uid();
  EXPECT_TRUE(std::filesystem::exists(logs + "/main/0.log"));
  remove("p");
  loop.run_for(1s);
  EXPECT_FALSE(std::filesystem::exists(logs));
}

TEST_F(NodeStop, ARestartOfTheAgentKeepsRunningContainers) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = 60s, .exit_code = 4}; });
  client.put(make_pod("p", "OnFailure"));
  loop.run_for(10s);
  const std::string id = container("p").containerid();
  restart_agent(5s);
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Running");
  EXPECT_EQ(container("p").containerid(), id);
  EXPECT_EQ(container("p").restartcount(), 0);
  loop.run_for(41s);
  EXPECT_EQ(container("p").restartcount(), 1);
  EXPECT_EQ(container("p").laststate().terminated().exitcode(), 4);
}

TEST_F(NodeStop, AnEndWhileTheAgentWasAwayIsTakenInWithItsExitCode) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = 60s, .exit_code = 4}; });
  client.put(make_pod("p"));
  loop.run_for(10s);
  restart_agent(100s);
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().terminated().exitcode(), 4);
  EXPECT_EQ(from_time(container("p").state().terminated().finishedat()) - from_time(container("p").state().terminated().startedat()), 60s);
  EXPECT_TRUE(runtime->list_sandboxes().empty());
}

TEST_F(NodeStop, TheLastWordsOfBothAttemptsAreKnownAfterARestartOfTheAgent) {
  int runs = 0;
  runtime->set_behaviour([&runs](const ContainerConfig&) {
    ++runs;
    return FakeOutcome{.run_time = runs < 3 ? 5s : 600s, .exit_code = 1, .output = "attempt " + std::to_string(runs) + "\n"};
  });
  auto talks = make_pod("p", "OnFailure");
  talks.mutable_spec()->mutable_containers(0)->set_terminationmessagepolicy("FallbackToLogsOnError");
  client.put(talks);
  loop.run_for(7s);
  EXPECT_EQ(container("p").laststate().terminated().message(), "attempt 1\n");
  restart_agent(5s);
  loop.run_for(1s);
  EXPECT_EQ(container("p").laststate().terminated().message(), "attempt 2\n");
  restart_agent(10s);
  EXPECT_EQ(container("p").restartcount(), 2);
  EXPECT_EQ(container("p").laststate().terminated().message(), "attempt 2\n");
}

TEST_F(NodeStop, APodRemovedWhileTheAgentWasAwayIsCleanedUp) {
  run_for_ever();
  client.put(make_pod("p"));
  loop.run_for(1s);
  const std::string uid = pod("p")->metadata().uid();
  agent.reset();
  runtime->detach();
  client.erase(kind_of<corev1::Pod>(), "default", "p");
  start_agent();
  loop.run_for(1s);
  EXPECT_TRUE(runtime->list_sandboxes().empty());
  EXPECT_FALSE(std::filesystem::exists(dir + "/data/pods/" + uid));
  EXPECT_FALSE(std::filesystem::exists(dir + "/logs/default_p_" + uid));
}

TEST_F(NodeStop, APodDeletedWhileTheAgentWasAwayIsStopped) {
  run_for_ever();
  client.put(make_pod("p"));
  loop.run_for(1s);
  agent.reset();
  runtime->detach();
  remove("p");
  start_agent();
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "gone");
  EXPECT_TRUE(runtime->list_containers().empty());
}

TEST_F(NodeStop, AfterARebootANeverPodHasFailedAndAnOnFailurePodRunsAgain) {
  run_for_ever();
  client.put(make_pod("never"));
  client.put(make_pod("again", "OnFailure"));
  loop.run_for(1s);
  agent.reset();
  runtime->detach();
  runtime->reboot();
  start_agent();
  loop.run_for(1s);
  EXPECT_EQ(phase("never"), "Failed");
  EXPECT_EQ(container("never").state().terminated().reason(), "ContainerStatusUnknown");
  EXPECT_EQ(phase("again"), "Running");
  EXPECT_EQ(container("again").restartcount(), 1);
}

}  // namespace
}  // namespace stint
