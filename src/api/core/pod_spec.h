// What pods and pod templates share: defaults, validation and warnings of a PodSpec. Pure; any thread.
#pragma once

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::core {

// The defaults of a spec wherever it stands; those of pods alone are pod_defaults.cc's own.
void set_pod_spec_defaults(corev1::PodSpec& spec);
void set_pod_defaults(Message& pod);
// Of the amounts that the pod itself asks for: what they leave out follows from its limits and its containers. Pods alone, once all of
// their containers are there.
void set_pod_level_defaults(corev1::PodSpec& spec);
// Selectors by the labels of the pod itself: once, when it is made.
void apply_label_keys(corev1::Pod& pod);
// What upstream serves only to those who turn it on is left out of what is written.
void drop_disabled_fields(corev1::PodSpec& spec);

// `Always` for the tag `latest` or none, else `IfNotPresent`.
std::string_view default_pull_policy(std::string_view image);

// "Guaranteed", "Burstable" or "BestEffort", from requests and limits of cpu and memory.
std::string_view qos_class(const corev1::PodSpec& spec);

// An init container that runs beside the regular ones.
bool is_sidecar(const corev1::Container& init_container);

void validate_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
// Labels, annotations and spec; `path` is the template's.
void validate_pod_template(const corev1::PodTemplateSpec& pod_template, const FieldPath& path, FieldErrors& errors);
// Texts for the Warning header about what is legal and likely a mistake.
void warn_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, std::vector<std::string>& warnings);

}  // namespace stint::core
