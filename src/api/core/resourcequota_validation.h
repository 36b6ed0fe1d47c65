// What a ResourceQuota may say. Pure; any thread. Source: upstream's pkg/apis/core/validation/validation.go.
#pragma once

#include "api/kind.h"

namespace stint::core {

void validate_quota(const Message& object, FieldErrors& errors);
void validate_quota_update(const Message& next, const Message& old, FieldErrors& errors);
void validate_quota_status(const Message& next, const Message& old, FieldErrors& errors);

}  // namespace stint::core
