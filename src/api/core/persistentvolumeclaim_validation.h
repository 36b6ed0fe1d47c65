// What a PersistentVolumeClaim may say. Pure; any thread. Source: upstream's pkg/apis/core/validation/validation.go.
#pragma once

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::core {

// Also of a claim that is made with a pod.
void validate_claim_spec(const corev1::PersistentVolumeClaimSpec& spec, const FieldPath& path, FieldErrors& errors);

void validate_claim(const Message& object, FieldErrors& errors);
void validate_claim_update(const Message& next, const Message& old, FieldErrors& errors);
void validate_claim_status(const Message& next, const Message& old, FieldErrors& errors);

}  // namespace stint::core
