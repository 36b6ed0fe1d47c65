#include "api/core/pod_ephemeral.h"

#include <gtest/gtest.h>

namespace stint::core {
namespace {

corev1::Pod pod_with(std::initializer_list<std::string> ephemeral) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_name("p");
  pod.mutable_spec()->add_containers()->set_name("c");
  for (const auto& name : ephemeral) {
    auto& container = *pod.mutable_spec()->add_ephemeralcontainers()->mutable_ephemeralcontainercommon();
    container.set_name(name);
    container.set_image("busybox");
  }
  return pod;
}

std::string refusal(const corev1::Pod& next, const corev1::Pod& old) {
  FieldErrors errors;
  validate_ephemeral_update(next, old, errors);
  std::string found;
  for (const auto& cause : errors.causes())
    if (cause.message.find("existing ephemeral") != std::string::npos) found = cause.message;
  return found;
}

TEST(PodEphemeral, OnlyEphemeralContainersAreTakenFromAWrite) {
  const corev1::Pod old = pod_with({});
  corev1::Pod next = pod_with({"debugger"});
  next.mutable_spec()->mutable_containers(0)->set_image("other");
  (*next.mutable_metadata()->mutable_labels())["a"] = "b";
  next.mutable_status()->set_phase("Failed");
  prepare_ephemeral_update(next, old);
  EXPECT_EQ(next.spec().ephemeralcontainers_size(), 1);
  EXPECT_EQ(next.spec().containers(0).image(), "");
  EXPECT_TRUE(next.metadata().labels().empty());
  EXPECT_EQ(next.status().phase(), "");
}

TEST(PodEphemeral, OneMoreIsFineAndNoneMayGoOrChange) {
  const corev1::Pod old = pod_with({"a"});
  EXPECT_EQ(refusal(pod_with({"b", "a"}), old), "");
  EXPECT_NE(refusal(pod_with({"b"}), old).find("\"a\" may not be removed"), std::string::npos);
  corev1::Pod changed = pod_with({"a"});
  changed.mutable_spec()->mutable_ephemeralcontainers(0)->mutable_ephemeralcontainercommon()->set_image("other");
  EXPECT_NE(refusal(changed, old).find("\"a\" may not be changed"), std::string::npos);
}

}  // namespace
}  // namespace stint::core
