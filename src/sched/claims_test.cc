#include "sched/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/plan.h"

namespace stint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Claims : public testing::Test {
 protected:
  Claims() {
    for (const char* name : {"n1", "n2"}) {
      corev1::Node node;
      node.mutable_metadata()->set_name(name);
      (*node.mutable_metadata()->mutable_labels())["kubernetes.io/hostname"] = name;
      (*node.mutable_status()->mutable_allocatable())["pods"].set_string("10");
      snapshot_.nodes.push_back(std::make_shared<corev1::Node>(node));
    }
    put_class("waits", "WaitForFirstConsumer", "example.com/disk");
    put_class("none", "WaitForFirstConsumer", std::string(core::kNoProvisioner));
    put_class("now", "Immediate", "example.com/disk");
  }
  void put_class(const std::string& name, const std::string& mode, const std::string& provisioner) {
    auto one = std::make_shared<storagev1::StorageClass>();
    one->mutable_metadata()->set_name(name);
    one->set_volumebindingmode(mode);
    one->set_provisioner(provisioner);
    snapshot_.storage.classes[name] = one;
  }
  corev1::PersistentVolumeClaim claim(const std::string& name, const std::string& storage_class,
                                      const std::string& mode = "ReadWriteOnce") {
    corev1::PersistentVolumeClaim claim;
    claim.mutable_metadata()->set_namespace_("default");
    claim.mutable_metadata()->set_name(name);
    claim.mutable_metadata()->set_uid(name + "-uid");
    claim.mutable_spec()->set_storageclassname(storage_class);
    claim.mutable_spec()->add_accessmodes(mode);
    claim.mutable_status()->set_phase("Pending");
    return claim;
  }
  void put(const corev1::PersistentVolumeClaim& claim) {
    snapshot_.storage.claims["default/" + claim.metadata().name()] = std::make_shared<corev1::PersistentVolumeClaim>(claim);
  }
  void put_bound(const std::string& name, const std::string& volume, const std::string& mode = "ReadWriteOnce") {
    auto bound = claim(name, "waits", mode);
    bound.mutable_spec()->set_volumename(volume);
    (*bound.mutable_metadata()->mutable_annotations())[core::kBindCompleted] = "yes";
    bound.mutable_status()->set_phase("Bound");
    put(bound);
  }
  void put_volume(const std::string& name, const std::string& node, const std::string& storage_class = "none") {
    auto volume = std::make_shared<corev1::PersistentVolume>();
    volume->mutable_metadata()->set_name(name);
    volume->mutable_spec()->set_storageclassname(storage_class);
    volume->mutable_spec()->add_accessmodes("ReadWriteOnce");
    volume->mutable_status()->set_phase("Available");
    auto& expression = *volume->mutable_spec()->mutable_nodeaffinity()->mutable_required()->add_nodeselectorterms()->add_matchexpressions();
    expression.set_key("kubernetes.io/hostname");
    expression.set_operator_("In");
    expression.add_values(node);
    snapshot_.storage.volumes[name] = volume;
  }
  static corev1::Pod pod(const std::string& name, const std::vector<std::string>& claims) {
    corev1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_uid(name + "-uid");
    for (const std::string& claim : claims) {
      auto& volume = *pod.mutable_spec()->add_volumes();
      volume.set_name(claim);
      volume.mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname(claim);
    }
    return pod;
  }
  SchedulePlan plan(const std::vector<corev1::Pod>& pods) {
    snapshot_.waiting.clear();
    for (const auto& pod : pods) snapshot_.waiting.push_back(std::make_shared<corev1::Pod>(pod));
    return plan_schedule(snapshot_);
  }
  std::string message(const corev1::Pod& pod) {
    const SchedulePlan made = plan({pod});
    return made.unschedulable.empty() ? "" : made.unschedulable[0].message;
  }

  Snapshot snapshot_;
};

constexpr char kTail[] = ". preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";

TEST_F(Claims, APodWithoutItsClaimWaits) {
  EXPECT_EQ(message(pod("p", {"c"})), std::string("0/2 nodes are available: persistentvolumeclaim \"c\" not found") + kTail);
  put(claim("c", "now"));
  EXPECT_EQ(message(pod("p", {"c"})), std::string("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims") + kTail);
  auto deleted = claim("c", "waits");
  deleted.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  put(deleted);
  EXPECT_EQ(message(pod("p", {"c"})), std::string("0/2 nodes are available: persistentvolumeclaim \"c\" is being deleted") + kTail);
  auto lost = claim("c", "waits");
  lost.mutable_spec()->set_volumename("v");
  lost.mutable_status()->set_phase("Lost");
  put(lost);
  EXPECT_EQ(message(pod("p", {"c"})),
            std::string("0/2 nodes are available: persistentvolumeclaim \"c\" bound to non-existent persistentvolume \"v\"") + kTail);
}

TEST_F(Claims, APodGoesWhereItsVolumeIs) {
  put_bound("c", "v");
  put_volume("v", "n2");
  const SchedulePlan made = plan({pod("p", {"c"})});
  ASSERT_EQ(made.bindings.size(), 1u);
  EXPECT_EQ(made.bindings[0].node, "n2");
  EXPECT_THAT(made.bindings[0].claims, IsEmpty());
  put_volume("v", "elsewhere");
  EXPECT_EQ(message(pod("p", {"c"})),
            std::string("0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity") + kTail);
  snapshot_.storage.volumes.clear();
  EXPECT_EQ(message(pod("p", {"c"})),
            std::string("0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)") + kTail);
}

TEST_F(Claims, AVolumeIsMadeOnTheChosenNodeAndOnNoOther) {
  put(claim("c", "waits"));
  const SchedulePlan made = plan({pod("p", {"c"})});
  ASSERT_EQ(made.bindings.size(), 1u);
  ASSERT_EQ(made.bindings[0].claims.size(), 1u);
  EXPECT_EQ(made.bindings[0].claims[0].volume, nullptr);
  auto selected = claim("c", "waits");
  (*selected.mutable_metadata()->mutable_annotations())[core::kSelectedNode] = "n2";
  put(selected);
  EXPECT_EQ(plan({pod("p", {"c"})}).bindings.at(0).node, "n2");
}

TEST_F(Claims, AFreeVolumeOfANodeIsPromisedOnce) {
  put(claim("a", "none")), put(claim("b", "none"));
  put_volume("v", "n2");
  const SchedulePlan made = plan({pod("p", {"a"}), pod("q", {"b"})});
  ASSERT_EQ(made.bindings.size(), 1u);
  EXPECT_EQ(made.bindings[0].node, "n2");
  EXPECT_EQ(made.bindings[0].claims.at(0).volume->metadata().name(), "v");
  ASSERT_EQ(made.unschedulable.size(), 1u);
  EXPECT_EQ(made.unschedulable[0].message,
            std::string("0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind") + kTail);
}

TEST_F(Claims, ReadWriteOncePodIsForOnePod) {
  put_bound("c", "v", "ReadWriteOncePod");
  put_volume("v", "n1");
  auto first = pod("first", {"c"});
  first.mutable_spec()->set_nodename("n1");
  snapshot_.bound.push_back(std::make_shared<corev1::Pod>(first));
  EXPECT_THAT(message(pod("p", {"c"})),
              testing::HasSubstr(
                  "2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"));
}

TEST_F(Claims, AnEphemeralVolumeNeedsTheClaimMadeForItsPod) {
  auto with = pod("p", {});
  with.mutable_spec()->add_volumes()->set_name("scratch");
  with.mutable_spec()->mutable_volumes(0)->mutable_volumesource()->mutable_ephemeral();
  EXPECT_EQ(message(with), std::string("0/2 nodes are available: waiting for ephemeral volume controller to create the "
                                       "persistentvolumeclaim \"p-scratch\"") +
                               kTail);
  put(claim("p-scratch", "waits"));
  EXPECT_EQ(message(with),
            std::string("0/2 nodes are available: PVC default/p-scratch was not created for pod default/p (pod is not owner)") + kTail);
  auto owned = claim("p-scratch", "waits");
  auto& owner = *owned.mutable_metadata()->add_ownerreferences();
  owner.set_controller(true);
  owner.set_uid("p-uid");
  put(owned);
  EXPECT_EQ(message(with), "");
}

}  // namespace
}  // namespace stint
