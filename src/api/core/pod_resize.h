// The endpoint that changes what a running pod has of cpu and memory. Source: upstream's pkg/registry/core/pod/strategy.go
// (podResizeStrategy) and pkg/apis/core/validation (ValidatePodResize). Pure; any thread.
#pragma once

#include "api/kind.h"

namespace stint::core {

// REQUIRES, of both: they are pods. Everything but resources and how containers take a new size is the old pod's.
void prepare_pod_resize(Message& next, const Message& old);
void validate_pod_resize(const Message& next, const Message& old, FieldErrors& errors);

}  // namespace stint::core
