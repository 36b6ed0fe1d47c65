#include "node/node_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/object.h"
#include "node/conditions.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;

std::string condition(const corev1::Pod& pod, std::string_view type) {
  const auto* found = find_condition(pod.status(), type);
  return found == nullptr ? "none" : found->status() + "/" + found->reason();
}

class Node : public testing::Test, public NodeFixture {};

TEST_F(Node, RegistersItselfAndKeepsItsLease) {
  const auto node = client.find<corev1::Node>("", "n1");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->metadata().labels().at("kubernetes.io/hostname"), "n1");
  EXPECT_EQ(node->status().capacity().at("pods").string(), "500");
  const auto first = client.find<coordinationv1::Lease>("kube-node-lease", "n1");
  ASSERT_NE(first, nullptr);
  loop.run_for(11s);
  const auto second = client.find<coordinationv1::Lease>("kube-node-lease", "n1");
  EXPECT_GT(from_micro_time(second->spec().renewtime()), from_micro_time(first->spec().renewtime()));
}

TEST_F(Node, RunsAPodToSuccessWithoutAnyDelay) {
  client.put(make_pod("p"));
  loop.run_ready();
  loop.run_for(1ms);
  ASSERT_EQ(phase("p"), "Succeeded");
  const auto& end = container("p").state().terminated();
  EXPECT_EQ(end.exitcode(), 0);
  EXPECT_EQ(end.reason(), "Completed");
  EXPECT_EQ(condition(*pod("p"), "Initialized"), "True/PodCompleted");
  EXPECT_EQ(condition(*pod("p"), "Ready"), "False/PodCompleted");
  EXPECT_EQ(condition(*pod("p"), "PodReadyToStartContainers"), "False/PodSandboxNotReady");
  EXPECT_TRUE(runtime->list_sandboxes().empty());
  EXPECT_EQ(agent->workers(), 0u);
  EXPECT_FALSE(std::filesystem::exists(dir + "/data/pods/" + pod("p")->metadata().uid()));
}

TEST_F(Node, ShowsARunningPodWithItsAddressesAndConditions) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = 10s, .exit_code = 3}; });
  client.put(make_pod("p"));
  loop.run_for(1s);
  ASSERT_EQ(phase("p"), "Running");
  EXPECT_EQ(pod("p")->status().hostip(), "192.0.2.1");
  EXPECT_TRUE(pod("p")->status().podip().starts_with("10.88."));
  EXPECT_TRUE(container("p").ready());
  EXPECT_TRUE(container("p").containerid().starts_with("fake://"));
  EXPECT_EQ(condition(*pod("p"), "Ready"), "True/");
  loop.run_for(10s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().terminated().exitcode(), 3);
  EXPECT_EQ(condition(*pod("p"), "Ready"), "False/PodFailed");
}

TEST_F(Node, TellsTheUsualEvents) {
  client.put(make_pod("p"));
  loop.run_for(5s);
  EXPECT_THAT(reasons("p"), ElementsAre("Pulling", "Pulled", "Created", "Started"));
}

TEST_F(Node, RestartsOnFailureAtOnceThenAfterTenAndTwentySeconds) {
  std::vector<WallTime> starts;
  runtime->set_behaviour([&](const ContainerConfig&) {
    starts.push_back(loop.now());
    return FakeOutcome{.exit_code = 1};
  });
  client.put(make_pod("p", "OnFailure"));
  loop.run_for(35s);
  ASSERT_EQ(starts.size(), 4u);
  EXPECT_LT(starts[1] - starts[0], 1s);
  EXPECT_EQ(starts[2] - starts[1], 10s);
  EXPECT_EQ(starts[3] - starts[2], 20s);
  EXPECT_EQ(phase("p"), "Running");
  EXPECT_EQ(container("p").state().waiting().reason(), "CrashLoopBackOff");
  EXPECT_EQ(container("p").restartcount(), 3);
  EXPECT_EQ(container("p").laststate().terminated().exitcode(), 1);
}

TEST_F(Node, SucceedsAfterOneFailureAndShowsItAsLastState) {
  int runs = 0;
  runtime->set_behaviour([&](const ContainerConfig&) { return FakeOutcome{.exit_code = runs++ == 0 ? 1 : 0}; });
  client.put(make_pod("p", "OnFailure"));
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_EQ(container("p").restartcount(), 1);
  EXPECT_EQ(container("p").laststate().terminated().exitcode(), 1);
}

TEST_F(Node, RunsInitContainersInOrderBeforeTheOthers) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = 2s}; });
  auto pod = make_pod("p");
  add_container(*pod.mutable_spec()->add_initcontainers(), "first");
  add_container(*pod.mutable_spec()->add_initcontainers(), "second");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Pending");
  EXPECT_EQ(condition(*this->pod("p"), "Initialized"), "False/ContainersNotInitialized");
  EXPECT_EQ(container("p").state().waiting().reason(), "PodInitializing");
  loop.run_for(6s);
  EXPECT_EQ(phase("p"), "Succeeded");
  ASSERT_EQ(runtime->started().size(), 3u);
  EXPECT_EQ(runtime->started()[0].name, "first");
  EXPECT_EQ(runtime->started()[1].name, "second");
}

TEST_F(Node, FailsThePodWhenAnInitContainerFailsForGood) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.exit_code = 1}; });
  auto pod = make_pod("p");
  add_container(*pod.mutable_spec()->add_initcontainers(), "first");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().waiting().reason(), "PodInitializing");
  EXPECT_EQ(runtime->started().size(), 1u);
}

TEST_F(Node, AnInitContainerThatFailsIsStartedAgainAndAgainUnderOnFailure) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.exit_code = 1}; });
  auto pod = make_pod("p", "OnFailure");
  add_container(*pod.mutable_spec()->add_initcontainers(), "first");
  client.put(pod);
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Pending");
  const auto& first = this->pod("p")->status().initcontainerstatuses(0);
  EXPECT_EQ(first.state().waiting().reason(), "CrashLoopBackOff");
  EXPECT_EQ(first.laststate().terminated().exitcode(), 1);
  EXPECT_EQ(first.restartcount(), 1);
  EXPECT_EQ(container("p").state().waiting().reason(), "PodInitializing");
}

TEST_F(Node, StopsSidecarsWhenTheOthersHaveEnded) {
  runtime->set_behaviour([](const ContainerConfig& config) {
    return config.name == "side" ? FakeOutcome{.runs_for_ever = true} : FakeOutcome{.run_time = 2s};
  });
  auto pod = make_pod("p");
  auto& side = *pod.mutable_spec()->add_initcontainers();
  add_container(side, "side");
  side.set_restartpolicy("Always");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_EQ(this->pod("p")->status().initcontainerstatuses(0).state().terminated().exitcode(), 143);
}

TEST_F(Node, FailsAPodThatIsActiveTooLong) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
  auto pod = make_pod("p");
  pod.mutable_spec()->set_activedeadlineseconds(10);
  client.put(pod);
  loop.run_for(9s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(this->pod("p")->status().reason(), "DeadlineExceeded");
  EXPECT_THAT(reasons("p"), Contains("DeadlineExceeded"));
}

TEST_F(Node, RefusesAPodThatDoesNotFit) {
  auto pod = make_pod("p");
  (*pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests())["cpu"].set_string("100000");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(this->pod("p")->status().reason(), "OutOfcpu");
  EXPECT_EQ(this->pod("p")->status().containerstatuses_size(), 0);
  EXPECT_TRUE(runtime->started().empty());
}

TEST_F(Node, OfTwoPodsThatAreBoundAndDoNotFitTogetherTheSecondIsRefused) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
  const std::string all = client.find<corev1::Node>("", "n1")->status().allocatable().at("cpu").string();
  for (const char* name : {"first", "second"}) {
    auto pod = make_pod(name);
    (*pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests())["cpu"].set_string(all);
    client.put(pod);
    loop.run_for(1s);
  }
  EXPECT_EQ(phase("first"), "Running");
  EXPECT_EQ(phase("second"), "Failed");
  EXPECT_EQ(pod("second")->status().reason(), "OutOfcpu");
  EXPECT_THAT(reasons("second"), Contains("OutOfcpu"));
}

TEST_F(Node, SaysStartErrorWhenTheCommandCannotBeExecuted) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.start_error = "exec: no such file"}; });
  client.put(make_pod("p"));
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().terminated().reason(), "StartError");
  EXPECT_EQ(container("p").state().terminated().exitcode(), 128);
}

TEST_F(Node, AStartErrorUnderOnFailureWaitsAsRunContainerErrorAndThenForTheBackOff) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.start_error = "exec: no such file"}; });
  client.set_latency(1ms);
  client.put(make_pod("p", "OnFailure"));
  std::vector<std::string> waits;
  for (int i = 0; i < 300; ++i) {
    loop.run_for(10ms);
    if (pod("p")->status().containerstatuses_size() == 0) continue;
    const std::string reason = container("p").state().waiting().reason();
    if (waits.empty() || waits.back() != reason) waits.push_back(reason);
  }
  EXPECT_THAT(waits, Contains("RunContainerError"));
  EXPECT_EQ(waits.back(), "CrashLoopBackOff");
  EXPECT_EQ(container("p").laststate().terminated().reason(), "StartError");
}

}  // namespace
}  // namespace stint
