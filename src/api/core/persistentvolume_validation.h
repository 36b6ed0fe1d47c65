// What a PersistentVolume may say. Pure; any thread. Source: upstream's pkg/apis/core/validation/validation.go.
#pragma once

#include "api/kind.h"

namespace stint::core {

void validate_volume(const Message& object, FieldErrors& errors);
void validate_volume_update(const Message& next, const Message& old, FieldErrors& errors);
void warn_volume(const Message& next, const Message* old, std::vector<std::string>& warnings);

}  // namespace stint::core
