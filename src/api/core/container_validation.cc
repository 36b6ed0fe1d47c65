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
  validate_one_of(container.imagepullpolicy(), kPullPolicies, path / "imagePullPolicy", errors);
  validate_resources(container.resources(), path / "resources", errors);
  validate_container_security(container, pod.spec, path / "securityContext", errors);
  validate_restart(container, path, errors);
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

void validate_init_container(const PodScope& pod, const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  validate_common(pod, container, path, errors);
  HostPorts().add(container, path, errors);
  if (is_sidecar(container)) {
    validate_health(container, pod.spec, path, errors);
  } else {
    forbid_health(container, path, errors);
  }
}

// Variables read from a file need the volume that holds it.
void validate_file_keys(const PodScope& pod, const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < container.env_size(); ++i) {
    if (!container.env(i).valuefrom().has_filekeyref()) continue;
    const std::string& name = container.env(i).valuefrom().filekeyref().volumename();
    FieldPath at = (path / "env").index(i) / "valueFrom" / "fileKeyRef" / "volumeName";
    auto volume = std::ranges::find_if(pod.spec.volumes(), [&](const corev1::Volume& one) { return one.name() == name; });
    if (volume == pod.spec.volumes().end()) {
      errors.not_found(at, quote(name));
    } else if (!volume->volumesource().has_emptydir()) {
      errors.invalid(at, quote(name), "referenced volume must be of type emptyDir");
    }
  }
}

}  // namespace

void validate_containers(const PodScope& pod, const FieldPath& spec_path, FieldErrors& errors) {
  FieldPath containers = spec_path / "containers";
  if (pod.spec.containers().empty()) errors.required(containers);
  std::set<std::string_view> names;
  HostPorts host_ports;
  for (int i = 0; i < pod.spec.containers_size(); ++i) {
    const corev1::Container& container = pod.spec.containers(i);
    FieldPath at = containers.index(i);
    validate_common(pod, container, at, errors);
    if (!names.insert(container.name()).second) errors.duplicate(at / "name", quote(container.name()));
    validate_health(container, pod.spec, at, errors);
    host_ports.add(container, at, errors);
    validate_file_keys(pod, container, at, errors);
  }
  FieldPath init_containers = spec_path / "initContainers";
  for (int i = 0; i < pod.spec.initcontainers_size(); ++i) {
    const corev1::Container& container = pod.spec.initcontainers(i);
    FieldPath at = init_containers.index(i);
    validate_init_container(pod, container, at, errors);
    if (!container.name().empty() && !names.insert(container.name()).second) errors.duplicate(at / "name", quote(container.name()));
    validate_file_keys(pod, container, at, errors);
  }
}

}  // namespace stint::core
