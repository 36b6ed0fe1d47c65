// Pods that upstream refuses, and what is told of pods that it takes.
#include "api/core/pod_fixture.h"

namespace stint::core {
namespace {

using namespace rules_fixture;
using namespace pod_fixture;
using corev1::Pod;

TEST(PodSpread, DomainsPoliciesAndKeys) {
  const std::string at = "spec.topologySpreadConstraints[0]";
  auto spread = [](std::string_view more, std::string_view when = "DoNotSchedule") {
    return create(pod("", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: " + std::string(when) + ", " +
                              std::string(more) + "}]"));
  };
  EXPECT_TRUE(spread("minDomains: 0").refused(at + ".minDomains", kInvalid, "must be greater than zero"));
  EXPECT_TRUE(spread("minDomains: 2", "ScheduleAnyway").refused(at + ".minDomains", kInvalid, "not ScheduleAnyway"));
  EXPECT_TRUE(spread("nodeAffinityPolicy: X").refused(at + ".nodeAffinityPolicy", kNotSupported));
  EXPECT_TRUE(spread("nodeTaintsPolicy: X").refused(at + ".nodeTaintsPolicy", kNotSupported));
  EXPECT_TRUE(spread("matchLabelKeys: [a]").refused(at + ".matchLabelKeys", kForbidden));
  EXPECT_TRUE(spread("labelSelector: {matchLabels: {a: b}}, minDomains: 2, nodeTaintsPolicy: Honor").accepted());
}

TEST(PodAffinity, LabelKeysNeedASelector) {
  auto affinity = [](std::string_view term) {
    return create(pod(
        "", "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: k, " + std::string(term) + "}]}}"));
  };
  const std::string at = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
  EXPECT_TRUE(affinity("matchLabelKeys: [a]").refused(at + ".matchLabelKeys", kForbidden));
  EXPECT_TRUE(affinity("labelSelector: {}, matchLabelKeys: [a], mismatchLabelKeys: [a]").refused(at + ".matchLabelKeys[0]", kInvalid));
  EXPECT_TRUE(affinity("labelSelector: {}, matchLabelKeys: [a]").accepted());
}

TEST(PodAffinity, LabelKeysBecomeRequirementsByThePodsOwnLabels) {
  Pod labelled = pod("",
                     "topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule, labelSelector: {}, "
                     "matchLabelKeys: [a, b]}]");
  (*labelled.mutable_metadata()->mutable_labels())["a"] = "x";
  const Outcome<Pod> made = create(labelled);
  ASSERT_TRUE(made.accepted()) << made;
  const auto& requirements = made.object.spec().topologyspreadconstraints(0).labelselector().matchexpressions();
  ASSERT_EQ(requirements.size(), 1);
  EXPECT_EQ(json::encode(requirements[0]), R"({"key":"a","operator":"In","values":["x"]})");
}

TEST(PodSysctls, OfTheHostAreNotForItsGuests) {
  const std::string name = "spec.securityContext.sysctls[0].name";
  auto sysctl = [](std::string_view one, std::string_view host = "hostPID: false") {
    return create(pod("", std::string(host) + ", securityContext: {sysctls: [{name: " + std::string(one) + ", value: \"1\"}]}"));
  };
  EXPECT_TRUE(sysctl("net.ipv4.tcp_syncookies").accepted());
  EXPECT_TRUE(sysctl("net.ipv4.tcp_syncookies", "hostNetwork: true").refused(name, kInvalid, "'hostNetwork' is true"));
  EXPECT_TRUE(sysctl("net/ipv4/tcp_syncookies", "hostNetwork: true").refused(name, kInvalid, "'hostNetwork' is true"));
  EXPECT_TRUE(sysctl("kernel.shmmax", "hostIPC: true").refused(name, kInvalid, "'hostIPC' is true"));
  for (const char* bad : {"a..b", "\"a b\"", ".a", "a-", "A"}) EXPECT_TRUE(sysctl(bad).refused(name, kInvalid)) << bad;
}

TEST(PodResources, AreNoLessThanTheContainers) {
  EXPECT_TRUE(create(pod("resources: {requests: {cpu: 2}}", "resources: {requests: {cpu: 1}}"))
                  .refused("spec.resources.requests[cpu]", kInvalid, "aggregate container requests of 2"));
  EXPECT_TRUE(create(pod("", "resources: {limits: {ephemeral-storage: 1Gi}}"))
                  .refused("spec.resources.limits[ephemeral-storage]", kNotSupported, "\"cpu\", \"hugepages-\", \"memory\""));
  const Outcome<Pod> made = create(pod("resources: {requests: {cpu: 100m}}", "resources: {limits: {cpu: 1, memory: 1Gi}}"));
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_EQ(made.object.spec().resources().requests().at("cpu").string(), "100m");
  EXPECT_EQ(made.object.spec().resources().requests().at("memory").string(), "1Gi");
}

TEST(PodResources, ClaimsAreNamedWithOneSource) {
  const Outcome<Pod> outcome =
      create(pod("", "resourceClaims: [{name: a}, {name: b, resourceClaimName: x, resourceClaimTemplateName: z}]"));
  EXPECT_TRUE(outcome.refused("spec.resourceClaims[0]", kInvalid, "must specify one of")) << outcome;
  EXPECT_TRUE(outcome.refused("spec.resourceClaims[1]", kInvalid, "at most one of")) << outcome;
  EXPECT_TRUE(create(pod("resources: {claims: [{name: x}]}"))
                  .refused("spec.containers[0].resources.claims[0]", "FieldValueNotFound", "which is empty"));
  EXPECT_TRUE(create(pod("resources: {claims: [{name: a}]}", "resourceClaims: [{name: a, resourceClaimName: x}]")).accepted());
}

TEST(PodResources, HugePagesComeWhole) {
  EXPECT_TRUE(create(pod("resources: {limits: {hugepages-2Mi: 3Mi, cpu: 1}}"))
                  .refused("spec.containers[0].resources.limits[hugepages-2Mi]", kInvalid, "3Mi is not positive integer multiple"));
  EXPECT_TRUE(create(pod("resources: {limits: {hugepages-2Mi: 4Mi, cpu: 1}}")).accepted());
  EXPECT_TRUE(create(pod("", "overhead: {cpu: \"-1\"}")).refused("spec.overhead.limits[cpu]", kInvalid));
}

TEST(PodOs, ExcludesWhatItDoesNotHave) {
  const Outcome<Pod> windows =
      create(pod("securityContext: {runAsUser: 1}", "os: {name: windows}, hostPID: true, securityContext: {fsGroup: 1}"));
  EXPECT_TRUE(windows.refused("spec.securityContext.fsGroup", kForbidden, "cannot be set for a windows pod")) << windows;
  EXPECT_TRUE(windows.refused("spec.hostPID", kForbidden)) << windows;
  EXPECT_TRUE(windows.refused("spec.containers[0].securityContext.runAsUser", kForbidden)) << windows;
  EXPECT_TRUE(create(pod("securityContext: {windowsOptions: {runAsUserName: x}}", "os: {name: linux}"))
                  .refused("spec.containers[0].securityContext.windowsOptions", kForbidden));
  EXPECT_TRUE(create(pod("", "os: {name: plan9}")).refused("spec.os", kNotSupported));
  EXPECT_TRUE(create(pod("securityContext: {windowsOptions: {runAsUserName: a/b}}"))
                  .refused("spec.containers[0].securityContext.windowsOptions.runAsUserName", kInvalid, "runAsUserName's User"));
}

TEST(PodVolumes, DevicesAreOfClaims) {
  const std::string device = "spec.containers[0].volumeDevices[0]";
  EXPECT_TRUE(create(pod("volumeDevices: [{name: v, devicePath: /dev/x}]", "volumes: [{name: v, emptyDir: {}}]"))
                  .refused(device + ".name", kInvalid, "for block mode"));
  EXPECT_TRUE(create(pod("volumeDevices: [{name: v, devicePath: /dev/x}]")).refused(device + ".name", "FieldValueNotFound"));
  EXPECT_TRUE(create(pod("volumeDevices: [{name: v, devicePath: /dev/x}]", "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]"))
                  .accepted());
}

TEST(PodVolumes, DisksOfIscsiHaveNames) {
  auto disk = [](std::string_view iqn) {
    return create(pod("", "volumes: [{name: v, iscsi: {targetPortal: p, lun: 1, iqn: \"" + std::string(iqn) + "\"}}]"));
  };
  EXPECT_TRUE(disk("iqn.2001-04.com.example:disk").accepted());
  EXPECT_TRUE(disk("eui.0123456789abcdef").accepted());
  for (const char* bad : {"x", "iqn.2001", "iqn.2001-04.com.example", "eui.01", "naa.0123456789abcdef"}) {
    EXPECT_TRUE(disk(bad).refused("spec.volumes[0].iscsi.iqn", kInvalid)) << bad;
  }
}

TEST(PodContainers, ResizePoliciesNameAResourceOnce) {
  const Outcome<Pod> outcome =
      create(pod("resizePolicy: [{resourceName: gpu, restartPolicy: NotRequired}, {resourceName: cpu, restartPolicy: NotRequired}, "
                 "{resourceName: cpu, restartPolicy: X}]"));
  EXPECT_TRUE(outcome.refused("spec.containers[0].resizePolicy", kNotSupported, "\"gpu\"")) << outcome;
  EXPECT_TRUE(outcome.refused("spec.containers[0].resizePolicy[2]", "FieldValueDuplicate")) << outcome;
}

TEST(PodContainers, EphemeralOnesAreCheckedAndRefusedAtACreate) {
  const Outcome<Pod> outcome = create(pod("", "ephemeralContainers: [{name: main, image: i, ports: [{containerPort: 1}]}]"));
  EXPECT_TRUE(outcome.refused("spec.ephemeralContainers[0].name", "FieldValueDuplicate")) << outcome;
  EXPECT_TRUE(outcome.refused("spec.ephemeralContainers[0].ports", kForbidden, "Ephemeral Container")) << outcome;
  EXPECT_TRUE(outcome.refused("spec.ephemeralContainers", kForbidden, "cannot be set on create")) << outcome;
}

TEST(PodContainers, ProfilesHaveATypeAndALocalFile) {
  const std::string at = "spec.containers[0].securityContext.";
  EXPECT_TRUE(create(pod("securityContext: {seccompProfile: {}}")).refused(at + "seccompProfile.type", kRequired, "type is required"));
  EXPECT_TRUE(create(pod("securityContext: {seccompProfile: {type: Localhost, localhostProfile: ../x}}"))
                  .refused(at + "seccompProfile.localhostProfile", kInvalid, "must not contain '..'"));
  EXPECT_TRUE(create(pod("securityContext: {appArmorProfile: {type: Localhost, localhostProfile: \" x\"}}"))
                  .refused(at + "appArmorProfile.localhostProfile", kInvalid, "padded"));
}

TEST(PodContainers, StopSignalsAreLeftOut) {
  const Outcome<Pod> made = create(pod("lifecycle: {stopSignal: SIGUSR1}"));
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_FALSE(made.object.spec().containers(0).has_lifecycle());
}

TEST(PodAnnotations, MirrorPodsHaveANode) {
  Pod mirror = pod();
  (*mirror.mutable_metadata()->mutable_annotations())["kubernetes.io/config.mirror"] = "x";
  EXPECT_TRUE(create(mirror).refused("metadata.annotations[kubernetes.io/config.mirror]", kInvalid, "must set spec.nodeName"));
}

TEST(PodAnnotations, NameContainersAndProfilesOfAppArmor) {
  constexpr const char* kPrefix = "container.apparmor.security.beta.kubernetes.io/";
  const auto with = [&](const std::string& container, const std::string& value, std::string_view profile = "") {
    Pod annotated = pod(profile.empty() ? "" : "securityContext: {appArmorProfile: {" + std::string(profile) + "}}");
    (*annotated.mutable_metadata()->mutable_annotations())[kPrefix + container] = value;
    return create(annotated);
  };
  const std::string at = std::string("metadata.annotations[") + kPrefix;
  EXPECT_TRUE(with("main", "runtime/default").accepted());
  EXPECT_TRUE(with("other", "unconfined").refused(at + "other]", kInvalid, "container not found"));
  EXPECT_TRUE(with("main", "mine").refused(at + "main]", kInvalid, "invalid AppArmor profile name: \"mine\""));
  const std::string field = "spec.containers[0].securityContext.appArmorProfile.";
  EXPECT_TRUE(with("main", "localhost/a", "type: Localhost, localhostProfile: a").accepted());
  EXPECT_TRUE(with("main", "unconfined", "type: RuntimeDefault").refused(field + "type", kForbidden, "must match"));
  EXPECT_TRUE(
      with("main", "localhost/b", "type: Localhost, localhostProfile: a").refused(field + "localhostProfile", kForbidden, "must match"));
  const Pod old = with("main", "unconfined").object;
  EXPECT_TRUE(update_with(old, [](Pod& next) {
                next.mutable_metadata()->clear_annotations();
              }).refused(at + "main]", kForbidden, "may not remove or update AppArmor annotations"));
  EXPECT_TRUE(update_with(create(pod()).object, [&](Pod& next) {
                (*next.mutable_metadata()->mutable_annotations())[std::string(kPrefix) + "main"] = "unconfined";
              }).refused(at + "main]", kForbidden, "may not add AppArmor annotations"));
}

TEST(PodUpdates, ShowWhatDiffers) {
  const Pod old = create(pod()).object;
  EXPECT_TRUE(update_with(old, [](Pod& next) {
                next.mutable_spec()->set_nodename("n");
              }).refused("spec", kForbidden, "\n- \"NodeName\": \"\",\n+ \"NodeName\": \"n\",\n"));
}

TEST(PodWarnings, AreInUpstreamsOrder) {
  const Pod made = create(pod("", "nodeSelector: {beta.kubernetes.io/arch: x}, imagePullSecrets: [{name: \"\"}, {}]")).object;
  EXPECT_EQ(warnings_on_create(made),
            (std::vector<std::string>{
                "spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use \"kubernetes.io/arch\" instead",
                "spec.imagePullSecrets[1].name: duplicate name \"\"",
                "spec.imagePullSecrets[0].name: invalid empty name \"\"",
                "spec.imagePullSecrets[1].name: invalid empty name \"\"",
            }));
}

TEST(PodWarnings, PortsAreComparedOverAllContainers) {
  const Pod made = create(pod("ports: [{containerPort: 80, name: a}, {containerPort: 80, name: b, hostPort: 1}]")).object;
  EXPECT_EQ(warnings_on_create(made),
            (std::vector<std::string>{"spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]"}));
}

}  // namespace
}  // namespace stint::core
