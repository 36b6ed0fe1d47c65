#include "api/podsecurity/evaluate.h"

#include "api/core/pod_fixture.h"

namespace stint::podsecurity {
namespace {

using core::pod_fixture::pod;

constexpr LevelVersion kBaseline{Level::kBaseline, {}};
constexpr LevelVersion kRestricted{Level::kRestricted, {}};

LevelVersion at(Level level, int64_t minor) { return {level, {.latest = false, .minor = minor}}; }

std::string verdict(const LevelVersion& asked, const corev1::Pod& pod) { return details_of(evaluate(asked, pod.metadata(), pod.spec())); }

// What a restricted pod must say of itself; `container` and `spec` are further members.
corev1::Pod restricted_pod(const std::string& container = "", const std::string& spec = "") {
  return pod("securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]" + container + "}}",
             "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}" + spec);
}

TEST(PodSecurity, APrivilegedNamespaceAllowsEverything) {
  EXPECT_EQ(verdict({}, pod("securityContext: {privileged: true}", "hostNetwork: true")), "");
}

TEST(PodSecurity, AnOrdinaryPodKeepsToTheBaseline) { EXPECT_EQ(verdict(kBaseline, pod()), ""); }

TEST(PodSecurity, ARestrictedPodMustSayFourThings) {
  EXPECT_EQ(verdict(kRestricted, pod()),
            "allowPrivilegeEscalation != false (container \"main\" must set securityContext.allowPrivilegeEscalation=false), "
            "unrestricted capabilities (container \"main\" must set securityContext.capabilities.drop=[\"ALL\"]), "
            "runAsNonRoot != true (pod or container \"main\" must set securityContext.runAsNonRoot=true), "
            "seccompProfile (pod or container \"main\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
            "\"Localhost\")");
  EXPECT_EQ(verdict(kRestricted, restricted_pod()), "");
}

struct Case {
  const char* name;
  const char* container;
  const char* spec;
  const char* told;
};

class BaselineRefuses : public ::testing::TestWithParam<Case> {};

TEST_P(BaselineRefuses, InUpstreamsWords) { EXPECT_EQ(verdict(kBaseline, pod(GetParam().container, GetParam().spec)), GetParam().told); }

INSTANTIATE_TEST_SUITE_P(
    PodSecurity, BaselineRefuses,
    ::testing::Values(
        Case{"HostNamespaces", "", "hostNetwork: true, hostPID: true, hostIPC: true",
             "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"},
        Case{"HostPath", "", "volumes: [{name: a, hostPath: {path: /}}, {name: b, hostPath: {path: /}}]",
             "hostPath volumes (volumes \"a\", \"b\")"},
        Case{"HostPorts", "ports: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 8}]", "",
             "hostPort (container \"main\" uses hostPorts 8, 80)"},
        Case{"ProbeHosts", "livenessProbe: {httpGet: {host: h, port: 1}}, lifecycle: {preStop: {httpGet: {host: g, port: 1}}}", "",
             "probe or lifecycle host (container \"main\" uses probe or lifecycle hosts \"g\", \"h\")"},
        Case{"Privileged", "securityContext: {privileged: true}", "initContainers: [{name: i, securityContext: {privileged: true}}]",
             "privileged (containers \"i\", \"main\" must not set securityContext.privileged=true)"},
        Case{"Capabilities", "securityContext: {capabilities: {add: [NET_RAW, CHOWN]}}", "",
             "non-default capabilities (container \"main\" must not include \"NET_RAW\" in securityContext.capabilities.add)"},
        Case{"ProcMount", "securityContext: {procMount: Unmasked}", "",
             "procMount (container \"main\" must not set securityContext.procMount to \"Unmasked\")"},
        Case{"AppArmor", "securityContext: {appArmorProfile: {type: Unconfined}}", "securityContext: {appArmorProfile: {type: Unconfined}}",
             "forbidden AppArmor profile (pod and container \"main\" must not set AppArmor profile type to \"Unconfined\")"},
        Case{"SELinux", "securityContext: {seLinuxOptions: {type: t, user: u, role: r}}", "",
             "seLinuxOptions (container \"main\" set forbidden securityContext.seLinuxOptions: type \"t\"; user may not be set; role may "
             "not be set)"},
        Case{"Seccomp", "", "securityContext: {seccompProfile: {type: Unconfined}}",
             "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"},
        Case{"Sysctls", "", "securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}, {name: net.ipv4.tcp_rmem, value: '1'}]}",
             "forbidden sysctls (kernel.msgmax)"},
        Case{"Windows", "", "securityContext: {windowsOptions: {hostProcess: true}}",
             "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"}),
    [](const auto& tested) { return tested.param.name; });

TEST(PodSecurity, RestrictedForbidsMoreThanItAsks) {
  EXPECT_EQ(verdict(kRestricted, restricted_pod(", add: [NET_BIND_SERVICE]")), "");
  EXPECT_EQ(verdict(kRestricted, restricted_pod(", add: [CHOWN]")),
            "unrestricted capabilities (container \"main\" must not include \"CHOWN\" in securityContext.capabilities.add)");
  EXPECT_EQ(verdict(kRestricted, restricted_pod("", ", volumes: [{name: v, hostPath: {path: /}}, {name: w, nfs: {server: s, path: /}}]")),
            "restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")");
  corev1::Pod root = restricted_pod();
  root.mutable_spec()->mutable_securitycontext()->set_runasuser(0);
  EXPECT_EQ(verdict(kRestricted, root), "runAsUser=0 (pod must not set runAsUser=0)");
}

TEST(PodSecurity, OlderVersionsHaveTheirOwnRules) {
  const corev1::Pod keepalive = pod("", "securityContext: {sysctls: [{name: net.ipv4.tcp_keepalive_time, value: '1'}]}");
  EXPECT_EQ(verdict(at(Level::kBaseline, 28), keepalive), "forbidden sysctls (net.ipv4.tcp_keepalive_time)");
  EXPECT_EQ(verdict(at(Level::kBaseline, 29), keepalive), "");
  // Not dropping all was fine until v1.22, setting no seccomp profile until v1.19.
  const corev1::Pod modest = pod("securityContext: {allowPrivilegeEscalation: false}", "securityContext: {runAsNonRoot: true}");
  EXPECT_EQ(verdict(at(Level::kRestricted, 18), modest), "");
  EXPECT_EQ(verdict(at(Level::kRestricted, 1000), modest), verdict(kRestricted, modest));
  corev1::Pod annotated = pod();
  (*annotated.mutable_metadata()->mutable_annotations())["seccomp.security.alpha.kubernetes.io/pod"] = "unconfined";
  EXPECT_EQ(verdict(at(Level::kBaseline, 18), annotated),
            "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")");
  EXPECT_EQ(verdict(at(Level::kBaseline, 19), annotated), "");
}

TEST(PodSecurity, UsersOfItsOwnFreeAPodOfWhatIsAboutRoot) {
  corev1::Pod own = restricted_pod("", ", hostUsers: false");
  own.mutable_spec()->mutable_securitycontext()->set_runasnonroot(false);
  own.mutable_spec()->mutable_securitycontext()->set_runasuser(0);
  EXPECT_EQ(verdict(kRestricted, own), "");
  EXPECT_NE(verdict(at(Level::kRestricted, 34), own), "");
  own.mutable_spec()->mutable_containers(0)->mutable_securitycontext()->set_procmount("Unmasked");
  EXPECT_EQ(verdict(kBaseline, own), "");
  EXPECT_EQ(verdict(kRestricted, own), "procMount (container \"main\" must not set securityContext.procMount to \"Unmasked\")");
}

TEST(PodSecurity, EphemeralContainersAreHeldToTheSame) {
  const corev1::Pod debugged = pod("", "ephemeralContainers: [{name: debug, image: i, securityContext: {privileged: true}}]");
  EXPECT_EQ(verdict(kBaseline, debugged), "privileged (container \"debug\" must not set securityContext.privileged=true)");
}

TEST(PodSecurityPolicy, WhoEnforcesWarns) {
  google::protobuf::Map<std::string, std::string> labels;
  labels["pod-security.kubernetes.io/enforce"] = "baseline";
  labels["pod-security.kubernetes.io/enforce-version"] = "v1.30";
  FieldErrors errors;
  const Policy policy = read_policy(labels, errors);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(to_text(policy.enforce), "baseline:v1.30");
  EXPECT_EQ(to_text(policy.warn), "baseline:v1.30");
  EXPECT_EQ(to_text(policy.audit), "privileged:latest");
}

TEST(PodSecurityPolicy, WhatCannotBeReadIsEnforcedAtItsStrictest) {
  google::protobuf::Map<std::string, std::string> labels;
  for (const std::string mode : {"enforce", "audit", "warn"}) {
    labels["pod-security.kubernetes.io/" + mode] = "strict";
    labels["pod-security.kubernetes.io/" + mode + "-version"] = "v1.07";
  }
  FieldErrors errors;
  const Policy policy = read_policy(labels, errors);
  ASSERT_EQ(errors.causes().size(), 6u);
  EXPECT_EQ(errors.causes()[0].field, "metadata.labels[pod-security.kubernetes.io/enforce]");
  EXPECT_EQ(errors.causes()[0].message, "Invalid value: \"strict\": must be one of privileged, baseline, restricted");
  EXPECT_EQ(errors.causes()[1].message, "Invalid value: \"v1.07\": must be \"latest\" or \"v1.x\"");
  EXPECT_EQ(to_text(policy.enforce), "restricted:latest");
  EXPECT_EQ(to_text(policy.audit), "privileged:latest");
  EXPECT_EQ(to_text(policy.warn), "privileged:latest");
}

}  // namespace
}  // namespace stint::podsecurity
