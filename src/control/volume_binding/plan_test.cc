#include "control/volume_binding/plan.h"

#include <gtest/gtest.h>

namespace stint::volume_binding {
namespace {

using Claim = corev1::PersistentVolumeClaim;
using Volume = corev1::PersistentVolume;

Claim make_claim(const std::string& size = "1Gi", const std::string& storage_class = "slow") {
  Claim claim;
  claim.mutable_metadata()->set_namespace_("ns");
  claim.mutable_metadata()->set_name("c");
  claim.mutable_metadata()->set_uid("claim-uid");
  claim.mutable_spec()->add_accessmodes("ReadWriteOnce");
  claim.mutable_spec()->set_volumemode("Filesystem");
  claim.mutable_spec()->set_storageclassname(storage_class);
  (*claim.mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string(size);
  claim.mutable_status()->set_phase("Pending");
  return claim;
}

Volume make_volume(const std::string& name, const std::string& size = "1Gi", const std::string& storage_class = "slow") {
  Volume volume;
  volume.mutable_metadata()->set_name(name);
  volume.mutable_metadata()->set_uid(name + "-uid");
  volume.mutable_spec()->add_accessmodes("ReadWriteOnce");
  volume.mutable_spec()->set_volumemode("Filesystem");
  volume.mutable_spec()->set_storageclassname(storage_class);
  volume.mutable_spec()->set_persistentvolumereclaimpolicy("Retain");
  (*volume.mutable_spec()->mutable_capacity())["storage"].set_string(size);
  volume.mutable_status()->set_phase("Available");
  return volume;
}

storagev1::StorageClass make_class(const std::string& mode, const std::string& provisioner = "example.com/disk") {
  storagev1::StorageClass one;
  one.mutable_metadata()->set_name("slow");
  one.set_provisioner(provisioner);
  one.set_volumebindingmode(mode);
  return one;
}

std::string bound_to(const ClaimPlan& plan) { return plan.bind == nullptr ? "" : plan.bind->metadata().name(); }

TEST(VolumeBindingPlan, AClaimGetsTheSmallestVolumeThatSatisfiesIt) {
  const Claim claim = make_claim();
  Volume small = make_volume("small", "500Mi"), right = make_volume("right", "2Gi"), large = make_volume("large", "10Gi");
  Volume other_class = make_volume("other", "1Gi", "fast"), taken = make_volume("taken"), read_only = make_volume("read-only");
  taken.mutable_spec()->mutable_claimref()->set_name("another");
  read_only.mutable_spec()->clear_accessmodes();
  read_only.mutable_spec()->add_accessmodes("ReadOnlyMany");
  const core::Volumes volumes{&large, &small, &right, &other_class, &taken, &read_only};
  const auto immediate = make_class("Immediate");
  EXPECT_EQ(bound_to(plan_claim({.claim = claim, .volumes = volumes, .storage_class = &immediate})), "right");
}

TEST(VolumeBindingPlan, AVolumeThatIsKeptForTheClaimGoesFirst) {
  const Claim claim = make_claim();
  Volume free = make_volume("free"), kept = make_volume("kept", "5Gi");
  kept.mutable_spec()->mutable_claimref()->set_namespace_("ns");
  kept.mutable_spec()->mutable_claimref()->set_name("c");
  const auto waits = make_class("WaitForFirstConsumer");
  EXPECT_EQ(bound_to(plan_claim({.claim = claim, .volumes = {&free, &kept}, .storage_class = &waits})), "kept");
}

TEST(VolumeBindingPlan, ASelectorIsKeptTo) {
  Claim claim = make_claim();
  (*claim.mutable_spec()->mutable_selector()->mutable_matchlabels())["disk"] = "ssd";
  Volume plain = make_volume("plain"), ssd = make_volume("ssd", "3Gi");
  (*ssd.mutable_metadata()->mutable_labels())["disk"] = "ssd";
  EXPECT_EQ(bound_to(plan_claim({.claim = claim, .volumes = {&plain, &ssd}})), "ssd");
}

TEST(VolumeBindingPlan, AClaimThatWaitsForItsFirstPodIsLeftToTheScheduler) {
  const Claim claim = make_claim();
  Volume free = make_volume("free");
  const auto waits = make_class("WaitForFirstConsumer");
  ClaimPlan plan = plan_claim({.claim = claim, .volumes = {&free}, .storage_class = &waits});
  EXPECT_EQ(plan.bind, nullptr);
  EXPECT_EQ(plan.phase, "Pending");
  EXPECT_EQ(plan.notice.reason, "WaitForFirstConsumer");
  plan = plan_claim({.claim = claim, .volumes = {}, .storage_class = &waits, .pod = "p"});
  EXPECT_EQ(plan.notice.message, "waiting for pod p to be scheduled");
  EXPECT_EQ(plan.provisioner, "");
}

TEST(VolumeBindingPlan, AsksTheProvisionerOnceANodeIsChosenOrAtOnce) {
  Claim claim = make_claim();
  const auto immediate = make_class("Immediate"), waits = make_class("WaitForFirstConsumer");
  EXPECT_EQ(plan_claim({.claim = claim, .volumes = {}, .storage_class = &immediate}).provisioner, "example.com/disk");
  (*claim.mutable_metadata()->mutable_annotations())[core::kSelectedNode] = "n1";
  const ClaimPlan plan = plan_claim({.claim = claim, .volumes = {}, .storage_class = &waits});
  EXPECT_EQ(plan.provisioner, "example.com/disk");
  EXPECT_EQ(plan.notice.reason, "ExternalProvisioning");
}

TEST(VolumeBindingPlan, SaysWhyThereIsNoVolume) {
  const auto none = make_class("Immediate", std::string(core::kNoProvisioner));
  EXPECT_EQ(plan_claim({.claim = make_claim("1Gi", ""), .volumes = {}}).notice.message,
            "no persistent volumes available for this claim and no storage class is set");
  EXPECT_EQ(plan_claim({.claim = make_claim(), .volumes = {}}).notice.message, "storageclass.storage.k8s.io \"slow\" not found");
  EXPECT_EQ(plan_claim({.claim = make_claim(), .volumes = {}, .storage_class = &none}).provisioner, "");
}

TEST(VolumeBindingPlan, AClaimThatNamesItsVolumeGetsThatOneOrWaits) {
  Claim claim = make_claim("2Gi");
  claim.mutable_spec()->set_volumename("v");
  Volume small = make_volume("v"), right = make_volume("v", "2Gi"), taken = make_volume("v", "2Gi");
  taken.mutable_spec()->mutable_claimref()->set_name("another");
  EXPECT_EQ(plan_claim({.claim = claim, .volumes = {}}).phase, "Pending");
  EXPECT_EQ(plan_claim({.claim = claim, .named = &small, .volumes = {}}).notice.message,
            "Cannot bind to requested volume \"v\": requested PV is too small");
  EXPECT_EQ(plan_claim({.claim = claim, .named = &taken, .volumes = {}}).notice.message,
            "volume \"v\" already bound to a different claim.");
  EXPECT_EQ(bound_to(plan_claim({.claim = claim, .named = &right, .volumes = {}})), "v");
}

TEST(VolumeBindingPlan, ABoundClaimWithoutItsVolumeIsLost) {
  Claim claim = make_claim();
  claim.mutable_spec()->set_volumename("v");
  (*claim.mutable_metadata()->mutable_annotations())[core::kBindCompleted] = "yes";
  const ClaimPlan plan = plan_claim({.claim = claim, .volumes = {}});
  EXPECT_EQ(plan.phase, "Lost");
  EXPECT_EQ(plan.notice.reason, "ClaimLost");
}

TEST(VolumeBindingPlan, AVolumeIsAvailableBoundAndReleasedWithItsClaim) {
  Claim claim = make_claim();
  Volume volume = make_volume("v");
  EXPECT_EQ(plan_volume(volume, nullptr).phase, "Available");
  ASSERT_TRUE(core::keep_for(claim, volume));
  EXPECT_FALSE(core::keep_for(claim, volume));
  EXPECT_EQ(volume.spec().claimref().uid(), "claim-uid");
  EXPECT_EQ(plan_volume(volume, &claim).phase, "Available") << "until the claim says so, too";
  claim.mutable_spec()->set_volumename("v");
  EXPECT_EQ(plan_volume(volume, &claim).phase, "Bound");
  EXPECT_EQ(plan_volume(volume, nullptr).phase, "Released");
}

TEST(VolumeBindingPlan, AVolumeWhoseClaimTookAnotherIsFreeAgain) {
  Claim claim = make_claim();
  Volume volume = make_volume("v");
  core::keep_for(claim, volume);
  claim.mutable_spec()->set_volumename("w");
  EXPECT_TRUE(plan_volume(volume, &claim).unbind);
  (*volume.mutable_metadata()->mutable_annotations())[core::kProvisionedBy] = "example.com/disk";
  EXPECT_FALSE(plan_volume(volume, &claim).unbind) << "it was made for the claim";
  EXPECT_EQ(plan_volume(volume, &claim).phase, "Released");
}

TEST(VolumeBindingPlan, WhatNobodyCanDeleteHasFailed) {
  Claim claim = make_claim();
  Volume volume = make_volume("v");
  core::keep_for(claim, volume);
  volume.mutable_spec()->set_persistentvolumereclaimpolicy("Delete");
  EXPECT_EQ(plan_volume(volume, nullptr).phase, "Released");
  volume.mutable_status()->set_phase("Released");
  const VolumePlan plan = plan_volume(volume, nullptr);
  EXPECT_EQ(plan.phase, "Failed");
  EXPECT_EQ(plan.message, "error getting deleter volume plugin for volume \"v\": no deletable volume plugin matched");
  EXPECT_EQ(plan.notice.reason, "VolumeFailedDelete");
  (*volume.mutable_metadata()->mutable_annotations())[core::kProvisionedBy] = "example.com/disk";
  EXPECT_EQ(plan_volume(volume, nullptr).phase, "Released") << "its provisioner removes it";
}

}  // namespace
}  // namespace stint::volume_binding
