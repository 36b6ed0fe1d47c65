// What volumes and claims share. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"

namespace stint::core {

using AccessModes = google::protobuf::RepeatedPtrField<std::string>;

inline constexpr const char* kStorage = "storage";
// The old way to name a class of storage; it goes before the field.
inline constexpr const char* kStorageClassAnnotation = "volume.beta.kubernetes.io/storage-class";

// "RWO,ROX,RWX,RWOP", each once and in this order.
std::string access_modes_text(const AccessModes& modes);

}  // namespace stint::core
