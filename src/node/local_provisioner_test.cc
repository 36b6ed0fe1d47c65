#include "node/local_provisioner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "api/core/volume_match.h"
#include "base/sim_loop.h"
#include "client/fake_client.h"

namespace stint {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Claim = corev1::PersistentVolumeClaim;
using Volume = corev1::PersistentVolume;

class LocalProvisionerTest : public testing::Test {
 protected:
  LocalProvisionerTest() : loop_(WallTime{std::chrono::hours(24 * 365 * 56)}), client_(loop_) {
    std::string pattern = fs::temp_directory_path() / "stint-volumes-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    dir_ += "/volumes";
    start();
  }
  ~LocalProvisionerTest() override {
    provisioner_.reset();
    fs::remove_all(fs::path(dir_).parent_path());
  }
  void start() {
    provisioner_.emplace(loop_, client_, "n1", dir_);
    provisioner_->start();
    loop_.run_for(1s);
  }

  // One that the binder has asked for, on that node unless it is "".
  std::shared_ptr<const Claim> put_claim(const std::string& name, const std::string& node = "n1") {
    Claim claim;
    claim.mutable_metadata()->set_namespace_("default");
    claim.mutable_metadata()->set_name(name);
    claim.mutable_metadata()->set_uid(name + "-uid");
    auto& annotations = *claim.mutable_metadata()->mutable_annotations();
    annotations[core::kStorageProvisioner] = kLocalProvisioner;
    if (!node.empty()) annotations[core::kSelectedNode] = node;
    claim.mutable_spec()->set_storageclassname(kLocalClass);
    claim.mutable_spec()->add_accessmodes("ReadWriteOnce");
    (*claim.mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string("1Gi");
    auto put = client_.put(claim);
    loop_.run_for(1s);
    return put;
  }
  std::shared_ptr<const Volume> volume(const std::string& claim) const { return client_.find<Volume>("", "pvc-" + claim + "-uid"); }
  std::string path(const std::string& claim) const { return dir_ + "/pvc-" + claim + "-uid"; }
  void set_phase(const std::string& claim, const std::string& phase, const std::string& policy = "Delete") {
    Volume next = *volume(claim);
    next.mutable_status()->set_phase(phase);
    next.mutable_spec()->set_persistentvolumereclaimpolicy(policy);
    client_.put(next);
    loop_.run_for(1s);
  }
  std::vector<std::string> reasons() const {
    std::vector<std::string> found;
    for (const auto& event : client_.all<corev1::Event>()) found.push_back(event->reason());
    return found;
  }

  SimLoop loop_;
  FakeClient client_;
  std::string dir_;
  std::optional<LocalProvisioner> provisioner_;
};

TEST_F(LocalProvisionerTest, MakesItsClassTheDefaultUnlessThereIsOne) {
  const auto made = client_.find<storagev1::StorageClass>("", kLocalClass);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->volumebindingmode(), "WaitForFirstConsumer");
  EXPECT_EQ(core::annotation_of(*made, "storageclass.kubernetes.io/is-default-class"), "true");
  client_.erase(kind_of<storagev1::StorageClass>(), "", kLocalClass);
  storagev1::StorageClass other = *made;
  other.mutable_metadata()->set_name("other");
  client_.put(other);
  start();
  EXPECT_EQ(core::annotation_of(*client_.find<storagev1::StorageClass>("", kLocalClass), "storageclass.kubernetes.io/is-default-class"),
            "");
}

TEST_F(LocalProvisionerTest, MakesADirectoryAndItsVolumeForAClaimOfThisNode) {
  put_claim("c");
  const auto made = volume("c");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->spec().persistentvolumesource().local().path(), path("c"));
  EXPECT_EQ(made->spec().capacity().at("storage").string(), "1Gi");
  EXPECT_EQ(made->spec().claimref().uid(), "c-uid");
  EXPECT_EQ(made->spec().storageclassname(), kLocalClass);
  EXPECT_EQ(made->spec().nodeaffinity().required().nodeselectorterms(0).matchexpressions(0).values(0), "n1");
  EXPECT_EQ(fs::status(path("c")).permissions(), fs::perms::all);
  EXPECT_THAT(reasons(), testing::UnorderedElementsAre("Provisioning", "ProvisioningSucceeded"));
}

TEST_F(LocalProvisionerTest, LeavesClaimsOfOtherNodesAndThoseWithoutOne) {
  put_claim("far", "n2");
  put_claim("early", "");
  EXPECT_FALSE(volume("far"));
  EXPECT_FALSE(volume("early"));
  EXPECT_FALSE(fs::exists(path("far")));
}

TEST_F(LocalProvisionerTest, SaysWhatItCannotMake) {
  auto put = put_claim("far", "n2");
  Claim block = *put;
  block.mutable_metadata()->set_name("block");
  block.mutable_metadata()->set_uid("block-uid");
  (*block.mutable_metadata()->mutable_annotations())[core::kSelectedNode] = "n1";
  block.mutable_spec()->set_volumemode("Block");
  client_.put(block);
  loop_.run_for(1s);
  EXPECT_FALSE(volume("block"));
  EXPECT_THAT(reasons(), testing::Contains("ProvisioningFailed"));
}

TEST_F(LocalProvisionerTest, RemovesReleasedVolumesWithTheirData) {
  put_claim("c");
  std::ofstream(path("c") + "/data") << "x";
  set_phase("c", "Bound");
  EXPECT_TRUE(fs::exists(path("c") + "/data"));
  set_phase("c", "Released");
  EXPECT_FALSE(volume("c"));
  EXPECT_TRUE(fs::is_empty(dir_));
}

TEST_F(LocalProvisionerTest, KeepsTheDataOfWhatIsRetained) {
  put_claim("c");
  std::ofstream(path("c") + "/data") << "x";
  set_phase("c", "Released", "Retain");
  EXPECT_TRUE(volume("c"));
  Volume deleted = *volume("c");
  deleted.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  client_.put(deleted);
  loop_.run_for(1s);
  EXPECT_FALSE(volume("c")) << "the finalizer is off";
  EXPECT_TRUE(fs::exists(path("c") + "/data"));
}

TEST_F(LocalProvisionerTest, RemovesNothingThatAVolumeOfAnotherMakerNames) {
  put_claim("c");
  std::ofstream(path("c") + "/data") << "x";
  Volume forged = *volume("c");
  forged.mutable_metadata()->set_name("pvc-forged");
  forged.mutable_metadata()->clear_finalizers();
  forged.mutable_status()->set_phase("Released");
  client_.put(forged);
  loop_.run_for(1s);
  EXPECT_TRUE(fs::exists(path("c") + "/data"));
}

TEST_F(LocalProvisionerTest, EndsWhatAnEarlierLifeBegan) {
  provisioner_.reset();
  fs::create_directories(path("c"));
  fs::create_directories(dir_ + "/.removed-pvc-old");
  std::ofstream(dir_ + "/.removed-pvc-old/data") << "x";
  start();
  EXPECT_FALSE(fs::exists(dir_ + "/.removed-pvc-old"));
  put_claim("c");
  EXPECT_TRUE(volume("c"));
  EXPECT_EQ(fs::status(path("c")).permissions(), fs::perms::all);
}

}  // namespace
}  // namespace stint
