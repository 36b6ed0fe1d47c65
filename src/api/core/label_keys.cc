// What matchLabelKeys and mismatchLabelKeys come to: requirements by the new pod's own labels. Source: upstream's pod strategy.
#include "api/core/pod_spec.h"

namespace stint::core {
namespace {

using Labels = google::protobuf::Map<std::string, std::string>;
using Keys = google::protobuf::RepeatedPtrField<std::string>;

void add_requirements(const Keys& keys, const char* op, const Labels& labels, metav1::LabelSelector& selector) {
  for (const std::string& key : keys) {
    const auto label = labels.find(key);
    if (label == labels.end()) continue;
    metav1::LabelSelectorRequirement& requirement = *selector.add_matchexpressions();
    requirement.set_key(key);
    requirement.set_operator_(op);
    requirement.add_values(label->second);
  }
}

// Without a selector no pod is meant.
void apply(const Labels& labels, corev1::PodAffinityTerm& term) {
  if (!term.has_labelselector()) return;
  add_requirements(term.matchlabelkeys(), "In", labels, *term.mutable_labelselector());
  add_requirements(term.mismatchlabelkeys(), "NotIn", labels, *term.mutable_labelselector());
}

template <class PodAffinity>
void apply_all(const Labels& labels, PodAffinity& affinity) {
  for (auto& preferred : *affinity.mutable_preferredduringschedulingignoredduringexecution())
    apply(labels, *preferred.mutable_podaffinityterm());
  for (auto& required : *affinity.mutable_requiredduringschedulingignoredduringexecution()) apply(labels, required);
}

}  // namespace

void apply_label_keys(corev1::Pod& pod) {
  const Labels& labels = pod.metadata().labels();
  corev1::PodSpec& spec = *pod.mutable_spec();
  if (spec.affinity().has_podaffinity()) apply_all(labels, *spec.mutable_affinity()->mutable_podaffinity());
  if (spec.affinity().has_podantiaffinity()) apply_all(labels, *spec.mutable_affinity()->mutable_podantiaffinity());
  for (corev1::TopologySpreadConstraint& one : *spec.mutable_topologyspreadconstraints()) {
    if (one.has_labelselector()) add_requirements(one.matchlabelkeys(), "In", labels, *one.mutable_labelselector());
  }
}

}  // namespace stint::core
