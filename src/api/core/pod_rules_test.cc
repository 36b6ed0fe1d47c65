#include "api/core/pod_fixture.h"
#include "api/core/pod_spec.h"

namespace stint::core {
namespace {

using namespace rules_fixture;
using namespace pod_fixture;
using corev1::Pod;

TEST(PodDefaults, AreThoseOfUpstream) {
  Outcome<Pod> made = create(
      pod("ports: [{containerPort: 80}], livenessProbe: {httpGet: {port: 80}}", "volumes: [{name: v}, {name: c, configMap: {name: c}}]"));
  ASSERT_TRUE(made.accepted()) << made;
  const corev1::PodSpec& spec = made.object.spec();
  EXPECT_EQ(spec.restartpolicy(), "Always");
  EXPECT_EQ(spec.dnspolicy(), "ClusterFirst");
  EXPECT_EQ(spec.schedulername(), "default-scheduler");
  EXPECT_EQ(spec.terminationgraceperiodseconds(), 30);
  EXPECT_TRUE(spec.enableservicelinks());
  EXPECT_TRUE(spec.has_securitycontext());
  const corev1::Container& container = spec.containers(0);
  EXPECT_EQ(container.terminationmessagepath(), "/dev/termination-log");
  EXPECT_EQ(container.terminationmessagepolicy(), "File");
  EXPECT_EQ(container.ports(0).protocol(), "TCP");
  EXPECT_EQ(container.livenessprobe().periodseconds(), 10);
  EXPECT_EQ(container.livenessprobe().failurethreshold(), 3);
  EXPECT_EQ(container.livenessprobe().handler().httpget().path(), "/");
  EXPECT_TRUE(spec.volumes(0).volumesource().has_emptydir());
  EXPECT_EQ(spec.volumes(1).volumesource().configmap().defaultmode(), 0644);
}

TEST(PodDefaults, AreIdempotent) {
  Pod once = create(pod("resources: {limits: {cpu: 100m}}")).object;
  Pod twice = once;
  set_pod_defaults(twice);
  EXPECT_EQ(once.SerializeAsString(), twice.SerializeAsString());
}

TEST(PodDefaults, ThePullPolicyFollowsTheTag) {
  EXPECT_EQ(default_pull_policy("busybox"), "Always");
  EXPECT_EQ(default_pull_policy("localhost:5000/busybox"), "Always");
  EXPECT_EQ(default_pull_policy("busybox:latest"), "Always");
  EXPECT_EQ(default_pull_policy("busybox:1.36"), "IfNotPresent");
  EXPECT_EQ(default_pull_policy("busybox@sha256:0123"), "IfNotPresent");
  EXPECT_EQ(default_pull_policy("Bad::Name"), "IfNotPresent");
}

TEST(PodDefaults, RequestsAreTheLimitsInPodsAndNotInTemplates) {
  Pod with_limit = create(pod("resources: {limits: {cpu: 100m}}")).object;
  EXPECT_EQ(with_limit.spec().containers(0).resources().requests().at("cpu").string(), "100m");
  corev1::PodSpec spec = pod("resources: {limits: {cpu: 100m}}").spec();
  set_pod_spec_defaults(spec);
  EXPECT_TRUE(spec.containers(0).resources().requests().empty());
}

TEST(PodDefaults, NegativeGraceIsOneSecond) {
  EXPECT_EQ(create(pod("", "terminationGracePeriodSeconds: -5")).object.spec().terminationgraceperiodseconds(), 1);
}

TEST(PodCreate, SetsPhaseClassAndGeneration) {
  Pod given = pod();
  given.mutable_status()->set_phase("Running");
  Pod made = create(given).object;
  EXPECT_EQ(made.status().phase(), "Pending");
  EXPECT_EQ(made.status().qosclass(), "BestEffort");
  EXPECT_EQ(made.metadata().generation(), 1);
  EXPECT_TRUE(made.status().conditions().empty());
  Pod gated = create(pod("", "schedulingGates: [{name: a.b/c}]")).object;
  ASSERT_EQ(gated.status().conditions_size(), 1);
  EXPECT_EQ(gated.status().conditions(0).reason(), "SchedulingGated");
}

TEST(PodQos, IsGuaranteedOnlyWithBothLimitsEqualToTheRequests) {
  EXPECT_EQ(create(pod("resources: {limits: {cpu: 1, memory: 1Gi}}")).object.status().qosclass(), "Guaranteed");
  EXPECT_EQ(create(pod("resources: {requests: {cpu: 1000m}, limits: {cpu: 1, memory: 1Gi}}")).object.status().qosclass(), "Guaranteed");
  EXPECT_EQ(create(pod("resources: {limits: {cpu: 1}}")).object.status().qosclass(), "Burstable");
  EXPECT_EQ(create(pod("resources: {requests: {cpu: 500m}, limits: {cpu: 1, memory: 1Gi}}")).object.status().qosclass(), "Burstable");
}

TEST(PodValidation, NeedsAContainerWithNameAndImage) {
  Outcome<Pod> empty = create_yaml<Pod>("metadata: {name: p}\nspec: {containers: []}");
  EXPECT_TRUE(empty.refused("spec.containers", kRequired, "Required value")) << empty;
  Outcome<Pod> bare = create_yaml<Pod>("metadata: {name: p}\nspec: {containers: [{}]}");
  EXPECT_TRUE(bare.refused("spec.containers[0].name", kRequired)) << bare;
  EXPECT_TRUE(bare.refused("spec.containers[0].image", kRequired)) << bare;
}

TEST(PodValidation, NamesAreUniqueOverInitAndRegularContainers) {
  Outcome<Pod> outcome = create(pod("", "initContainers: [{name: main, image: i}]"));
  EXPECT_TRUE(outcome.refused("spec.initContainers[0].name", "FieldValueDuplicate", "Duplicate value: \"main\"")) << outcome;
}

TEST(PodValidation, ChecksPorts) {
  EXPECT_TRUE(create(pod("ports: [{containerPort: 70000}]")).refused("spec.containers[0].ports[0].containerPort", kInvalid));
  EXPECT_TRUE(create(pod("ports: [{name: a--b, containerPort: 1}]")).refused("spec.containers[0].ports[0].name", kInvalid));
  EXPECT_TRUE(create(pod("ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9}]"))
                  .refused("spec.containers[0].ports[1].hostPort", "FieldValueDuplicate"));
}

TEST(PodValidation, ChecksTheEnvironment) {
  const std::string env = "spec.containers[0].env[0]";
  EXPECT_TRUE(create(pod("env: [{name: \"a=b\", value: x}]")).refused(env + ".name", kInvalid));
  EXPECT_TRUE(create(pod("env: [{name: a, valueFrom: {fieldRef: {fieldPath: spec.containers}}}]"))
                  .refused(env + ".valueFrom.fieldRef.fieldPath", kInvalid, "error converting fieldPath"));
  EXPECT_TRUE(create(pod("env: [{name: a, valueFrom: {fieldRef: {fieldPath: metadata.labels}}}]"))
                  .refused(env + ".valueFrom.fieldRef.fieldPath", kNotSupported));
  EXPECT_TRUE(create(pod("env: [{name: a, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a/b']\"}}}]")).accepted());
  EXPECT_TRUE(create(pod("env: [{name: a, valueFrom: {}}]")).refused(env + ".valueFrom", kInvalid, "must specify one of"));
  EXPECT_TRUE(create(pod("env: [{name: a, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]"))
                  .refused(env + ".valueFrom", kInvalid, "may not be specified when `value` is not empty"));
  EXPECT_TRUE(create(pod("envFrom: [{configMapRef: {}}]")).refused("spec.containers[0].envFrom[0].configMapRef.name", kRequired));
}

TEST(PodValidation, AMountNamesAVolumeAndHasAPathOfItsOwn) {
  const std::string mounts = "spec.containers[0].volumeMounts";
  EXPECT_TRUE(
      create(pod("volumeMounts: [{name: v, mountPath: /v}]")).refused(mounts + "[0].name", "FieldValueNotFound", "Not found: \"v\""));
  Outcome<Pod> twice = create(pod("volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v}]", "volumes: [{name: v}]"));
  EXPECT_TRUE(twice.refused(mounts + "[1].mountPath", kInvalid, "must be unique")) << twice;
  EXPECT_TRUE(create(pod("volumeMounts: [{name: v, mountPath: /v, subPath: a/../b}]", "volumes: [{name: v}]"))
                  .refused(mounts + ".subPath", kInvalid, "must not contain '..'"));
}

TEST(PodValidation, ChecksVolumes) {
  EXPECT_TRUE(create(pod("", "volumes: [{name: v, emptyDir: {}, hostPath: {path: /a}}]")).errors.causes().size() == 1);
  EXPECT_TRUE(create(pod("", "volumes: [{name: v}, {name: v}]")).refused("spec.volumes[1].name", "FieldValueDuplicate"));
  EXPECT_TRUE(create(pod("", "volumes: [{name: v, secret: {}}]")).refused("spec.volumes[0].secret.secretName", kRequired));
  EXPECT_TRUE(create(pod("", "volumes: [{name: v, configMap: {name: c, items: [{key: k, path: ../x}]}}]"))
                  .refused("spec.volumes[0].configMap.items[0].path", kInvalid));
  EXPECT_TRUE(
      create(pod("", "volumes: [{name: v, hostPath: {path: /a, type: Sockets}}]")).refused("spec.volumes[0].hostPath.type", kNotSupported));
}

TEST(PodValidation, ARequestIsAtMostTheLimit) {
  Outcome<Pod> outcome = create(pod("resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}"));
  EXPECT_TRUE(outcome.refused("spec.containers[0].resources.requests", kInvalid,
                              "Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi"))
      << outcome;
  EXPECT_TRUE(create(pod("resources: {requests: {gpu: 1}}")).refused("spec.containers[0].resources.requests[gpu]", kInvalid));
  EXPECT_TRUE(create(pod("resources: {requests: {\"example.com/gpu\": 1}}")).refused("spec.containers[0].resources.limits", kRequired));
}

TEST(PodValidation, ProbesAndHooks) {
  EXPECT_TRUE(create(pod("livenessProbe: {}")).refused("spec.containers[0].livenessProbe", kRequired, "must specify a handler type"));
  EXPECT_TRUE(create(pod("livenessProbe: {successThreshold: 2, exec: {command: [a]}}"))
                  .refused("spec.containers[0].livenessProbe.successThreshold", kInvalid, "must be 1"));
  EXPECT_TRUE(create(pod("readinessProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}"))
                  .refused("spec.containers[0].readinessProbe.tcpSocket", kForbidden));
  EXPECT_TRUE(create(pod("lifecycle: {preStop: {sleep: {seconds: 40}}}")).refused("spec.containers[0].lifecycle.preStop.sleep", kInvalid));
  EXPECT_TRUE(create(pod("", "initContainers: [{name: i, image: i, readinessProbe: {exec: {command: [a]}}}]"))
                  .refused("spec.initContainers[0].readinessProbe", kForbidden));
  EXPECT_TRUE(
      create(pod("", "initContainers: [{name: i, image: i, restartPolicy: Always, readinessProbe: {exec: {command: [a]}}}]")).accepted());
}

TEST(PodValidation, RestartRulesNeedAPolicy) {
  EXPECT_TRUE(create(pod("restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]"))
                  .refused("spec.containers[0].restartPolicy", kRequired));
  EXPECT_TRUE(
      create(pod("restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]")).accepted());
}

TEST(PodValidation, SecurityDeadlineAndPlacement) {
  EXPECT_TRUE(create(pod("securityContext: {privileged: true, allowPrivilegeEscalation: false}"))
                  .refused("spec.containers[0].securityContext", kInvalid));
  EXPECT_TRUE(create(pod("securityContext: {runAsUser: -1}")).refused("spec.containers[0].securityContext.runAsUser", kInvalid));
  EXPECT_TRUE(create(pod("", "activeDeadlineSeconds: 0")).refused("spec.activeDeadlineSeconds", kInvalid));
  EXPECT_TRUE(create(pod("", "restartPolicy: Sometimes")).refused("spec.restartPolicy", kNotSupported));
  EXPECT_TRUE(create(pod("", "nodeSelector: {\"a b\": c}")).refused("spec.nodeSelector", kInvalid));
  EXPECT_TRUE(create(pod("", "tolerations: [{operator: Equal}]")).refused("spec.tolerations[0].operator", kInvalid));
  EXPECT_TRUE(
      create(pod("", "tolerations: [{key: k, operator: Exists, tolerationSeconds: 5}]")).refused("spec.tolerations[0].effect", kInvalid));
  EXPECT_TRUE(
      create(pod("", "tolerations: [{key: k, operator: Gt, value: \"1\"}]")).refused("spec.tolerations[0].operator", kNotSupported));
}

TEST(PodUpdate, OnlyImagesDeadlinesAndAddedTolerationsChange) {
  Pod old = create(pod("", "tolerations: [{key: k, operator: Exists}]")).object;
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->mutable_containers(0)->set_image("other"); }).accepted());
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->set_activedeadlineseconds(9); }).accepted());
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->add_tolerations()->set_operator_("Exists"); }).accepted());
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->clear_tolerations(); }).refused("spec.tolerations", kForbidden));
  Outcome<Pod> command = update_with(old, [](Pod& next) { next.mutable_spec()->mutable_containers(0)->add_command("a"); });
  EXPECT_TRUE(command.refused("spec", kForbidden, "pod updates may not change fields other than")) << command;
  EXPECT_TRUE(update_with(old, [](Pod& next) {
                next.mutable_spec()->add_containers()->set_name("b");
              }).refused("spec.containers", kForbidden, "pod updates may not add or remove containers"));
}

TEST(PodUpdate, ADeadlineOnlyShrinks) {
  Pod old = create(pod("", "activeDeadlineSeconds: 10")).object;
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->set_activedeadlineseconds(5); }).accepted());
  EXPECT_TRUE(update_with(old, [](Pod& next) {
                next.mutable_spec()->set_activedeadlineseconds(11);
              }).refused("spec.activeDeadlineSeconds", kInvalid));
  EXPECT_TRUE(update_with(old, [](Pod& next) {
                next.mutable_spec()->clear_activedeadlineseconds();
              }).refused("spec.activeDeadlineSeconds", kInvalid));
}

TEST(PodUpdate, AGatedPodsNodesMayNarrow) {
  Pod old = create(pod("", "nodeSelector: {a: b}, schedulingGates: [{name: a.b/c}]")).object;
  EXPECT_TRUE(update_with(old, [](Pod& next) { (*next.mutable_spec()->mutable_nodeselector())["c"] = "d"; }).accepted());
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->clear_nodeselector(); }).refused("spec.nodeSelector", kInvalid));
  EXPECT_TRUE(update_with(old, [](Pod& next) { next.mutable_spec()->clear_schedulinggates(); }).accepted());
  EXPECT_TRUE(update_with(old, [](Pod& next) {
                next.mutable_spec()->add_schedulinggates()->set_name("x.y/z");
              }).refused("spec.schedulingGates[1].name", kForbidden));
}

TEST(PodUpdate, WhatWasReadMayBeSentBack) {
  Pod old = create(pod("resources: {limits: {cpu: 100m}}, env: [{name: a, value: \"\"}]")).object;
  Pod sent;
  ASSERT_TRUE(json::decode(json::to_value(old), sent));
  EXPECT_TRUE(update(old, sent).accepted()) << update(old, sent);
}

void end_container(Pod& next, int exit_code) {
  corev1::ContainerStatus& status = *next.mutable_status()->add_containerstatuses();
  status.set_name("main");
  status.mutable_state()->mutable_terminated()->set_exitcode(exit_code);
}

TEST(PodStatus, AContainerThatEndedForGoodStaysEnded) {
  auto revived = [](std::string_view policy, int exit_code) {
    Pod old = create(pod("", "restartPolicy: " + std::string(policy))).object;
    end_container(old, exit_code);
    Outcome<Pod> outcome = update_status_with(old, [](Pod& next) {
      corev1::ContainerStatus& status = *next.mutable_status()->mutable_containerstatuses(0);
      status.clear_state();
      status.mutable_state()->mutable_running();
    });
    EXPECT_EQ(outcome.accepted(), !outcome.refused("status.containerStatuses[0].state", kForbidden)) << outcome;
    return outcome.accepted();
  };
  EXPECT_FALSE(revived("Never", 1));
  EXPECT_FALSE(revived("OnFailure", 0));
  EXPECT_TRUE(revived("OnFailure", 1));
  EXPECT_TRUE(revived("Always", 0));
}

TEST(PodStatus, KeepsTheClassAndTheOwners) {
  Pod old = create(pod()).object;
  Outcome<Pod> outcome = update_status_with(old, [](Pod& next) {
    next.mutable_metadata()->add_ownerreferences()->set_name("thief");
    next.mutable_status()->clear_qosclass();
  });
  EXPECT_TRUE(outcome.accepted()) << outcome;
  EXPECT_TRUE(outcome.object.metadata().ownerreferences().empty());
  EXPECT_EQ(outcome.object.status().qosclass(), "BestEffort");
  EXPECT_TRUE(
      update_status_with(old, [](Pod& next) { next.mutable_status()->set_qosclass("Guaranteed"); }).refused("status.qosClass", kInvalid));
}

TEST(PodWarnings, TellLikelyMistakes) {
  Pod made = create(pod("resources: {limits: {memory: 400m}}, env: [{name: a, value: first}, {name: a, value: second}]")).object;
  std::vector<std::string> warnings = warnings_on_create(made);
  ASSERT_EQ(warnings.size(), 3u);
  EXPECT_EQ(warnings[0], "spec.containers[0].resources.limits[memory]: fractional byte value \"400m\" is invalid, must be an integer");
  EXPECT_TRUE(warnings[2].starts_with("spec.containers[0].env[1]: hides previous definition of \"a\""));
}

}  // namespace
}  // namespace stint::core
