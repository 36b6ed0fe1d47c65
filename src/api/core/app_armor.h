// The old way to name AppArmor profiles, an annotation for each container, beside the fields of today. Source: upstream's
// pkg/apis/core/validation. Pure; any thread.
#pragma once

#include "api/field_path.h"
#include "api/kind.h"
#include "api/types.h"

namespace stint::core {

// The annotations name containers and profiles. `path`: of the annotations.
void validate_app_armor_annotations(const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec, const FieldPath& path,
                                    FieldErrors& errors);
// Where a container has both, they say the same. `path`: of the spec.
void validate_app_armor_agreement(const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec, const FieldPath& path,
                                  FieldErrors& errors);
// They stay as they were made.
void validate_app_armor_kept(const metav1::ObjectMeta& next, const metav1::ObjectMeta& old, FieldErrors& errors);

// Whether a container of the pod is to be confined, by a field or by an annotation.
bool wants_app_armor(const corev1::Pod& pod);

}  // namespace stint::core
