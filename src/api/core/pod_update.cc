// What may change in a pod once it is made. Source: upstream's pkg/apis/core/validation.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "api/core/app_armor.h"
#include "api/core/pod_spec.h"
#include "api/core/pod_validation.h"
#include "api/equality.h"
#include "api/internal_form.h"
#include "api/json.h"

namespace stint::core {
namespace {

using Containers = google::protobuf::RepeatedPtrField<corev1::Container>;

constexpr std::string_view kMayChange =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)";

// False: the rest cannot be compared.
bool validate_container_update(const Containers& next, const Containers& old, const char* field, FieldErrors& errors) {
  const FieldPath path = FieldPath("spec") / field;
  if (next.size() != old.size()) {
    errors.forbidden(path, "pod updates may not add or remove containers");
    return false;
  }
  for (int i = 0; i < next.size(); ++i) {
    if (next[i].image().empty()) errors.required(path.index(i) / "image");
    validate_image_spaces(next[i], path.index(i), errors);
  }
  return true;
}

// False: the rest is not compared.
bool validate_deadline(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  FieldPath path("spec.activeDeadlineSeconds");
  const std::string text = shown(next.activedeadlineseconds());
  if (next.has_activedeadlineseconds()) {
    if (next.activedeadlineseconds() < 0 || next.activedeadlineseconds() > std::numeric_limits<int32_t>::max()) {
      errors.invalid(path, text, "must be between 0 and 2147483647, inclusive");
      return false;
    }
    if (old.has_activedeadlineseconds() && next.activedeadlineseconds() > old.activedeadlineseconds()) {
      errors.invalid(path, text, "must be less than or equal to previous value");
      return false;
    }
  } else if (old.has_activedeadlineseconds()) {
    errors.invalid(path, "null", "must not update from a positive integer to nil value");
  }
  return true;
}

// Tolerations are added, and of those there only the time may change.
void validate_added_tolerations(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  for (corev1::Toleration wanted : old.tolerations()) {
    wanted.clear_tolerationseconds();
    bool kept = std::ranges::any_of(next.tolerations(), [&](corev1::Toleration one) {
      one.clear_tolerationseconds();
      return semantically_equal(one, wanted);
    });
    if (!kept) return errors.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
  }
}

void validate_removed_gates(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  for (int i = 0; i < next.schedulinggates_size(); ++i) {
    const std::string& name = next.schedulinggates(i).name();
    bool known = std::ranges::any_of(old.schedulinggates(), [&](const corev1::PodSchedulingGate& gate) { return gate.name() == name; });
    if (known) continue;
    errors.forbidden(FieldPath("spec.schedulingGates").index(i) / "name",
                     "only deletion is allowed, but found new scheduling gate '" + name + "'");
  }
}

std::string shown_map(const google::protobuf::Map<std::string, std::string>& map) {
  json::Members members;
  for (const auto& [key, value] : std::map<std::string, std::string>(map.begin(), map.end())) members.emplace_back(key, value);
  return members.empty() ? "null" : json::to_text(std::move(members));
}

// A gated pod's choice of nodes may become narrower, never wider.
void validate_narrower_selector(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  for (const auto& [key, value] : old.nodeselector()) {
    auto it = next.nodeselector().find(key);
    if (it != next.nodeselector().end() && it->second == value) continue;
    return errors.invalid("spec.nodeSelector", shown_map(next.nodeselector()),
                          "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
  }
}

using Requirements = google::protobuf::RepeatedPtrField<corev1::NodeSelectorRequirement>;

bool has_all(const Requirements& next, const Requirements& old) {
  return std::ranges::all_of(old, [&](const corev1::NodeSelectorRequirement& wanted) {
    return std::ranges::any_of(next, [&](const corev1::NodeSelectorRequirement& one) { return semantically_equal(one, wanted); });
  });
}

void validate_narrower_affinity(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  if (!old.affinity().nodeaffinity().has_requiredduringschedulingignoredduringexecution()) return;
  const auto& old_terms = old.affinity().nodeaffinity().requiredduringschedulingignoredduringexecution().nodeselectorterms();
  const auto& next_terms = next.affinity().nodeaffinity().requiredduringschedulingignoredduringexecution().nodeselectorterms();
  FieldPath path("spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
  if (next_terms.size() != old_terms.size()) {
    const corev1::NodeSelector& all = next.affinity().nodeaffinity().requiredduringschedulingignoredduringexecution();
    return errors.invalid(path, next_terms.empty() ? "null" : internal_text(all, all.GetDescriptor()->FindFieldByName("nodeSelectorTerms")),
                          "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
  }
  for (int i = 0; i < old_terms.size(); ++i) {
    // An empty term matches no node: anything narrows nothing.
    bool was_empty = old_terms[i].matchexpressions().empty() && old_terms[i].matchfields().empty();
    bool narrower = !was_empty && has_all(next_terms[i].matchexpressions(), old_terms[i].matchexpressions()) &&
                    has_all(next_terms[i].matchfields(), old_terms[i].matchfields());
    if (!narrower && !semantically_equal(next_terms[i], old_terms[i]))
      errors.invalid(path.index(i), internal_text(next_terms[i]), "only additions are allowed (no mutations or deletions)");
  }
}

void restore_images(const Containers& old, Containers& next) {
  for (int i = 0; i < next.size(); ++i) next[i].set_image(old[i].image());
}

// What a gated pod may change, put back.
void restore_node_choice(const corev1::PodSpec& old, corev1::PodSpec& next) {
  *next.mutable_nodeselector() = old.nodeselector();
  if (next.has_affinity()) next.mutable_affinity()->clear_nodeaffinity();
  if (old.affinity().has_nodeaffinity()) *next.mutable_affinity()->mutable_nodeaffinity() = old.affinity().nodeaffinity();
  if (!old.has_affinity() && semantically_equal(next.affinity(), corev1::Affinity())) next.clear_affinity();
}

// The node agent's own pods are marked so from the start.
void validate_annotations_kept(const metav1::ObjectMeta& next, const metav1::ObjectMeta& old, FieldErrors& errors) {
  static constexpr const char* kMirror = "kubernetes.io/config.mirror";
  auto value = [](const metav1::ObjectMeta& meta) {
    const auto it = meta.annotations().find(kMirror);
    return it == meta.annotations().end() ? std::optional<std::string>() : it->second;
  };
  validate_app_armor_kept(next, old, errors);
  if (value(next) == value(old)) return;
  errors.forbidden(FieldPath("metadata.annotations").key(kMirror),
                   value(old) ? "may not remove or update mirror pod annotation" : "may not add mirror pod annotation");
}

}  // namespace

void validate_pod_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const auto& next_pod = static_cast<const corev1::Pod&>(next_object);
  const corev1::PodSpec& next = next_pod.spec();
  const corev1::PodSpec& old = static_cast<const corev1::Pod&>(old_object).spec();
  validate_annotations_kept(next_pod.metadata(), static_cast<const corev1::Pod&>(old_object).metadata(), errors);
  if (semantically_equal(next, old)) return;  // nothing but metadata: what was legal once stays
  validate_pod_as_it_is(next_pod, errors);
  if (!validate_container_update(next.containers(), old.containers(), "containers", errors)) return;
  if (!validate_container_update(next.initcontainers(), old.initcontainers(), "initContainers", errors)) return;
  if (!validate_deadline(next, old, errors)) return;
  validate_added_tolerations(next, old, errors);
  validate_removed_gates(next, old, errors);

  // With all that may change put back, the specs must be equal.
  corev1::PodSpec restored = next;
  restore_images(old.containers(), *restored.mutable_containers());
  restore_images(old.initcontainers(), *restored.mutable_initcontainers());
  restored.clear_activedeadlineseconds();
  if (old.has_activedeadlineseconds()) restored.set_activedeadlineseconds(old.activedeadlineseconds());
  *restored.mutable_tolerations() = old.tolerations();
  *restored.mutable_schedulinggates() = old.schedulinggates();
  if (old.terminationgraceperiodseconds() < 0 && next.terminationgraceperiodseconds() == 1) {
    restored.set_terminationgraceperiodseconds(old.terminationgraceperiodseconds());
  }
  if (!old.schedulinggates().empty()) {
    validate_narrower_selector(next, old, errors);
    validate_narrower_affinity(next, old, errors);
    restore_node_choice(old, restored);
  }
  if (!semantically_equal(restored, old)) errors.forbidden("spec", std::string(kMayChange) + internal_diff(old, restored));
}

}  // namespace stint::core
