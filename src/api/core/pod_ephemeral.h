// The endpoint of a pod by which containers that only look at it are added while it runs. Source: upstream's
// pkg/registry/core/pod and pkg/apis/core/validation. Pure; any thread.
#pragma once

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::core {

// Of what is written, only its ephemeral containers count.
void prepare_ephemeral_update(Message& next, const Message& old);
// They may be added, never changed or removed.
void validate_ephemeral_update(const Message& next, const Message& old, FieldErrors& errors);

}  // namespace stint::core
