// What volumes and claims share. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::core {

using AccessModes = google::protobuf::RepeatedPtrField<std::string>;

inline constexpr const char* kStorage = "storage";
// The old way to name a class of storage; it goes before the field.
inline constexpr const char* kStorageClassAnnotation = "volume.beta.kubernetes.io/storage-class";

inline constexpr std::string_view kVolumeModes[] = {"Block", "Filesystem"};

// At least one, all known, and ReadWriteOncePod only alone.
void validate_access_modes(const AccessModes& modes, std::string_view why_required, const FieldPath& path, FieldErrors& errors);
// A name of a StorageClass or a VolumeAttributesClass.
void validate_class_name(const std::string& name, const FieldPath& path, FieldErrors& errors);
// The class that the annotation or the field names.
std::string storage_class_of(const Message& object, const std::string& field);

// "RWO,ROX,RWX,RWOP", each once and in this order.
std::string access_modes_text(const AccessModes& modes);

}  // namespace stint::core
