// Volumes of running pods, through the whole node agent in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;

class NodeVolume : public NodeFixture, public testing::Test {
 protected:
  NodeVolume() {
    runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = std::chrono::hours(1)}; });
  }
  std::string volume(const std::string& pod_name) const { return dir + "/data/pods/" + pod(pod_name)->metadata().uid() + "/volumes/v"; }
};

TEST_F(NodeVolume, APodWhoseVolumeOutgrowsItsLimitIsEvictedAtTheNextCheck) {
  corev1::Pod limited = make_pod("p");
  auto& made = *limited.mutable_spec()->add_volumes();
  made.set_name("v");
  made.mutable_volumesource()->mutable_emptydir()->mutable_sizelimit()->set_string("64Ki");
  client.put(limited);
  loop.run_for(25s);
  EXPECT_EQ(phase("p"), "Running");
  std::ofstream(volume("p") + "/big") << std::string(128 << 10, 'x');
  loop.run_for(12s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(pod("p")->status().reason(), "Evicted");
  EXPECT_EQ(pod("p")->status().message(), "Usage of EmptyDir volume \"v\" exceeds the limit \"64Ki\". ");
  EXPECT_THAT(reasons("p"), Contains("Evicted"));
}

TEST_F(NodeVolume, NewLabelsShowInTheDownwardApiAtOnce) {
  corev1::Pod labelled = make_pod("p");
  (*labelled.mutable_metadata()->mutable_labels())["a"] = "1";
  auto& made = *labelled.mutable_spec()->add_volumes();
  made.set_name("v");
  auto& file = *made.mutable_volumesource()->mutable_downwardapi()->add_items();
  file.set_path("labels");
  file.mutable_fieldref()->set_fieldpath("metadata.labels");
  client.put(labelled);
  loop.run_for(1s);
  corev1::Pod changed = *pod("p");
  (*changed.mutable_metadata()->mutable_labels())["a"] = "2";
  client.put(changed);
  loop.run_for(1s);
  std::ifstream in(volume("p") + "/labels");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "a=\"2\"");
}

}  // namespace
}  // namespace stint
