// The rules of metav1.Condition, the same for all kinds that have such. Pure; any thread.
// Source: upstream's apimachinery/pkg/apis/meta/v1/validation.
#pragma once

#include "api/field_path.h"
#include "api/kind.h"

namespace stint {

using Conditions = google::protobuf::RepeatedPtrField<metav1::Condition>;

void validate_conditions(const Conditions& conditions, const FieldPath& path, FieldErrors& errors);

}  // namespace stint
