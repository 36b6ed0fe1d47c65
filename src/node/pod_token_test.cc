// The token and the other files that a pod's projected volume holds, through the whole node agent in virtual time.
#include <gtest/gtest.h>

#include <fstream>

#include "node/node_fixture.h"

namespace stint {
namespace {

class PodToken : public NodeFixture, public testing::Test {
 protected:
  // A pod that runs for an hour, with a token that is good for that many seconds.
  void run_pod(int64_t seconds) {
    corev1::Pod pod = make_pod("p");
    pod.mutable_spec()->set_serviceaccountname("robot");
    auto& volume = *pod.mutable_spec()->add_volumes();
    volume.set_name("access");
    auto& projected = *volume.mutable_volumesource()->mutable_projected();
    auto& token = *projected.add_sources()->mutable_serviceaccounttoken();
    token.set_path("token");
    token.set_expirationseconds(seconds);
    auto& map = *projected.add_sources()->mutable_configmap();
    map.mutable_localobjectreference()->set_name("m");
    put_map("1");
    runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = std::chrono::hours(1)}; });
    uid_ = client.put(pod)->metadata().uid();
    loop.run_for(std::chrono::seconds(1));
  }
  void put_map(const std::string& value) {
    corev1::ConfigMap map;
    map.mutable_metadata()->set_namespace_("default");
    map.mutable_metadata()->set_name("m");
    (*map.mutable_data())["k"] = value;
    client.put(map);
  }
  std::string file(const std::string& name) const {
    std::ifstream in(dir + "/data/pods/" + uid_ + "/volumes/access/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string uid_;
};

TEST_F(PodToken, IsWrittenBeforeTheContainerStarts) {
  run_pod(3607);
  EXPECT_EQ(phase("p"), "Running");
  EXPECT_EQ(file("token"), "default/robot/0");
  EXPECT_EQ(file("k"), "1");
}

TEST_F(PodToken, IsRenewedWhenFourFifthsOfItsLifeAreOver) {
  run_pod(1000);
  loop.run_for(std::chrono::seconds(790));
  EXPECT_EQ(file("token"), "default/robot/0");
  loop.run_for(std::chrono::seconds(20));
  EXPECT_EQ(file("token"), "default/robot/1");
}

TEST_F(PodToken, ChangedConfigMapsShowInRunningPods) {
  run_pod(3607);
  put_map("2");
  loop.run_for(std::chrono::seconds(61));
  EXPECT_EQ(file("k"), "2");
  EXPECT_EQ(file("token"), "default/robot/0");
}

TEST_F(PodToken, ThePodWaitsUntilThereIsOne) {
  client.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb != "create" || kind.kind != "ServiceAccount") return std::nullopt;
    return Error{.reason = Reason::kNotFound, .message = "serviceaccounts \"robot\" not found"};
  });
  run_pod(3607);
  EXPECT_EQ(phase("p"), "Pending");
  EXPECT_EQ(reasons("p").back(), "FailedMount");
  client.set_failures(nullptr);
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(phase("p"), "Running");
}

}  // namespace
}  // namespace stint
