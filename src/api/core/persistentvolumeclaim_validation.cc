#include "api/core/persistentvolumeclaim_validation.h"

#include <algorithm>

#include "api/core/access_modes.h"
#include "api/core/pod_validation.h"
#include "api/core/resource_names.h"
#include "api/equality.h"
#include "api/immutable_field.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

using Claim = corev1::PersistentVolumeClaim;
using Spec = corev1::PersistentVolumeClaimSpec;

constexpr std::string_view kResizeStates[] = {"ControllerResizeInfeasible", "ControllerResizeInProgress", "NodeResizeInfeasible",
                                              "NodeResizeInProgress", "NodeResizePending"};

const Claim& as_claim(const Message& object) { return static_cast<const Claim&>(object); }

std::string amount(const ResourceList& list, const char* name) {
  const auto found = list.find(name);
  return found == list.end() || found->second.string().empty() ? "0" : found->second.string();
}

void validate_size(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto found = spec.resources().requests().find(kStorage);
  if (found == spec.resources().requests().end()) return errors.required(path);
  validate_positive_quantity(found->second, path, errors);
}

// The old reference and the new differ only in a namespace.
template <class Reference>
void validate_source(const Reference& source, const FieldPath& path, FieldErrors& errors) {
  if (source.name().empty()) errors.required(path / "name");
  if (source.kind().empty()) errors.required(path / "kind");
  if (source.apigroup().empty()) {
    if (source.kind() != "PersistentVolumeClaim") {
      errors.invalid(path, quote(source.kind()), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    }
    return;
  }
  add_faults(dns_subdomain_faults(source.apigroup()), path / "apiGroup", quote(source.apigroup()), errors);
}

bool same_source(const Spec& spec) {
  const auto& old = spec.datasource();
  const auto& next = spec.datasourceref();
  return old.has_apigroup() == next.has_apigroup() && old.apigroup() == next.apigroup() && old.kind() == next.kind() &&
         old.name() == next.name();
}

void validate_sources(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.has_datasource()) validate_source(spec.datasource(), path / "dataSource", errors);
  if (!spec.has_datasourceref()) return;
  const corev1::TypedObjectReference& reference = spec.datasourceref();
  const FieldPath at = path / "dataSourceRef";
  validate_source(reference, at, errors);
  const bool elsewhere = !reference.namespace_().empty();
  if (elsewhere) add_faults(dns_label_faults(reference.namespace_()), at / "namespace", quote(reference.namespace_()), errors);
  if (!spec.has_datasource()) return;
  // Upstream shows the path as the value, which has no form in JSON.
  if (elsewhere) {
    errors.invalid(path, "{}", "may not be specified when dataSourceRef.namespace is specified");
  } else if (!same_source(spec)) {
    errors.invalid(path, "{}", "must match dataSourceRef");
  }
}

// An upgrade from the annotation to the field, both of one class.
bool moves_from_annotation(const Claim& next, const Claim& old) {
  const auto& were = old.metadata().annotations();
  const auto& are = next.metadata().annotations();
  const auto was = were.find(kStorageClassAnnotation);
  if (was == were.end() || old.spec().has_storageclassname()) return false;
  if (!next.spec().has_storageclassname() || next.spec().storageclassname() != was->second) return false;
  const auto is = are.find(kStorageClassAnnotation);
  return is == are.end() || is->second == was->second;
}

bool sets_class_first(const Claim& next, const Claim& old) {
  const auto& were = old.metadata().annotations();
  const auto was = were.find(kStorageClassAnnotation);
  return next.spec().has_storageclassname() && !old.spec().has_storageclassname() &&
         (was == were.end() || was->second == next.spec().storageclassname());
}

void validate_annotation_kept(const Claim& next, const Claim& old, FieldErrors& errors) {
  const auto value = [](const Claim& claim) {
    const auto found = claim.metadata().annotations().find(kStorageClassAnnotation);
    return found == claim.metadata().annotations().end() ? std::string() : found->second;
  };
  if (value(next) == value(old)) return;
  errors.invalid(FieldPath("metadata.annotations") / kStorageClassAnnotation, quote(value(next)), "field is immutable");
}

// The next spec with everything that may change put back, to be compared with the old one.
Spec restored(const Claim& next, const Claim& old) {
  Spec spec = next.spec();
  if (old.spec().volumename().empty()) spec.clear_volumename();
  if (old.spec().storageclassname() != spec.storageclassname() && (moves_from_annotation(next, old) || sets_class_first(next, old))) {
    spec.clear_storageclassname();
  }
  if (next.status().phase() != "Bound") return spec;
  if (!spec.resources().requests().empty()) {
    const auto& requests = old.spec().resources().requests();
    const auto found = requests.find(kStorage);
    auto& mine = *spec.mutable_resources()->mutable_requests();
    mine[kStorage] = found == requests.end() ? resource::Quantity() : found->second;
  }
  spec.clear_volumeattributesclassname();
  if (old.spec().has_volumeattributesclassname()) spec.set_volumeattributesclassname(old.spec().volumeattributesclassname());
  return spec;
}

void validate_attributes_class_update(const Claim& next, const Claim& old, FieldErrors& errors) {
  const Spec& spec = next.spec();
  const bool same = spec.has_volumeattributesclassname() == old.spec().has_volumeattributesclassname() &&
                    spec.volumeattributesclassname() == old.spec().volumeattributesclassname();
  if (same || !old.status().has_currentvolumeattributesclassname()) return;
  const FieldPath path("spec.volumeAttributesClassName");
  if (!spec.has_volumeattributesclassname()) {
    errors.forbidden(path, "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil");
  } else if (spec.volumeattributesclassname().empty()) {
    errors.forbidden(path, "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil");
  }
}

void validate_resource_key(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  static constexpr std::string_view kKnown[] = {kStorage};
  const Faults faults = qualified_name_faults(name);
  add_faults(faults, path, quote(name), errors);
  if (faults.empty() && is_native_resource(name) && name != kStorage) errors.not_supported(path, name, kKnown);
}

}  // namespace

void validate_claim_spec(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  validate_access_modes(spec.accessmodes(), "at least 1 access mode is required", path / "accessModes", errors);
  if (spec.has_selector()) validate_label_selector(spec.selector(), path / "selector", errors);
  validate_size(spec, (path / "resources").key(kStorage), errors);
  if (!spec.storageclassname().empty()) validate_class_name(spec.storageclassname(), path / "storageClassName", errors);
  if (spec.has_volumemode()) {
    if (std::ranges::find(kVolumeModes, spec.volumemode()) == std::end(kVolumeModes)) {
      errors.not_supported(path / "volumeMode", spec.volumemode(), kVolumeModes);
    }
  }
  validate_sources(spec, path, errors);
  if (!spec.volumeattributesclassname().empty()) {
    validate_class_name(spec.volumeattributesclassname(), path / "volumeAttributesClassName", errors);
  }
}

void validate_claim(const Message& object, FieldErrors& errors) { validate_claim_spec(as_claim(object).spec(), FieldPath("spec"), errors); }

void validate_claim_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const Claim& next = as_claim(next_object);
  const Claim& old = as_claim(old_object);
  validate_claim(next, errors);
  if (!moves_from_annotation(next, old)) validate_annotation_kept(next, old, errors);
  if (!semantically_equal(restored(next, old), old.spec())) {
    errors.forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
  }
  const std::string size = amount(next.spec().resources().requests(), kStorage);
  if (compare_quantities(size, amount(old.spec().resources().requests(), kStorage)) < 0 &&
      compare_quantities(size, amount(old.status().capacity(), kStorage)) <= 0) {
    errors.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
  }
  validate_immutable_field(next.spec(), old.spec(), "volumeMode", FieldPath(), errors);
  validate_attributes_class_update(next, old, errors);
}

void validate_claim_status(const Message& next_object, const Message&, FieldErrors& errors) {
  const corev1::PersistentVolumeClaimStatus& status = as_claim(next_object).status();
  const auto validate_amount = [&](const resource::Quantity& quantity, const FieldPath& path) {
    const int64_t value = quantity_value(quantity).value_or(0);
    if (value < 0) errors.invalid(path, shown(value), "must be a valid resource quantity");
  };
  for (const auto& [name, quantity] : status.capacity()) validate_amount(quantity, FieldPath("status.capacity").key(name));
  const FieldPath states("status.allocatedResourceStatuses");
  for (const auto& [name, state] : status.allocatedresourcestatuses()) {
    validate_resource_key(name, states, errors);
    if (std::ranges::find(kResizeStates, state) == std::end(kResizeStates)) errors.not_supported(states, name, kResizeStates);
  }
  const FieldPath allocated("status.allocatedResources");
  for (const auto& [name, quantity] : status.allocatedresources()) {
    validate_resource_key(name, allocated, errors);
    validate_amount(quantity, allocated.key(name));
  }
}

}  // namespace stint::core
