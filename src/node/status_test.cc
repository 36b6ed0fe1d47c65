#include "node/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/object.h"
#include "node/conditions.h"
#include "node/phase.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const NodeIdentity kNode = {.host_ip = "192.0.2.1", .runtime_name = "crun"};
const WallTime kNow{1000h};

corev1::Pod make_pod(const std::string& restart_policy, std::initializer_list<std::string> containers,
                     std::initializer_list<std::string> init = {}) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_generation(3);
  pod.mutable_spec()->set_restartpolicy(restart_policy);
  for (const auto& name : containers) pod.mutable_spec()->add_containers()->set_name(name);
  for (const auto& name : init) pod.mutable_spec()->add_initcontainers()->set_name(name);
  pod.mutable_status()->set_phase("Pending");
  pod.mutable_status()->set_qosclass("Burstable");
  return pod;
}

ContainerRecord running(int attempt = 0) {
  ContainerRecord record;
  record.current = ContainerInstance{.id = "u_c_" + std::to_string(attempt), .attempt = attempt, .state = ContainerState::kRunning};
  record.current->started_at = kNow - 60s;
  return record;
}

ContainerRecord ended(int exit_code, int attempt = 0) {
  ContainerRecord record = running(attempt);
  record.current->state = ContainerState::kExited;
  record.current->exit_code = exit_code;
  record.current->reason = exit_code == 0 ? "Completed" : "Error";
  record.current->finished_at = kNow;
  return record;
}

std::string phase(const corev1::Pod& pod, const PodRecord& record) { return compute_status(pod, record, kNode, kNow).phase(); }

TEST(PodStatus, FirstWriteHasStartTimeWaitingContainersAndConditionsInOrder) {
  const auto status = compute_status(make_pod("Never", {"b", "a"}), {}, kNode, kNow);
  EXPECT_EQ(status.phase(), "Pending");
  EXPECT_EQ(from_time(status.starttime()), kNow);
  EXPECT_EQ(status.qosclass(), "Burstable");
  EXPECT_EQ(status.hostip(), "192.0.2.1");
  EXPECT_EQ(status.observedgeneration(), 3);
  std::vector<std::string> types, containers;
  for (const auto& condition : status.conditions()) types.push_back(condition.type() + "=" + condition.status());
  EXPECT_THAT(types, ElementsAre("PodReadyToStartContainers=False", "Initialized=True", "Ready=False", "ContainersReady=False",
                                 "PodScheduled=True"));
  for (const auto& container : status.containerstatuses()) containers.push_back(container.name());
  EXPECT_THAT(containers, ElementsAre("a", "b"));
  EXPECT_EQ(status.containerstatuses(0).state().waiting().reason(), "ContainerCreating");
  EXPECT_EQ(find_condition(status, "Ready")->message(), "containers with unready status: [b a]");
}

TEST(PodStatus, TransitionTimeMovesOnlyWithTheStatus) {
  auto pod = make_pod("Never", {"a"});
  *pod.mutable_status() = compute_status(pod, {}, kNode, kNow);
  PodRecord record{.containers = {{"a", running()}}, .sandbox_ready = true};
  const auto status = compute_status(pod, record, kNode, kNow + 5s);
  EXPECT_EQ(from_time(find_condition(status, "Initialized")->lasttransitiontime()), kNow);
  EXPECT_EQ(from_time(find_condition(status, "Ready")->lasttransitiontime()), kNow + 5s);
  EXPECT_EQ(from_time(status.starttime()), kNow);
}

TEST(PodStatus, NamesTheContainerAsTheRuntimeDoes) {
  const auto status = compute_status(make_pod("Never", {"a"}), {.containers = {{"a", ended(7, 2)}}}, kNode, kNow);
  const auto& container = status.containerstatuses(0);
  EXPECT_EQ(container.containerid(), "crun://u_c_2");
  EXPECT_EQ(container.restartcount(), 2);
  EXPECT_EQ(container.state().terminated().containerid(), "crun://u_c_2");
  EXPECT_EQ(container.state().terminated().exitcode(), 7);
}

TEST(PodStatus, AWaitingReasonMovesTheEndToLastState) {
  ContainerRecord record = ended(1);
  record.waiting_reason = "CrashLoopBackOff";
  const auto status = compute_status(make_pod("OnFailure", {"a"}), {.containers = {{"a", record}}}, kNode, kNow);
  EXPECT_EQ(status.phase(), "Running");
  EXPECT_EQ(status.containerstatuses(0).state().waiting().reason(), "CrashLoopBackOff");
  EXPECT_EQ(status.containerstatuses(0).laststate().terminated().exitcode(), 1);
}

TEST(PodStatus, ATerminalPhaseIsFinal) {
  auto pod = make_pod("Never", {"a"});
  pod.mutable_status()->set_phase("Failed");
  pod.mutable_status()->set_reason("Evicted");
  const auto status = compute_status(pod, {.containers = {{"a", ended(0)}}}, kNode, kNow);
  EXPECT_EQ(status.phase(), "Failed");
  EXPECT_EQ(status.reason(), "Evicted");
}

TEST(PodStatus, ATerminalPhaseIsWithheldWhileAContainerRuns) {
  auto pod = make_pod("Never", {"a", "b"});
  pod.mutable_status()->set_phase("Running");
  PodRecord record{.containers = {{"a", running()}, {"b", ended(0)}}, .failed_reason = "DeadlineExceeded"};
  EXPECT_EQ(phase(pod, record), "Running");
  record.containers["a"] = ended(143);
  const auto status = compute_status(pod, record, kNode, kNow);
  EXPECT_EQ(status.phase(), "Failed");
  EXPECT_EQ(status.reason(), "DeadlineExceeded");
}

TEST(Phase, FollowsTheScenariosOfASinglePod) {
  const auto never = make_pod("Never", {"a"}), on_failure = make_pod("OnFailure", {"a"}), always = make_pod("Always", {"a"});
  EXPECT_EQ(phase(never, {.containers = {{"a", running()}}}), "Running");
  EXPECT_EQ(phase(never, {.containers = {{"a", ended(0)}}}), "Succeeded");
  EXPECT_EQ(phase(never, {.containers = {{"a", ended(3)}}}), "Failed");
  EXPECT_EQ(phase(on_failure, {.containers = {{"a", ended(3)}}}), "Running");
  EXPECT_EQ(phase(on_failure, {.containers = {{"a", ended(0)}}}), "Succeeded");
  EXPECT_EQ(phase(always, {.containers = {{"a", ended(0)}}}), "Running");
  EXPECT_EQ(phase(always, {.containers = {{"a", ended(0)}}, .ending = true}), "Succeeded");
  EXPECT_EQ(phase(on_failure, {.containers = {{"a", ended(3)}}, .ending = true}), "Failed");
}

TEST(Phase, OneRunningContainerKeepsThePodRunning) {
  EXPECT_EQ(phase(make_pod("Never", {"a", "b"}), {.containers = {{"a", ended(0)}, {"b", running()}}}), "Running");
  EXPECT_EQ(phase(make_pod("Never", {"a", "b"}), {.containers = {{"a", running()}}}), "Pending");
  EXPECT_EQ(phase(make_pod("Never", {"a", "b"}), {.containers = {{"a", ended(0)}, {"b", ended(2)}}}), "Failed");
}

TEST(Phase, InitContainersComeFirst) {
  const auto never = make_pod("Never", {"a"}, {"i"}), on_failure = make_pod("OnFailure", {"a"}, {"i"});
  EXPECT_EQ(phase(never, {.containers = {{"i", running()}}}), "Pending");
  EXPECT_EQ(phase(never, {.containers = {{"i", ended(1)}}}), "Failed");
  EXPECT_EQ(phase(on_failure, {.containers = {{"i", ended(1)}}}), "Pending");
  EXPECT_EQ(phase(never, {.containers = {{"i", ended(0)}, {"a", running()}}}), "Running");
}

TEST(Conditions, SayPodCompletedAndPodFailedAtTheEnd) {
  const auto pod = make_pod("Never", {"a"}, {"i"});
  auto status = compute_status(pod, {.containers = {{"i", ended(0)}, {"a", ended(0)}}, .sandbox_ready = true}, kNode, kNow);
  EXPECT_EQ(find_condition(status, "Ready")->reason(), "PodCompleted");
  EXPECT_EQ(find_condition(status, "Initialized")->reason(), "PodCompleted");
  EXPECT_EQ(find_condition(status, "PodReadyToStartContainers")->reason(), "PodSandboxNotReady");
  status = compute_status(pod, {.containers = {{"i", ended(1)}}, .sandbox_ready = true}, kNode, kNow);
  EXPECT_EQ(find_condition(status, "ContainersReady")->reason(), "PodFailed");
  EXPECT_EQ(find_condition(status, "Initialized")->reason(), "ContainersNotInitialized");
}

TEST(Conditions, ReadinessGatesHoldReadyBack) {
  auto pod = make_pod("Never", {"a"});
  pod.mutable_spec()->add_readinessgates()->set_conditiontype("example.com/gate");
  const auto status = compute_status(pod, {.containers = {{"a", running()}}, .sandbox_ready = true}, kNode, kNow);
  EXPECT_EQ(find_condition(status, "ContainersReady")->status(), "True");
  EXPECT_EQ(find_condition(status, "Ready")->reason(), "ReadinessGatesNotReady");
}

}  // namespace
}  // namespace stint
