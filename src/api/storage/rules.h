// storage.k8s.io/v1: the kinds that can be made here.
#pragma once

#include <span>

#include "api/kind.h"

namespace stint::storage {

extern const Rules kCSINodeRules, kStorageClassRules;

inline constexpr char kDefaultClassAnnotation[] = "storageclass.kubernetes.io/is-default-class";
// The class that claims get who name none: of those that say so the newest; null: none.
const storagev1::StorageClass* default_class(std::span<const storagev1::StorageClass* const> classes);

}  // namespace stint::storage
