// The parts of pod validation, one file a part of the pod. Pure; any thread.
// Source: upstream's pkg/apis/core/validation/validation.go.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::core {

// The volumes that are sound, by name: mounts must name one of them.
using Volumes = std::unordered_map<std::string_view, const corev1::VolumeSource*>;

// What checks of a container need to know of its pod.
struct PodScope {
  const corev1::PodSpec& spec;
  const Volumes& volumes;
  const std::set<std::string_view>& claims;  // names of spec.resourceClaims
};

Volumes validate_volumes(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void validate_mounts(const corev1::Container& container, const Volumes& volumes, const FieldPath& path, FieldErrors& errors);
void validate_containers(const PodScope& pod, const FieldPath& spec_path, FieldErrors& errors);
void validate_image_spaces(const corev1::Container& container, const FieldPath& path, FieldErrors& errors);
void validate_env(const corev1::Container& container, const FieldPath& path, FieldErrors& errors);
void validate_devices(const corev1::Container& container, const Volumes& volumes, const FieldPath& path, FieldErrors& errors);
// Of a container.
void validate_resources(const corev1::ResourceRequirements& resources, const std::set<std::string_view>& claims, const FieldPath& path,
                        FieldErrors& errors);
void validate_resize_policy(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
// Of the pod itself: no less than its containers' together.
void validate_pod_resources(const corev1::PodSpec& spec, const std::set<std::string_view>& claims, const FieldPath& path,
                            FieldErrors& errors);
void validate_resource_claims(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
std::set<std::string_view> claim_names(const corev1::PodSpec& spec);
// Probes and hooks, of containers that run beside others.
void validate_health(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void validate_container_security(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path,
                                 FieldErrors& errors);
void validate_pod_security(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void validate_windows_options(const corev1::WindowsSecurityContextOptions& options, const FieldPath& path, FieldErrors& errors);
// What containers that share the host with Windows must have in common.
void validate_host_process(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
// What the operating system that the pod names does not have.
void validate_os(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
// Regular, init and ephemeral ones, in that order, by their paths.
using VisitContainer = std::function<void(const corev1::Container& container, const FieldPath& path)>;
void visit_containers(const corev1::PodSpec& spec, const FieldPath& path, const VisitContainer& visit);

void validate_affinity(const corev1::Affinity& affinity, const FieldPath& path, FieldErrors& errors);
void validate_gates(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void validate_spread(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void validate_node_selector(const corev1::NodeSelector& selector, const FieldPath& path, FieldErrors& errors);
void validate_tolerations(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);

// Pieces of an object's own fields, in the environment and in files: `in_volume` chooses which are legal.
void validate_field_ref(const corev1::ObjectFieldSelector& selector, bool in_volume, const FieldPath& path, FieldErrors& errors);
void validate_resource_ref(const corev1::ResourceFieldSelector& selector, bool in_volume, const FieldPath& path, FieldErrors& errors);

void validate_host_path(const corev1::HostPathVolumeSource& source, const FieldPath& path, FieldErrors& errors);
// A source of storage outside of the machine, of pods and of PersistentVolumes.
void validate_outside_source(const Message& source, const FieldPath& path, FieldErrors& errors);
void validate_no_backstep(const std::string& text, const FieldPath& path, FieldErrors& errors);
// A relative path without "..".
void validate_descending_path(const std::string& text, const FieldPath& path, FieldErrors& errors);

// Required when empty, NotSupported when none of the choices.
void validate_one_of(const std::string& value, std::span<const std::string_view> choices, const FieldPath& path, FieldErrors& errors);
// The same, where empty is fine.
void validate_one_of_if_set(const std::string& value, std::span<const std::string_view> choices, const FieldPath& path,
                            FieldErrors& errors);

// Its common fields are a container's.
corev1::Container as_container(const corev1::EphemeralContainer& ephemeral);

void validate_pod(const Message& pod, FieldErrors& errors);
// What holds at every write of its spec.
void validate_pod_as_it_is(const corev1::Pod& pod, FieldErrors& errors);
void validate_pod_update(const Message& next, const Message& old, FieldErrors& errors);
void validate_pod_status(const Message& next, const Message& old, FieldErrors& errors);
void warn_pod(const Message& next, const Message* old, std::vector<std::string>& warnings);

}  // namespace stint::core
