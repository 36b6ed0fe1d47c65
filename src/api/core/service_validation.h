// What a Service may say. Pure; any thread. Source: upstream's pkg/apis/core/validation/validation.go.
#pragma once

#include "api/kind.h"

namespace stint::core {

// The addresses and their families, by themselves.
void validate_service_addresses(const corev1::ServiceSpec& spec, FieldErrors& errors);
void validate_service(const Message& object, FieldErrors& errors);
void validate_service_update(const Message& next, const Message& old, FieldErrors& errors);
void validate_service_status(const Message& next, const Message& old, FieldErrors& errors);

}  // namespace stint::core
