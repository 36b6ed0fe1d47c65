// StorageClasses, at the door: a claim that names no class gets the default one. Source: upstream's DefaultStorageClass admission.
#include "api/core/access_modes.h"
#include "api/storage/rules.h"
#include "server/admission.h"

namespace stint {

Result<void> admit_storage_class(const Admission& admission) {
  if (admission.verb != Verb::kCreate || admission.request.kind != &kind_of<corev1::PersistentVolumeClaim>() ||
      !admission.request.subresource.empty()) {
    return {};
  }
  auto& claim = static_cast<corev1::PersistentVolumeClaim&>(*admission.object);
  if (claim.spec().has_storageclassname() || claim.metadata().annotations().contains(core::kStorageClassAnnotation)) return {};
  TRY(const std::vector<Object> objects, admission.core.registry.all(kind_of<storagev1::StorageClass>(), ""));
  std::vector<const storagev1::StorageClass*> classes;
  for (const Object& object : objects) classes.push_back(static_cast<const storagev1::StorageClass*>(object.get()));
  if (const auto* chosen = storage::default_class(classes)) claim.mutable_spec()->set_storageclassname(chosen->metadata().name());
  return {};
}

}  // namespace stint
