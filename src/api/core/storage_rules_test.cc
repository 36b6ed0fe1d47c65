// PersistentVolumeClaim and PersistentVolume.
#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;

constexpr const char* kInvalid = "FieldValueInvalid";
constexpr const char* kForbidden = "FieldValueForbidden";
constexpr const char* kRequired = "FieldValueRequired";

corev1::PersistentVolumeClaim claim() {
  return create_yaml<corev1::PersistentVolumeClaim>(R"(
metadata: {name: a}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}})")
      .object;
}

TEST(PersistentVolumeClaimRules, AClaimWaitsInAFileSystem) {
  EXPECT_EQ(claim().status().phase(), "Pending");
  EXPECT_EQ(claim().spec().volumemode(), "Filesystem");
  EXPECT_EQ(cells(claim(), at(1'800'000'005)), (std::vector<std::string>{"a", "Pending", "", "", "", "", "<unset>", "5s", "Filesystem"}));
}

TEST(PersistentVolumeClaimRules, WhatIsAskedForIsChecked) {
  const auto made = create_yaml<corev1::PersistentVolumeClaim>(R"(
metadata: {name: a}
spec: {accessModes: [ReadWriteOncePod, ReadOnlyMany, Odd], volumeMode: Tape, storageClassName: "A_b", resources: {requests: {storage: "0"}}})");
  EXPECT_TRUE(made.refused("spec.accessModes", "FieldValueNotSupported", "\"Odd\"")) << made;
  EXPECT_TRUE(made.refused("spec.accessModes", kForbidden, "may not use ReadWriteOncePod with other access modes"));
  EXPECT_TRUE(made.refused("spec.volumeMode", "FieldValueNotSupported"));
  EXPECT_TRUE(made.refused("spec.storageClassName", kInvalid));
  EXPECT_TRUE(made.refused("spec.resources[storage]", kInvalid, "must be greater than zero"));
  EXPECT_TRUE(create_yaml<corev1::PersistentVolumeClaim>("{metadata: {name: a}}").refused("spec.resources[storage]", kRequired));
}

TEST(PersistentVolumeClaimRules, TheTwoFieldsForASourceSayTheSame) {
  const auto made = create_yaml<corev1::PersistentVolumeClaim>(R"(
metadata: {name: a}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSource: {kind: PersistentVolumeClaim, name: b}})");
  EXPECT_EQ(made.object.spec().datasourceref().name(), "b");
  const auto odd = create_yaml<corev1::PersistentVolumeClaim>(R"(
metadata: {name: a}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSource: {kind: Odd, name: b}})");
  EXPECT_FALSE(odd.object.spec().has_datasource());
}

TEST(PersistentVolumeClaimRules, TheSpecStaysExceptTheVolumeOnceAndTheSizeOfBoundClaims) {
  const corev1::PersistentVolumeClaim old = claim();
  EXPECT_TRUE(update_with(old, [](auto& next) { next.mutable_spec()->set_volumename("v"); }).accepted());
  const auto grow = [](auto& next) { (*next.mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string("2Gi"); };
  EXPECT_TRUE(update_with(old, grow).refused("spec", kForbidden, "spec is immutable after creation"));
  corev1::PersistentVolumeClaim bound = old;
  bound.mutable_status()->set_phase("Bound");
  (*bound.mutable_status()->mutable_capacity())["storage"].set_string("1Gi");
  EXPECT_TRUE(update_with(bound, grow).accepted());
  const auto shrink = [](auto& next) { (*next.mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string("1Mi"); };
  EXPECT_TRUE(update_with(bound, shrink).refused("spec.resources.requests.storage", kForbidden, "less than status.capacity"));
}

TEST(PersistentVolumeClaimRules, AClassMayBeGivenLater) {
  EXPECT_TRUE(update_with(claim(), [](auto& next) { next.mutable_spec()->set_storageclassname("fast"); }).accepted());
}

TEST(PersistentVolumeRules, AVolumeIsKeptAndPrinted) {
  const auto made = create_yaml<corev1::PersistentVolume>(R"(
metadata: {name: a}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany, ReadWriteOnce], nfs: {server: s, path: /p}, claimRef: {namespace: "n", name: c}})");
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_EQ(made.object.status().lastphasetransitiontime().seconds(), 1'800'000'000);
  EXPECT_EQ(cells(made.object, at(1'800'000'005)),
            (std::vector<std::string>{"a", "1Gi", "RWO,RWX", "Retain", "Pending", "n/c", "", "<unset>", "", "5s", "Filesystem"}));
}

TEST(PersistentVolumeRules, ExactlyOneSoundSourceIsWanted) {
  const auto none = create_yaml<corev1::PersistentVolume>("{metadata: {name: a}, spec: {capacity: {storage: 1Gi, cpu: 1}}}");
  EXPECT_TRUE(none.refused("spec", kRequired, "must specify a volume type")) << none;
  EXPECT_TRUE(none.refused("spec.accessModes", kRequired));
  EXPECT_TRUE(none.refused("spec.capacity", "FieldValueNotSupported", R"({"cpu":"1","storage":"1Gi"}: supported values: "storage")"));
  const auto two = create_yaml<corev1::PersistentVolume>(R"(
metadata: {name: a}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], local: {path: ../x}, csi: {driver: d}})");
  EXPECT_TRUE(two.refused("spec.local.path", kInvalid, "must not contain '..'")) << two;
  EXPECT_TRUE(two.refused("spec.nodeAffinity", kRequired, "Local volume requires node affinity"));
  EXPECT_TRUE(two.refused("spec.csi", kForbidden, "may not specify more than 1 volume type"));
}

TEST(PersistentVolumeRules, TheSourceStays) {
  const auto made = create_yaml<corev1::PersistentVolume>(R"(
metadata: {name: a}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /x}})");
  ASSERT_TRUE(made.accepted()) << made;
  const auto moved = update_with(
      made.object, [](auto& next) { next.mutable_spec()->mutable_persistentvolumesource()->mutable_hostpath()->set_path("/y"); });
  EXPECT_TRUE(moved.refused("spec.persistentvolumesource", kForbidden, "is immutable after creation")) << moved;
}

}  // namespace
}  // namespace stint
