// Volumes of running pods, through the whole node agent in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "api/core/volume_match.h"
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

TEST_F(NodeVolume, AContainerWaitsForTheImagesItMountsAndOthersDoNot) {
  corev1::Pod with_image = make_pod("p");
  auto& volume = *with_image.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_image()->set_reference("models:1");
  volume.mutable_volumesource()->mutable_image()->set_pullpolicy("Never");
  add_container(*with_image.mutable_spec()->add_containers(), "other");
  auto& mount = *with_image.mutable_spec()->mutable_containers(0)->add_volumemounts();
  mount.set_name("v");
  mount.set_mountpath("/models");
  client.put(with_image);
  loop.run_for(1s);
  EXPECT_EQ(container("p", 0).state().waiting().reason(), "ErrImageNeverPull");
  EXPECT_EQ(container("p", 0).state().waiting().message(), "Container image \"models:1\" is not present with pull policy of Never");
  EXPECT_TRUE(container("p", 1).state().has_running());
  const std::string layer = dir + "/layer";
  std::filesystem::create_directories(layer);
  std::ofstream(layer + "/weights") << "x";
  images.put("models:1", {.layer_dirs = {layer}});
  loop.run_for(15s);
  EXPECT_TRUE(container("p", 0).state().has_running());
  if (geteuid() == 0) EXPECT_TRUE(std::filesystem::exists(NodeVolume::volume("p") + "/weights"));
}

class NodeClaim : public NodeVolume {
 protected:
  NodeClaim() {
    runtime->set_behaviour([this](const ContainerConfig& config) {
      mounts_ = config.mounts;
      return FakeOutcome{.run_time = std::chrono::hours(1)};
    });
    std::filesystem::create_directories(path_);
    std::ofstream(path_ + "/data") << "kept";
  }
  void put_claim(bool bound = true) {
    corev1::PersistentVolumeClaim claim;
    claim.mutable_metadata()->set_namespace_("default");
    claim.mutable_metadata()->set_name("c");
    claim.mutable_metadata()->set_uid("claim-uid");
    if (bound) {
      claim.mutable_spec()->set_volumename("pv");
      (*claim.mutable_metadata()->mutable_annotations())[core::kBindCompleted] = "yes";
    }
    client.put(claim);
    corev1::PersistentVolume volume;
    volume.mutable_metadata()->set_name("pv");
    volume.mutable_spec()->mutable_persistentvolumesource()->mutable_local()->set_path(path_);
    core::keep_for(claim, volume);
    client.put(volume);
  }
  corev1::Pod pod_with_claim(bool read_only = false) {
    corev1::Pod pod = make_pod("p");
    auto& volume = *pod.mutable_spec()->add_volumes();
    volume.set_name("v");
    volume.mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname("c");
    volume.mutable_volumesource()->mutable_persistentvolumeclaim()->set_readonly(read_only);
    auto& mount = *pod.mutable_spec()->mutable_containers(0)->add_volumemounts();
    mount.set_name("v");
    mount.set_mountpath("/data");
    return pod;
  }
  const Mount* mount_at(const std::string& destination) const {
    const auto found = std::ranges::find(mounts_, destination, &Mount::destination);
    return found == mounts_.end() ? nullptr : &*found;
  }

  std::string path_ = dir + "/elsewhere";
  std::vector<Mount> mounts_;
};

TEST_F(NodeClaim, AContainerGetsTheDirectoryOfTheClaimAndThePodsEndLeavesIt) {
  put_claim();
  client.put(pod_with_claim());
  loop.run_for(1s);
  ASSERT_EQ(phase("p"), "Running");
  ASSERT_NE(mount_at("/data"), nullptr);
  EXPECT_EQ(mount_at("/data")->source, path_);
  EXPECT_FALSE(mount_at("/data")->read_only);
  restart_agent(1s);
  loop.run_for(1s);
  client.erase(kind_of<corev1::Pod>(), "default", "p");
  loop.run_for(60s);
  EXPECT_TRUE(std::filesystem::is_empty(dir + "/data/pods"));
  EXPECT_TRUE(std::filesystem::exists(path_ + "/data"));
}

TEST_F(NodeClaim, TheReadOnlyOfTheVolumeIsThatOfItsMounts) {
  put_claim();
  client.put(pod_with_claim(true));
  loop.run_for(1s);
  ASSERT_NE(mount_at("/data"), nullptr);
  EXPECT_TRUE(mount_at("/data")->read_only);
}

TEST_F(NodeClaim, APodOfThisNodeWaitsUntilItsClaimIsBound) {
  put_claim(false);
  client.put(pod_with_claim());
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Pending");
  for (const auto& event : client.all<corev1::Event>()) {
    if (event->reason() != "FailedMount") continue;
    EXPECT_EQ(event->message(),
              "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: "
              "error processing PVC default/c: PVC is not bound");
  }
  EXPECT_THAT(reasons("p"), Contains("FailedMount"));
  put_claim();
  loop.run_for(60s);
  EXPECT_EQ(phase("p"), "Running");
}

TEST_F(NodeClaim, ADirectoryThatIsNotThereIsSaid) {
  put_claim();
  std::filesystem::remove_all(path_);
  client.put(pod_with_claim());
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "Pending");
  EXPECT_THAT(reasons("p"), Contains("FailedMount"));
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
