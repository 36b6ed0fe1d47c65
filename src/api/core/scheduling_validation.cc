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
constexpr std::string_view kInclusionPolicies[] = {"Honor", "Ignore"};

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

void validate_requirement(const corev1::NodeSelectorRequirement& one, bool check_values, const FieldPath& path, FieldErrors& errors) {
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
  for (int i = 0; check_values && i < one.values_size(); ++i) {
    add_faults(label_value_faults(one.values(i)), (path / "values").index(i), quote(one.values(i)), errors);
  }
}

void validate_field_requirement(const corev1::NodeSelectorRequirement& one, const FieldPath& path, FieldErrors& errors) {
  if (one.operator_() != "In" && one.operator_() != "NotIn") {
    errors.invalid(path / "operator", quote(one.operator_()), "not a valid selector operator");
  } else if (one.values_size() != 1) {
    errors.required(path / "values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (one.key() != "metadata.name") errors.invalid(path / "key", quote(one.key()), "not a valid field selector key");
}

// `check_values`: of what is only preferred they may be anything.
void validate_term(const corev1::NodeSelectorTerm& term, bool check_values, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < term.matchexpressions_size(); ++i) {
    validate_requirement(term.matchexpressions(i), check_values, (path / "matchExpressions").index(i), errors);
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
    validate_term(preferred[i].preference(), false, at / "preference", errors);
  }
}

void validate_label_keys(const google::protobuf::RepeatedPtrField<std::string>& keys, bool has_selector, const FieldPath& path,
                         FieldErrors& errors) {
  if (keys.empty()) return;
  if (!has_selector) return errors.forbidden(path, "must not be specified when labelSelector is not set");
  for (int i = 0; i < keys.size(); ++i) add_faults(qualified_name_faults(keys[i]), path.index(i), quote(keys[i]), errors);
}

// Keys whose values the pod's own labels give must not be asked for in another way.
template <class Term>
void validate_match_keys(const Term& term, const google::protobuf::RepeatedPtrField<std::string>& mismatch_keys, const FieldPath& path,
                         FieldErrors& errors) {
  const auto& keys = term.matchlabelkeys();
  validate_label_keys(keys, term.has_labelselector(), path / "matchLabelKeys", errors);
  validate_label_keys(mismatch_keys, term.has_labelselector(), path / "mismatchLabelKeys", errors);
  std::set<std::string_view> selected;
  for (const auto& [key, value] : term.labelselector().matchlabels()) selected.insert(key);
  for (const metav1::LabelSelectorRequirement& one : term.labelselector().matchexpressions()) {
    const auto at = std::ranges::find(keys, one.key());
    if (at != keys.end() && selected.contains(one.key())) {
      errors.invalid(path.index(static_cast<size_t>(at - keys.begin())), quote(one.key()),
                     "exists in both matchLabelKeys and labelSelector");
    }
    selected.insert(one.key());
  }
  for (int i = 0; i < keys.size(); ++i) {
    if (std::ranges::find(mismatch_keys, keys[i]) == mismatch_keys.end()) continue;
    errors.invalid((path / "matchLabelKeys").index(i), quote(keys[i]), "exists in both matchLabelKeys and mismatchLabelKeys");
  }
}

void validate_pod_term(const corev1::PodAffinityTerm& term, const FieldPath& path, FieldErrors& errors) {
  if (term.has_labelselector()) validate_label_selector(term.labelselector(), path / "labelSelector", errors);
  if (term.has_namespaceselector()) validate_label_selector(term.namespaceselector(), path / "namespaceSelector", errors);
  for (const std::string& name : term.namespaces()) add_faults(dns_label_faults(name), path / "namespace", quote(name), errors);
  validate_match_keys(term, term.mismatchlabelkeys(), path, errors);
  if (term.topologykey().empty()) errors.required(path / "topologyKey", "can not be empty");
  add_faults(qualified_name_faults(term.topologykey()), path / "topologyKey", quote(term.topologykey()), errors);
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

void validate_domains(const corev1::TopologySpreadConstraint& one, const FieldPath& path, FieldErrors& errors) {
  if (!one.has_mindomains()) return;
  if (one.mindomains() <= 0) errors.invalid(path, shown(one.mindomains()), "must be greater than zero");
  if (one.whenunsatisfiable() != "DoNotSchedule") {
    errors.invalid(path, shown(one.mindomains()),
                   "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + one.whenunsatisfiable());
  }
}

// Unlike validate_one_of, the empty one is no missing one.
void validate_known(bool is_set, const std::string& value, std::span<const std::string_view> choices, const FieldPath& path,
                    FieldErrors& errors) {
  if (is_set && std::ranges::find(choices, value) == choices.end()) errors.not_supported(path, value, choices);
}

void validate_constraint(const corev1::TopologySpreadConstraint& one, const FieldPath& at, FieldErrors& errors) {
  validate_domains(one, at / "minDomains", errors);
  validate_known(one.has_nodeaffinitypolicy(), one.nodeaffinitypolicy(), kInclusionPolicies, at / "nodeAffinityPolicy", errors);
  validate_known(one.has_nodetaintspolicy(), one.nodetaintspolicy(), kInclusionPolicies, at / "nodeTaintsPolicy", errors);
  validate_match_keys(one, {}, at, errors);
  if (one.has_labelselector()) validate_label_selector(one.labelselector(), at / "labelSelector", errors);
}

}  // namespace

void validate_node_selector(const corev1::NodeSelector& selector, const FieldPath& path, FieldErrors& errors) {
  const FieldPath terms = path / "nodeSelectorTerms";
  if (selector.nodeselectorterms().empty()) return errors.required(terms, "must have at least one node selector term");
  for (int i = 0; i < selector.nodeselectorterms_size(); ++i) validate_term(selector.nodeselectorterms(i), true, terms.index(i), errors);
}

void validate_tolerations(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < spec.tolerations_size(); ++i) validate_toleration(spec.tolerations(i), path.index(i), errors);
}

void validate_affinity(const corev1::Affinity& affinity, const FieldPath& path, FieldErrors& errors) {
  if (affinity.has_nodeaffinity()) validate_node_affinity(affinity.nodeaffinity(), path / "nodeAffinity", errors);
  if (affinity.has_podaffinity()) validate_pod_affinity(affinity.podaffinity(), path / "podAffinity", errors);
  if (affinity.has_podantiaffinity()) validate_pod_affinity(affinity.podantiaffinity(), path / "podAntiAffinity", errors);
}

void validate_gates(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.schedulinggates_size(); ++i) {
    const std::string& name = spec.schedulinggates(i).name();
    add_faults(qualified_name_faults(name), path.index(i), quote(name), errors);
    if (!seen.insert(name).second) errors.duplicate(path.index(i), quote(name));
  }
}

void validate_spread(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto& constraints = spec.topologyspreadconstraints();
  for (int i = 0; i < constraints.size(); ++i) {
    const corev1::TopologySpreadConstraint& one = constraints[i];
    FieldPath at = path.index(i);
    if (one.maxskew() <= 0) errors.invalid(at / "maxSkew", shown(one.maxskew()), "must be greater than zero");
    if (one.topologykey().empty()) errors.required(at / "topologyKey", "can not be empty");
    validate_known(true, one.whenunsatisfiable(), kUnsatisfiable, at / "whenUnsatisfiable", errors);
    const bool again = std::any_of(constraints.begin() + i + 1, constraints.end(), [&](const corev1::TopologySpreadConstraint& later) {
      return later.topologykey() == one.topologykey() && later.whenunsatisfiable() == one.whenunsatisfiable();
    });
    if (again) {
      errors.duplicate(at / "{topologyKey, whenUnsatisfiable}", quote("{" + one.topologykey() + ", " + one.whenunsatisfiable() + "}"));
    }
    validate_constraint(one, at, errors);
  }
}

}  // namespace stint::core
