// What a pod asks of its node and of its neighbours.
#include <algorithm>
#include <set>

#include "api/core/pod_validation.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kTaintEffects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute"};
constexpr std::string_view kTolerationOperators[] = {"Equal", "Exists"};
constexpr std::string_view kUnsatisfiable[] = {"DoNotSchedule", "ScheduleAnyway"};

void validate_toleration(const corev1::Toleration& toleration, const FieldPath& path, FieldErrors& errors) {
  const std::string& op = toleration.operator_();
  if (!toleration.key().empty()) {
    add_faults(qualified_name_faults(toleration.key()), path / "key", quote(toleration.key()), errors);
  } else if (op != "Exists") {
    errors.invalid(path / "operator", quote(op),
                   "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration.has_tolerationseconds() && toleration.effect() != "NoExecute") {
    errors.invalid(path / "effect", quote(toleration.effect()), "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op.empty() || op == "Equal") {
    Faults faults = label_value_faults(toleration.value());
    std::string joined;
    for (const std::string& fault : faults) joined += (joined.empty() ? "" : ";") + fault;
    if (!faults.empty()) errors.invalid(path / "operator", quote(toleration.value()), joined);
  } else if (op == "Exists") {
    if (!toleration.value().empty()) {
      errors.invalid(path / "operator", quote(toleration.value()), "value must be empty when `operator` is 'Exists'");
    }
  } else {
    errors.not_supported(path / "operator", op, kTolerationOperators);
  }
  validate_one_of_if_set(toleration.effect(), kTaintEffects, path / "effect", errors);
}

void validate_requirement(const corev1::NodeSelectorRequirement& one, const FieldPath& path, FieldErrors& errors) {
  const std::string& op = one.operator_();
  if (op == "In" || op == "NotIn") {
    if (one.values().empty()) errors.required(path / "values", "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!one.values().empty()) errors.forbidden(path / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (op == "Gt" || op == "Lt") {
    if (one.values_size() != 1) errors.required(path / "values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    errors.invalid(path / "operator", quote(op), "not a valid selector operator");
  }
  add_faults(qualified_name_faults(one.key()), path / "key", quote(one.key()), errors);
}

void validate_field_requirement(const corev1::NodeSelectorRequirement& one, const FieldPath& path, FieldErrors& errors) {
  if (one.operator_() != "In" && one.operator_() != "NotIn") {
    errors.invalid(path / "operator", quote(one.operator_()), "not a valid selector operator");
  } else if (one.values_size() != 1) {
    errors.required(path / "values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (one.key() != "metadata.name") errors.invalid(path / "key", quote(one.key()), "not a valid field selector key");
}

void validate_term(const corev1::NodeSelectorTerm& term, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < term.matchexpressions_size(); ++i) {
    validate_requirement(term.matchexpressions(i), (path / "matchExpressions").index(i), errors);
  }
  for (int i = 0; i < term.matchfields_size(); ++i) {
    validate_field_requirement(term.matchfields(i), (path / "matchFields").index(i), errors);
  }
}

void validate_weight(int32_t weight, const FieldPath& path, FieldErrors& errors) {
  if (weight < 1 || weight > 100) errors.invalid(path, shown(weight), "must be in the range 1-100");
}

void validate_node_affinity(const corev1::NodeAffinity& affinity, const FieldPath& path, FieldErrors& errors) {
  if (affinity.has_requiredduringschedulingignoredduringexecution()) {
    validate_node_selector(affinity.requiredduringschedulingignoredduringexecution(),
                           path / "requiredDuringSchedulingIgnoredDuringExecution", errors);
  }
  const auto& preferred = affinity.preferredduringschedulingignoredduringexecution();
  for (int i = 0; i < preferred.size(); ++i) {
    FieldPath at = (path / "preferredDuringSchedulingIgnoredDuringExecution").index(i);
    validate_weight(preferred[i].weight(), at / "weight", errors);
    validate_term(preferred[i].preference(), at / "preference", errors);
  }
}

void validate_pod_term(const corev1::PodAffinityTerm& term, const FieldPath& path, FieldErrors& errors) {
  if (term.has_labelselector()) validate_label_selector(term.labelselector(), path / "labelSelector", errors);
  if (term.has_namespaceselector()) validate_label_selector(term.namespaceselector(), path / "namespaceSelector", errors);
  for (const std::string& name : term.namespaces()) add_faults(dns_label_faults(name), path / "namespace", quote(name), errors);
  if (term.topologykey().empty()) {
    errors.required(path / "topologyKey", "can not be empty");
  } else {
    add_faults(qualified_name_faults(term.topologykey()), path / "topologyKey", quote(term.topologykey()), errors);
  }
}

// Affinity and anti-affinity to pods have the same two fields.
template <class PodAffinity>
void validate_pod_affinity(const PodAffinity& affinity, const FieldPath& path, FieldErrors& errors) {
  const auto& required = affinity.requiredduringschedulingignoredduringexecution();
  for (int i = 0; i < required.size(); ++i) {
    validate_pod_term(required[i], (path / "requiredDuringSchedulingIgnoredDuringExecution").index(i), errors);
  }
  const auto& preferred = affinity.preferredduringschedulingignoredduringexecution();
  for (int i = 0; i < preferred.size(); ++i) {
    FieldPath at = (path / "preferredDuringSchedulingIgnoredDuringExecution").index(i);
    validate_weight(preferred[i].weight(), at / "weight", errors);
    validate_pod_term(preferred[i].podaffinityterm(), at / "podAffinityTerm", errors);
  }
}

void validate_spread(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < spec.topologyspreadconstraints_size(); ++i) {
    const corev1::TopologySpreadConstraint& one = spec.topologyspreadconstraints(i);
    FieldPath at = path.index(i);
    if (one.maxskew() <= 0) errors.invalid(at / "maxSkew", shown(one.maxskew()), "must be greater than zero");
    if (one.topologykey().empty()) {
      errors.required(at / "topologyKey", "can not be empty");
    } else {
      add_faults(qualified_name_faults(one.topologykey()), at / "topologyKey", quote(one.topologykey()), errors);
    }
    if (std::ranges::find(kUnsatisfiable, one.whenunsatisfiable()) == std::end(kUnsatisfiable)) {
      errors.not_supported(at / "whenUnsatisfiable", one.whenunsatisfiable(), kUnsatisfiable);
    }
    if (!seen.insert({one.topologykey(), one.whenunsatisfiable()}).second) {
      errors.duplicate(at / "{topologyKey, whenUnsatisfiable}", quote("{" + one.topologykey() + ", " + one.whenunsatisfiable() + "}"));
    }
    if (one.has_labelselector()) validate_label_selector(one.labelselector(), at / "labelSelector", errors);
  }
}

void validate_gates(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.schedulinggates_size(); ++i) {
    const std::string& name = spec.schedulinggates(i).name();
    add_faults(qualified_name_faults(name), path.index(i), quote(name), errors);
    if (!seen.insert(name).second) errors.duplicate(path.index(i), quote(name));
  }
}

}  // namespace

void validate_node_selector(const corev1::NodeSelector& selector, const FieldPath& path, FieldErrors& errors) {
  const FieldPath terms = path / "nodeSelectorTerms";
  if (selector.nodeselectorterms().empty()) errors.required(terms, "must have at least one node selector term");
  for (int i = 0; i < selector.nodeselectorterms_size(); ++i) validate_term(selector.nodeselectorterms(i), terms.index(i), errors);
}

void validate_tolerations(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < spec.tolerations_size(); ++i) validate_toleration(spec.tolerations(i), path.index(i), errors);
}

void validate_scheduling(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  validate_labels(spec.nodeselector(), path / "nodeSelector", errors);
  validate_tolerations(spec, path / "tolerations", errors);
  const corev1::Affinity& affinity = spec.affinity();
  if (affinity.has_nodeaffinity()) validate_node_affinity(affinity.nodeaffinity(), path / "affinity" / "nodeAffinity", errors);
  if (affinity.has_podaffinity()) validate_pod_affinity(affinity.podaffinity(), path / "affinity" / "podAffinity", errors);
  if (affinity.has_podantiaffinity()) validate_pod_affinity(affinity.podantiaffinity(), path / "affinity" / "podAntiAffinity", errors);
  validate_gates(spec, path / "schedulingGates", errors);
  validate_spread(spec, path / "topologySpreadConstraints", errors);
  if (!spec.nodename().empty()) add_faults(dns_subdomain_faults(spec.nodename()), path / "nodeName", quote(spec.nodename()), errors);
}

}  // namespace stint::core
