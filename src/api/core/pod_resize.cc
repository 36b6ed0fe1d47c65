#include "api/core/pod_resize.h"

#include <algorithm>

#include "api/core/pod_spec.h"
#include "api/core/pod_validation.h"
#include "api/equality.h"

namespace stint::core {
namespace {

using Containers = google::protobuf::RepeatedPtrField<corev1::Container>;
using ResourceList = google::protobuf::Map<std::string, resource::Quantity>;

bool same_names(const Containers& next, const Containers& old) {
  return std::ranges::equal(next, old, [](const auto& a, const auto& b) { return a.name() == b.name(); });
}

// The old containers with the new sizes; what is renamed or reordered is left for validation to refuse.
Containers resized(const Containers& next, const Containers& old) {
  if (!same_names(next, old)) return next;
  Containers result = old;
  for (int i = 0; i < next.size(); ++i) {
    if (next[i].has_resources()) {
      *result[i].mutable_resources() = next[i].resources();
    } else {
      result[i].clear_resources();
    }
    *result[i].mutable_resizepolicy() = next[i].resizepolicy();
  }
  return result;
}

void keep_metadata(metav1::ObjectMeta& next, const metav1::ObjectMeta& old) {
  *next.mutable_labels() = old.labels();
  *next.mutable_annotations() = old.annotations();
  *next.mutable_finalizers() = old.finalizers();
  *next.mutable_ownerreferences() = old.ownerreferences();
}

bool removes(const ResourceList& next, const ResourceList& old) {
  return old.size() > next.size() || std::ranges::any_of(old, [&](const auto& entry) { return !next.contains(entry.first); });
}

void restore_cpu_and_memory(ResourceList& list, const ResourceList& old) {
  for (const char* name : {"cpu", "memory"}) {
    list.erase(name);
    if (const auto found = old.find(name); found != old.end()) list[name] = found->second;
  }
}

void restore_cpu_and_memory(corev1::ResourceRequirements& next, const corev1::ResourceRequirements& old) {
  restore_cpu_and_memory(*next.mutable_requests(), old.requests());
  restore_cpu_and_memory(*next.mutable_limits(), old.limits());
}

corev1::Container without_new_size(corev1::Container next, const corev1::Container& old) {
  if (next.has_resources() || old.has_resources()) restore_cpu_and_memory(*next.mutable_resources(), old.resources());
  return next;
}

void validate_kept(const Containers& next, const Containers& old, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < old.size(); ++i) {
    const FieldPath at = path.index(i) / "resources";
    if (removes(next[i].resources().requests(), old[i].resources().requests()))
      errors.forbidden(at / "requests", "resource requests cannot be removed");
    if (removes(next[i].resources().limits(), old[i].resources().limits()))
      errors.forbidden(at / "limits", "resource limits cannot be removed");
  }
}

// False: the rest cannot be compared.
bool validate_order(const Containers& next, const Containers& old, const std::string& field, FieldErrors& errors) {
  const FieldPath path = FieldPath("spec") / field;
  if (next.size() != old.size()) {
    errors.forbidden(path, field + " may not be added or removed on resize");
    return false;
  }
  for (int i = 0; i < next.size(); ++i) {
    if (next[i].name() != old[i].name()) errors.forbidden(path.index(i) / "name", field + " may not be renamed or reordered on resize");
  }
  return same_names(next, old);
}

void validate_only_size_changes(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  for (int i = 0; i < next.containers_size(); ++i) {
    if (!semantically_equal(without_new_size(next.containers(i), old.containers(i)), old.containers(i)))
      errors.forbidden("spec", "only cpu and memory resources are mutable");
  }
  const FieldPath path("spec.initContainers");
  for (int i = 0; i < next.initcontainers_size(); ++i) {
    const corev1::Container& container = next.initcontainers(i);
    if (!semantically_equal(without_new_size(container, old.initcontainers(i)), old.initcontainers(i)))
      errors.forbidden(path.index(i), "only cpu and memory resources for init or sidecar containers are mutable");
    if (is_sidecar(container) || semantically_equal(container, old.initcontainers(i))) continue;
    for (const corev1::ContainerResizePolicy& policy : container.resizepolicy()) {
      if (policy.restartpolicy() == "RestartContainer") {
        errors.forbidden(path.index(i), "non-sidecar init containers with a resize policy of RestartContainer cannot be resized");
      }
    }
  }
}

bool has_size(const corev1::PodSpec& spec) { return !spec.resources().requests().empty() || !spec.resources().limits().empty(); }

void validate_pod_level(const corev1::PodSpec& next, const corev1::PodSpec& old, FieldErrors& errors) {
  const FieldPath path("spec.resources");
  if (old.has_resources() && !next.has_resources()) return errors.forbidden(path, "pod-level resources cannot be removed");
  if (removes(next.resources().requests(), old.resources().requests()))
    errors.forbidden(path / "requests", "pod-level resource requests cannot be removed");
  if (removes(next.resources().limits(), old.resources().limits()))
    errors.forbidden(path / "limits", "pod-level resource limits cannot be removed");
  corev1::ResourceRequirements restored = next.resources();
  restore_cpu_and_memory(restored, old.resources());
  if (!semantically_equal(restored, old.resources())) errors.forbidden("spec", "only cpu and memory resources are mutable at pod-level");
}

// A node tells with the first container that runs whether it can.
bool node_resizes(const corev1::PodStatus& status) {
  for (const corev1::ContainerStatus& container : status.containerstatuses()) {
    if (container.state().has_running()) return container.has_resources();
  }
  return true;
}

}  // namespace

void prepare_pod_resize(Message& next_object, const Message& old_object) {
  auto& next = static_cast<corev1::Pod&>(next_object);
  const auto& old = static_cast<const corev1::Pod&>(old_object);
  corev1::PodSpec& spec = *next.mutable_spec();
  const bool comparable =
      spec.containers_size() == old.spec().containers_size() && spec.initcontainers_size() == old.spec().initcontainers_size();
  if (comparable) {
    corev1::PodSpec kept = old.spec();
    *kept.mutable_containers() = resized(spec.containers(), old.spec().containers());
    *kept.mutable_initcontainers() = resized(spec.initcontainers(), old.spec().initcontainers());
    if (spec.has_resources()) *kept.mutable_resources() = spec.resources();  // left out by who does not know them: as they were
    spec = std::move(kept);
    keep_metadata(*next.mutable_metadata(), old.metadata());
    *next.mutable_status() = old.status();
  }
  if (spec.has_resources()) set_pod_level_defaults(spec);
}

void validate_pod_resize(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const auto& next = static_cast<const corev1::Pod&>(next_object);
  const auto& old = static_cast<const corev1::Pod&>(old_object);
  validate_pod_as_it_is(next, errors);
  const std::string qos = old.status().qosclass().empty() ? std::string(qos_class(old.spec())) : old.status().qosclass();
  if (qos != qos_class(next.spec()))
    errors.invalid("spec", quote(next.status().qosclass()), "Pod QOS Class may not change as a result of resizing");
  if (!node_resizes(old.status())) errors.forbidden("spec", "Pod running on node without support for resize");
  if (has_size(next.spec()) || has_size(old.spec())) validate_pod_level(next.spec(), old.spec(), errors);
  const bool same = validate_order(next.spec().containers(), old.spec().containers(), "containers", errors);
  if (!validate_order(next.spec().initcontainers(), old.spec().initcontainers(), "initContainers", errors) || !same) return;
  validate_kept(next.spec().initcontainers(), old.spec().initcontainers(), FieldPath("spec.initContainers"), errors);
  validate_kept(next.spec().containers(), old.spec().containers(), FieldPath("spec.containers"), errors);
  validate_only_size_changes(next.spec(), old.spec(), errors);
}

}  // namespace stint::core
