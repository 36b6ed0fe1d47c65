// The rules of ObjectMeta, the same for all kinds. Pure; any thread.
// Source: upstream's apimachinery/pkg/api/validation/objectmeta.go.
#pragma once

#include "api/kind.h"

namespace stint {

// On create: names, labels, annotations, finalizers, ownerReferences. Name and namespace are already filled in.
void validate_metadata(const Kind& kind, const Message& object, FieldErrors& errors);
// On update: the same without the name, and what may not change. The resourceVersion is the
// caller's: whether it may be left out depends on the endpoint.
void validate_metadata_update(const Message& next, const Message& old, FieldErrors& errors);

}  // namespace stint
