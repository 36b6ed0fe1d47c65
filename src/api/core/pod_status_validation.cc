// What may be written to a pod's status: what ended stays ended, unless the pod's own rules restart it.
// Source: upstream's pkg/apis/core/validation.
#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/immutable_field.h"
#include "api/names.h"

namespace stint::core {
namespace {

using Statuses = google::protobuf::RepeatedPtrField<corev1::ContainerStatus>;
using Containers = google::protobuf::RepeatedPtrField<corev1::Container>;

bool any_restarts_all(const Containers& containers) {
  return std::ranges::any_of(containers, [](const corev1::Container& container) {
    return std::ranges::any_of(container.restartpolicyrules(),
                               [](const corev1::ContainerRestartRule& rule) { return rule.action() == "RestartAllContainers"; });
  });
}

bool rule_matches(const corev1::ContainerRestartRule& rule, int32_t exit_code) {
  if (!rule.has_exitcodes()) return false;
  bool listed = std::ranges::find(rule.exitcodes().values(), exit_code) != rule.exitcodes().values().end();
  return rule.exitcodes().operator_() == "In" ? listed : rule.exitcodes().operator_() == "NotIn" && !listed;
}

bool may_restart(const corev1::Container& container, const corev1::PodSpec& spec, int32_t exit_code) {
  std::string_view policy = spec.restartpolicy();
  if (container.has_restartpolicy()) {
    bool by_rule = std::ranges::any_of(container.restartpolicyrules(),
                                       [&](const corev1::ContainerRestartRule& rule) { return rule_matches(rule, exit_code); });
    if (by_rule) return true;
    policy = container.restartpolicy();
  }
  if (policy == "OnFailure") return exit_code != 0;
  return policy != "Never";
}

template <class Items>
auto find_named(const Items& items, std::string_view name) {
  return std::ranges::find_if(items, [&](const auto& one) { return one.name() == name; });
}

void validate_transitions(const Statuses& next, const Statuses& old, const Containers& containers, const corev1::PodSpec& spec,
                          const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < old.size(); ++i) {
    if (!old[i].state().has_terminated()) continue;
    auto now = find_named(next, old[i].name());
    if (now == next.end() || now->state().has_terminated()) continue;
    auto container = find_named(containers, old[i].name());
    if (container != containers.end() && may_restart(*container, spec, old[i].state().terminated().exitcode())) continue;
    errors.forbidden(path.index(i) / "state", "may not be transitioned to non-terminated state");
  }
}

void validate_conditions(const corev1::PodStatus& status, FieldErrors& errors) {
  for (int i = 0; i < status.conditions_size(); ++i) {
    const corev1::PodCondition& condition = status.conditions(i);
    FieldPath at = FieldPath("status.conditions").index(i);
    if (condition.observedgeneration() < 0) {
      errors.invalid(at / "observedGeneration", shown(condition.observedgeneration()), "must be a non-negative integer");
    }
    add_faults(qualified_name_faults(condition.type()), at / "Type", quote(condition.type()), errors);
  }
}

void validate_nominated_node(const corev1::Pod& next, const corev1::Pod& old, FieldErrors& errors) {
  const std::string& name = next.status().nominatednodename();
  FieldPath path("status.nominatedNodeName");
  if (name.empty() || name == old.status().nominatednodename()) return;
  add_faults(dns_subdomain_faults(name), path, quote(name), errors);
  if (!old.spec().nodename().empty()) errors.forbidden(path, "may not be set on pods that are already bound to a node");
}

void validate_ips(const corev1::PodStatus& status, FieldErrors& errors) {
  for (int i = 0; i < status.podips_size(); ++i) {
    add_faults(ip_faults(status.podips(i).ip()), FieldPath("status.podIPs").index(i), quote(status.podips(i).ip()), errors);
  }
  for (int i = 0; i < status.hostips_size(); ++i) {
    add_faults(ip_faults(status.hostips(i).ip()), FieldPath("status.hostIPs").index(i), quote(status.hostips(i).ip()), errors);
  }
}

}  // namespace

void validate_pod_status(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const auto& next = static_cast<const corev1::Pod&>(next_object);
  const auto& old = static_cast<const corev1::Pod&>(old_object);
  const corev1::PodSpec& spec = old.spec();
  validate_conditions(next.status(), errors);
  validate_nominated_node(next, old, errors);
  validate_immutable_field(next.status(), old.status(), "qosClass", FieldPath("status"), errors);
  validate_ips(next.status(), errors);
  if (any_restarts_all(spec.containers()) || any_restarts_all(spec.initcontainers())) return;
  validate_transitions(next.status().containerstatuses(), old.status().containerstatuses(), spec.containers(), spec,
                       FieldPath("status.containerStatuses"), errors);
  validate_transitions(next.status().initcontainerstatuses(), old.status().initcontainerstatuses(), spec.initcontainers(), spec,
                       FieldPath("status.initContainerStatuses"), errors);
}

}  // namespace stint::core
