#include "node/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint {
namespace {

corev1::Pod make_pod(const std::string& cpu) {
  corev1::Pod pod;
  auto& container = *pod.mutable_spec()->add_containers();
  (*container.mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  return pod;
}

TEST(Admission, RefusesWhatDoesNotFitBesideTheOthers) {
  const auto pod = make_pod("1"), other = make_pod("500m");
  WeighingPods others;
  EXPECT_FALSE(refuse_pod(pod, others, {{"cpu", 1000}, {"pods", 10}}));
  others.put("other", other.spec());
  const auto refusal = refuse_pod(pod, others, {{"cpu", 1000}, {"pods", 10}});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, "OutOfcpu");
  EXPECT_EQ(refusal->message, "Node didn't have enough resource: cpu, requested: 1000, used: 500, capacity: 1000");
  EXPECT_EQ(refuse_pod(pod, others, {{"cpu", 4000}, {"pods", 1}})->reason, "OutOfpods");
  others.drop("other");
  EXPECT_FALSE(refuse_pod(pod, others, {{"cpu", 1000}, {"pods", 1}}));
}

TEST(Admission, APodDoesNotStandInItsOwnWay) {
  auto pod = make_pod("1");
  pod.mutable_metadata()->set_uid("own");
  WeighingPods here;
  here.put("own", pod.spec());
  EXPECT_FALSE(refuse_pod(pod, here, {{"cpu", 1000}, {"pods", 1}}));
  here.put("own", make_pod("3").spec());
  here.put("other", make_pod("1").spec());
  EXPECT_EQ(refuse_pod(pod, here, {{"cpu", 1999}, {"pods", 2}})->message,
            "Node didn't have enough resource: cpu, requested: 1000, used: 1000, capacity: 1999");
}

TEST(Admission, RefusesAmountsBeyondAllNumbers) {
  auto pod = make_pod("9223372036854775807");
  *pod.mutable_spec()->add_containers() = pod.spec().containers(0);
  WeighingPods others;
  for (const char* uid : {"a", "b"}) others.put(uid, pod.spec());
  EXPECT_EQ(refuse_pod(pod, others, {{"cpu", 1000}, {"pods", 10}})->reason, "OutOfcpu");
  others.drop("a");
  others.drop("b");
  EXPECT_FALSE(refuse_pod(make_pod("1"), others, {{"cpu", 1000}, {"pods", 10}}));
}

TEST(Admission, RefusesPodsToBeConfinedByAppArmor) {
  auto pod = make_pod("1");
  const ResourceAmounts room = {{"cpu", 1000}, {"pods", 10}};
  pod.mutable_spec()->mutable_securitycontext()->mutable_apparmorprofile()->set_type("Unconfined");
  EXPECT_FALSE(refuse_pod(pod, WeighingPods(), room));
  pod.mutable_spec()->mutable_securitycontext()->mutable_apparmorprofile()->set_type("RuntimeDefault");
  EXPECT_EQ(refuse_pod(pod, WeighingPods(), room)->reason, "AppArmor");
  pod.mutable_spec()->mutable_containers(0)->set_name("main");
  auto& annotation = (*pod.mutable_metadata()->mutable_annotations())["container.apparmor.security.beta.kubernetes.io/main"];
  annotation = "unconfined";
  EXPECT_FALSE(refuse_pod(pod, WeighingPods(), room));
  pod.mutable_spec()->clear_securitycontext();
  annotation = "localhost/mine";
  EXPECT_EQ(refuse_pod(pod, WeighingPods(), room)->reason, "AppArmor");
}

TEST(Admission, TakesSafeSysctlsAndNoOthers) {
  auto pod = make_pod("1");
  const ResourceAmounts room = {{"cpu", 1000}, {"pods", 10}};
  auto& sysctl = *pod.mutable_spec()->mutable_securitycontext()->add_sysctls();
  sysctl.set_name("net/ipv4/tcp_rmem");
  EXPECT_FALSE(refuse_pod(pod, WeighingPods(), room));
  sysctl.set_name("kernel.shm_rmid_forced");
  EXPECT_FALSE(refuse_pod(pod, WeighingPods(), room));
  pod.mutable_spec()->set_hostipc(true);
  EXPECT_EQ(refuse_pod(pod, WeighingPods(), room)->message,
            "forbidden sysctl: \"kernel.shm_rmid_forced\" not allowed with host ipc enabled");
  sysctl.set_name("kernel.msgmax");
  const auto refusal = refuse_pod(pod, WeighingPods(), room);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, "SysctlForbidden");
  EXPECT_EQ(refusal->message, "forbidden sysctl: \"kernel.msgmax\" not allowlisted");
}

}  // namespace
}  // namespace stint
