// "field is immutable": one field of two messages compared semantically. Pure; any thread.
#pragma once

#include "api/field_path.h"
#include "api/kind.h"

namespace stint {

// REQUIRES: both messages are of one type that has the field. The error stands at `path` / `field` and shows the new value.
void validate_immutable_field(const Message& next, const Message& old, const char* field, const FieldPath& path, FieldErrors& errors);

}  // namespace stint
