// What keeps a pod from starting, and how it gets over it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class NodeTrouble : public testing::Test, public NodeFixture {
 protected:
  std::string waiting(const std::string& name) const { return container(name).state().waiting().reason(); }
  void put_config_map(const std::string& name) {
    corev1::ConfigMap map;
    map.mutable_metadata()->set_namespace_("default");
    map.mutable_metadata()->set_name(name);
    (*map.mutable_data())["k"] = "v";
    client.put(map);
  }
};

TEST_F(NodeTrouble, PullsAgainAfterTenSecondsThenTwenty) {
  images.fail_pulls(2, "manifest unknown");
  client.put(make_pod("p"));
  loop.run_for(500ms);
  EXPECT_EQ(waiting("p"), "ErrImagePull");
  loop.run_for(5s);
  EXPECT_EQ(waiting("p"), "ImagePullBackOff");
  EXPECT_THAT(container("p").state().waiting().message(), HasSubstr("manifest unknown"));
  EXPECT_EQ(images.pulls(), 1);
  loop.run_for(5s);
  EXPECT_EQ(images.pulls(), 2);
  EXPECT_EQ(phase("p"), "Pending");
  loop.run_for(20s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_THAT(reasons("p"), Contains("BackOff"));
}

TEST_F(NodeTrouble, NeverPullsWhatIsNotPresent) {
  auto pod = make_pod("p");
  pod.mutable_spec()->mutable_containers(0)->set_imagepullpolicy("Never");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(waiting("p"), "ErrImageNeverPull");
  EXPECT_EQ(images.pulls(), 0);
  images.put("busybox:1", {});
  loop.run_for(15s);
  EXPECT_EQ(phase("p"), "Succeeded");
}

TEST_F(NodeTrouble, AlwaysAsksTheRegistryOnceForEachStart) {
  int runs = 0;
  runtime->set_behaviour([&](const ContainerConfig&) { return FakeOutcome{.exit_code = runs++ == 0 ? 1 : 0}; });
  images.put("busybox:1", {});
  auto pod = make_pod("p", "OnFailure");
  pod.mutable_spec()->mutable_containers(0)->set_imagepullpolicy("Always");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_EQ(images.pulls(), 2);
}

TEST_F(NodeTrouble, NamesAnInvalidImage) {
  auto pod = make_pod("p");
  pod.mutable_spec()->mutable_containers(0)->set_image("Bad::Name");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(waiting("p"), "InvalidImageName");
}

TEST_F(NodeTrouble, StartsByItselfWhenAMissingConfigMapAppears) {
  auto pod = make_pod("p");
  auto& source = *pod.mutable_spec()->mutable_containers(0)->add_envfrom();
  source.mutable_configmapref()->mutable_localobjectreference()->set_name("m");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(waiting("p"), "CreateContainerConfigError");
  EXPECT_EQ(container("p").state().waiting().message(), "configmap \"m\" not found");
  put_config_map("m");
  loop.run_for(15s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_THAT(runtime->started()[0].env, Contains("k=v"));
}

TEST_F(NodeTrouble, WaitsForAVolumeThatNamesAMissingConfigMap) {
  auto pod = make_pod("p");
  auto& volume = *pod.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_configmap()->mutable_localobjectreference()->set_name("m");
  auto& mount = *pod.mutable_spec()->mutable_containers(0)->add_volumemounts();
  mount.set_name("v");
  mount.set_mountpath("/m");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(waiting("p"), "ContainerCreating");
  EXPECT_THAT(reasons("p"), Contains("FailedMount"));
  put_config_map("m");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Succeeded");
  const auto& mounts = runtime->started()[0].mounts;
  EXPECT_EQ(mounts[0].destination, "/m");
  EXPECT_TRUE(mounts[0].read_only);
}

TEST_F(NodeTrouble, TriesASandboxAgainAfterTenSeconds) {
  runtime->fail_sandboxes(1, {.message = "no network"});
  client.put(make_pod("p"));
  loop.run_for(9s);
  EXPECT_EQ(phase("p"), "Pending");
  EXPECT_THAT(reasons("p"), Contains("FailedCreatePodSandBox"));
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Succeeded");
}

TEST_F(NodeTrouble, TriesAStartAgainAsTheSameAttempt) {
  runtime->fail_starts(1, {.message = "disk full"});
  client.put(make_pod("p"));
  loop.run_for(1s);
  EXPECT_EQ(waiting("p"), "CreateContainerError");
  loop.run_for(10s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_EQ(container("p").restartcount(), 0);
}

TEST_F(NodeTrouble, AStatusWriteThatFailsDoesNotHoldUpThePod) {
  int left = 3;
  client.set_failures([&left](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb != "update" || kind.kind != "Pod" || left == 0) return std::nullopt;
    --left;
    return Error{.reason = Reason::kServiceUnavailable, .message = "away"};
  });
  client.put(make_pod("p"));
  loop.run_for(1ms);
  EXPECT_EQ(runtime->started().size(), 1u);
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Succeeded");
}

TEST_F(NodeTrouble, KeepsConditionsThatOthersWrite) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = 5s}; });
  client.put(make_pod("p"));
  loop.run_for(1s);
  corev1::Pod marked = *pod("p");
  auto& condition = *marked.mutable_status()->add_conditions();
  condition.set_type("DisruptionTarget");
  condition.set_status("True");
  client.put(marked);
  loop.run_for(10s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_EQ(pod("p")->status().conditions(0).type(), "DisruptionTarget");
  EXPECT_EQ(pod("p")->status().conditions_size(), 6);
}

TEST_F(NodeTrouble, ReadsTheLastWordsFromTheLogWhenAsked) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.exit_code = 1, .output = "it broke\n"}; });
  auto pod = make_pod("p");
  pod.mutable_spec()->mutable_containers(0)->set_terminationmessagepolicy("FallbackToLogsOnError");
  client.put(pod);
  loop.run_for(1s);
  EXPECT_EQ(container("p").state().terminated().message(), "it broke\n");
}

}  // namespace
}  // namespace stint
