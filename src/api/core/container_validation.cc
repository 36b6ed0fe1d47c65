// Containers: regular, init and sidecars.
#include <algorithm>
#include <set>

#include "api/core/pod_spec.h"
#include "api/core/pod_validation.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr int kRestartRulesMax = 20;
constexpr int kRestartExitCodesMax = 255;

constexpr std::string_view kMessagePolicies[] = {"File", "FallbackToLogsOnError"};
constexpr std::string_view kPullPolicies[] = {"Always", "IfNotPresent", "Never"};
constexpr std::string_view kProtocols[] = {"SCTP", "TCP", "UDP"};
constexpr std::string_view kRestartPolicies[] = {"Always", "Never", "OnFailure"};
constexpr std::string_view kRestartActions[] = {"Restart", "RestartAllContainers"};
constexpr std::string_view kExitCodeOperators[] = {"In", "NotIn"};

void validate_ports(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  for (int i = 0; i < container.ports_size(); ++i) {
    const corev1::ContainerPort& port = container.ports(i);
    FieldPath at = path.index(i);
    if (!port.name().empty()) {
      Faults faults = port_name_faults(port.name());
      add_faults(faults, at / "name", quote(port.name()), errors);
      if (faults.empty() && !names.insert(port.name()).second) errors.duplicate(at / "name", quote(port.name()));
    }
    if (port.containerport() == 0) {
      errors.required(at / "containerPort");
    } else {
      add_faults(port_number_faults(port.containerport()), at / "containerPort", shown(port.containerport()), errors);
    }
    if (port.hostport() != 0) add_faults(port_number_faults(port.hostport()), at / "hostPort", shown(port.hostport()), errors);
    validate_one_of(port.protocol(), kProtocols, at / "protocol", errors);
  }
}

// Ports of the node that containers running together want.
class HostPorts {
 public:
  void add(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
    for (int i = 0; i < container.ports_size(); ++i) {
      const corev1::ContainerPort& port = container.ports(i);
      if (port.hostport() == 0) continue;
      std::string key = port.protocol() + "/" + port.hostip() + "/" + std::to_string(port.hostport());
      if (!taken_.insert(key).second) errors.duplicate((path / "ports").index(i) / "hostPort", quote(key));
    }
  }

 private:
  std::set<std::string> taken_;
};

void validate_restart_rule(const corev1::ContainerRestartRule& rule, const FieldPath& path, FieldErrors& errors) {
  if (std::ranges::find(kRestartActions, rule.action()) == std::end(kRestartActions)) {
    errors.not_supported(path / "action", rule.action(), kRestartActions);
  }
  if (!rule.has_exitcodes()) return errors.required(path / "exitCodes", "must be specified");
  FieldPath codes = path / "exitCodes";
  if (std::ranges::find(kExitCodeOperators, rule.exitcodes().operator_()) == std::end(kExitCodeOperators)) {
    errors.not_supported(codes / "operator", rule.exitcodes().operator_(), kExitCodeOperators);
  }
  if (rule.exitcodes().values_size() > kRestartExitCodesMax) {
    errors.too_many(codes / "values", rule.exitcodes().values_size(), kRestartExitCodesMax);
  }
}

void validate_restart(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  FieldPath rules = path / "restartPolicyRules";
  if (container.has_restartpolicy()) {
    if (std::ranges::find(kRestartPolicies, container.restartpolicy()) == std::end(kRestartPolicies)) {
      errors.not_supported(path / "restartPolicy", container.restartpolicy(), kRestartPolicies);
    }
  } else if (!container.restartpolicyrules().empty()) {
    errors.required(path / "restartPolicy", "must specify restartPolicy when restart rules are used");
  }
  if (container.restartpolicyrules_size() > kRestartRulesMax) errors.too_many(rules, container.restartpolicyrules_size(), kRestartRulesMax);
  for (int i = 0; i < container.restartpolicyrules_size(); ++i) {
    validate_restart_rule(container.restartpolicyrules(i), rules.index(i), errors);
  }
}

void validate_common(const PodScope& pod, const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  if (container.name().empty()) {
    errors.required(path / "name");
  } else {
    add_faults(dns_label_faults(container.name()), path / "name", quote(container.name()), errors);
  }
  if (container.image().empty()) errors.required(path / "image");
  validate_one_of(container.terminationmessagepolicy(), kMessagePolicies, path / "terminationMessagePolicy", errors);
  validate_ports(container, path / "ports", errors);
  validate_env(container, path, errors);
  validate_mounts(container, pod.volumes, path / "volumeMounts", errors);
  validate_devices(container, pod.volumes, path / "volumeDevices", errors);
  validate_one_of(container.imagepullpolicy(), kPullPolicies, path / "imagePullPolicy", errors);
  validate_resources(container.resources(), pod.claims, path / "resources", errors);
  validate_resize_policy(container, pod.spec, path / "resizePolicy", errors);
  validate_container_security(container, pod.spec, path / "securityContext", errors);
}

// Nothing watches over an init container: it is to end.
void forbid_health(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  auto refuse = [&](bool is_set, std::string_view name) {
    if (is_set) errors.forbidden(path / name, "may not be set for init containers without restartPolicy=Always");
  };
  refuse(container.has_lifecycle(), "lifecycle");
  refuse(container.has_livenessprobe(), "livenessProbe");
  refuse(container.has_readinessprobe(), "readinessProbe");
  refuse(container.has_startupprobe(), "startupProbe");
}

void validate_no_restart_to_resize(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < container.resizepolicy_size(); ++i) {
    if (container.resizepolicy(i).restartpolicy() != "RestartContainer") continue;
    errors.invalid(path.index(i) / "restartPolicy", quote("RestartContainer"),
                   "must not be set to 'RestartContainer' for non-sidecar initContainers");
  }
}

void validate_init_container(const PodScope& pod, const corev1::Container& container, std::set<std::string_view>& names,
                             const FieldPath& path, FieldErrors& errors) {
  validate_common(pod, container, path, errors);
  validate_restart(container, path, errors);
  if (!container.name().empty() && !names.insert(container.name()).second) errors.duplicate(path / "name", quote(container.name()));
  HostPorts().add(container, path, errors);
  if (is_sidecar(container)) {
    validate_health(container, pod.spec, path, errors);
  } else {
    forbid_health(container, path, errors);
    validate_no_restart_to_resize(container, path / "resizePolicy", errors);
  }
}

// What makes no sense in a container that only looks at others.
void forbid_in_ephemeral(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kWhy = "cannot be set for an Ephemeral Container";
  auto refuse = [&](bool is_set, std::string_view name) {
    if (is_set) errors.forbidden(path / name, kWhy);
  };
  const corev1::ResourceRequirements& resources = container.resources();
  refuse(!container.ports().empty(), "ports");
  refuse(!resources.limits().empty() || !resources.requests().empty() || !resources.claims().empty(), "resources");
  refuse(!container.resizepolicy().empty(), "resizePolicy");
  refuse(container.has_restartpolicy(), "restartPolicy");
  refuse(!container.restartpolicyrules().empty(), "restartPolicyRules");
  refuse(container.has_livenessprobe(), "livenessProbe");
  refuse(container.has_readinessprobe(), "readinessProbe");
  refuse(container.has_startupprobe(), "startupProbe");
  refuse(container.has_lifecycle(), "lifecycle");
  for (int i = 0; i < container.volumemounts_size(); ++i) {
    const FieldPath at = (path / "volumeMounts").index(i);
    if (!container.volumemounts(i).subpath().empty()) errors.forbidden(at / "subPath", kWhy);
    if (!container.volumemounts(i).subpathexpr().empty()) errors.forbidden(at / "subPathExpr", kWhy);
  }
}

void validate_ephemeral_containers(const PodScope& pod, std::set<std::string_view> names, const FieldPath& path, FieldErrors& errors) {
  const std::set<std::string_view> others = names;
  for (int i = 0; i < pod.spec.ephemeralcontainers_size(); ++i) {
    const corev1::EphemeralContainer& ephemeral = pod.spec.ephemeralcontainers(i);
    const corev1::Container container = as_container(ephemeral);
    const FieldPath at = path.index(i);
    validate_common(pod, container, at, errors);
    validate_image_spaces(container, at, errors);
    const std::string& name = ephemeral.ephemeralcontainercommon().name();
    if (!names.insert(name).second) errors.duplicate(at / "name", quote(name));
    const std::string& target = ephemeral.targetcontainername();
    if (!target.empty() && !others.contains(target)) errors.not_found(at / "targetContainerName", quote(target));
    forbid_in_ephemeral(container, at, errors);
  }
}

}  // namespace

void validate_image_spaces(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::string& image = container.image();
  if (image.empty() || (kSpace.find(image.front()) == kSpace.npos && kSpace.find(image.back()) == kSpace.npos)) return;
  errors.invalid(path / "image", quote(image), "must not have leading or trailing whitespace");
}

void validate_containers(const PodScope& pod, const FieldPath& spec_path, FieldErrors& errors) {
  FieldPath containers = spec_path / "containers";
  if (pod.spec.containers().empty()) errors.required(containers);
  std::set<std::string_view> names;
  HostPorts host_ports;
  FieldErrors port_errors;
  for (int i = 0; i < pod.spec.containers_size(); ++i) {
    const corev1::Container& container = pod.spec.containers(i);
    FieldPath at = containers.index(i);
    validate_common(pod, container, at, errors);
    if (!names.insert(container.name()).second) errors.duplicate(at / "name", quote(container.name()));
    validate_health(container, pod.spec, at, errors);
    validate_restart(container, at, errors);
    host_ports.add(container, at, port_errors);
  }
  errors.append(port_errors);
  for (int i = 0; i < pod.spec.initcontainers_size(); ++i) {
    validate_init_container(pod, pod.spec.initcontainers(i), names, (spec_path / "initContainers").index(i), errors);
  }
  validate_ephemeral_containers(pod, names, spec_path / "ephemeralContainers", errors);
}

}  // namespace stint::core
