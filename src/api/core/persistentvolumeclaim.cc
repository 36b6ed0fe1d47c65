// PersistentVolumeClaim. Source: upstream's pkg/registry/core/persistentvolumeclaim/strategy.go and its printer.
#include "api/core/access_modes.h"
#include "api/core/persistentvolumeclaim_validation.h"
#include "api/core/resource_names.h"
#include "api/core/rules.h"
#include "api/quantity.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

corev1::PersistentVolumeClaim& as_claim(Message& object) { return static_cast<corev1::PersistentVolumeClaim&>(object); }
const corev1::PersistentVolumeClaim& as_claim(const Message& object) { return static_cast<const corev1::PersistentVolumeClaim&>(object); }

void set_defaults(Message& object) {
  corev1::PersistentVolumeClaim& claim = as_claim(object);
  if (claim.status().phase().empty()) claim.mutable_status()->set_phase("Pending");
  corev1::PersistentVolumeClaimSpec& spec = *claim.mutable_spec();
  if (!spec.has_volumemode()) spec.set_volumemode("Filesystem");
  if (spec.has_resources()) {
    round_to_milli(*spec.mutable_resources()->mutable_limits());
    round_to_milli(*spec.mutable_resources()->mutable_requests());
  }
  round_to_milli(*claim.mutable_status()->mutable_capacity());
  round_to_milli(*claim.mutable_status()->mutable_allocatedresources());
}

// Sources in other namespaces are not switched on. Of the old field only what it always could name is kept.
void drop_sources(corev1::PersistentVolumeClaimSpec& spec, const corev1::PersistentVolumeClaimSpec* old) {
  const bool had_reference = old != nullptr && old->has_datasourceref();
  if (!spec.datasourceref().namespace_().empty() && !had_reference) spec.clear_datasourceref();
  if (had_reference || (old != nullptr && old->has_datasource()) || spec.has_datasourceref()) return;
  const corev1::TypedLocalObjectReference& source = spec.datasource();
  const bool is_claim = source.kind() == "PersistentVolumeClaim" && source.apigroup().empty();
  const bool is_snapshot = source.kind() == "VolumeSnapshot" && source.apigroup() == "snapshot.storage.k8s.io";
  if (!is_claim && !is_snapshot) spec.clear_datasource();
}

template <class From, class To>
void copy_source(const From& from, To& to) {
  to.set_kind(from.kind());
  to.set_name(from.name());
  if (from.has_apigroup()) to.set_apigroup(from.apigroup());
}

// The old and the new field say the same.
void pair_sources(corev1::PersistentVolumeClaimSpec& spec) {
  if (spec.has_datasource() && !spec.has_datasourceref()) {
    copy_source(spec.datasource(), *spec.mutable_datasourceref());
  } else if (spec.has_datasourceref() && !spec.has_datasource() && spec.datasourceref().namespace_().empty()) {
    copy_source(spec.datasourceref(), *spec.mutable_datasource());
  }
}

void prepare_create(Message& object) {
  corev1::PersistentVolumeClaim& claim = as_claim(object);
  claim.clear_status();
  claim.mutable_status()->set_phase("Pending");
  drop_sources(*claim.mutable_spec(), nullptr);
  pair_sources(*claim.mutable_spec());
}

void prepare_update(Message& next, const Message& old) {
  *as_claim(next).mutable_status() = as_claim(old).status();
  drop_sources(*as_claim(next).mutable_spec(), &as_claim(old).spec());
  pair_sources(*as_claim(next).mutable_spec());
}

// What a driver says of health is not switched on.
void prepare_status_update(Message& next, const Message& old) {
  *as_claim(next).mutable_spec() = as_claim(old).spec();
  if (!as_claim(old).status().has_healthstatus()) as_claim(next).mutable_status()->clear_healthstatus();
}

void warn_fraction(const ResourceList& list, std::string_view field, std::vector<std::string>& warnings) {
  const auto found = list.find(kStorage);
  if (found == list.end() || quantity_milli_value(found->second).value_or(0) % 1000 == 0) return;
  warnings.push_back((FieldPath("spec.resources") / field).key(kStorage).text() + ": fractional byte value " +
                     quote(found->second.string()) + " is invalid, must be an integer");
}

void warn(const Message& next, const Message*, std::vector<std::string>& warnings) {
  if (meta(next).annotations().contains(kStorageClassAnnotation)) {
    warnings.push_back(FieldPath("metadata.annotations").key(kStorageClassAnnotation).text() +
                       ": deprecated since v1.8; use \"storageClassName\" attribute instead");
  }
  warn_fraction(as_claim(next).spec().resources().requests(), "requests", warnings);
  warn_fraction(as_claim(next).spec().resources().limits(), "limits", warnings);
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the claim, unique in its namespace."},
    {.name = "Status", .description = "Whether it has its storage."},
    {.name = "Volume", .description = "The volume it got."},
    {.name = "Capacity", .description = "How large that is."},
    {.name = "Access Modes", .description = "How that can be mounted."},
    {.name = "StorageClass", .description = "Class of storage it asks for."},
    {.name = "VolumeAttributesClass", .description = "Class of attributes it asks for."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "VolumeMode", .priority = 1, .description = "File system or block device."},
};

std::string storage_text(const corev1::PersistentVolumeClaim& claim) {
  const auto found = claim.status().capacity().find(kStorage);
  return found == claim.status().capacity().end() ? "0" : found->second.string();
}

void row(const Message& object, WallTime now, Row& row) {
  const corev1::PersistentVolumeClaim& claim = as_claim(object);
  const corev1::PersistentVolumeClaimSpec& spec = claim.spec();
  const bool is_bound = !spec.volumename().empty();
  row.cells = {meta(object).name(),
               is_deleting(object) ? "Terminating" : claim.status().phase(),
               spec.volumename(),
               is_bound ? storage_text(claim) : "",
               is_bound ? access_modes_text(claim.status().accessmodes()) : "",
               storage_class_of(claim, spec.storageclassname()),
               spec.has_volumeattributesclassname() ? spec.volumeattributesclassname() : "<unset>",
               age_of(object, now),
               spec.has_volumemode() ? spec.volumemode() : "<unset>"};
}

constexpr SelectableField kFields[] = {
    {"name", [](const Message& o) { return meta(o).name(); }},  // upstream's mistake, which clients may rely on
};

}  // namespace

constinit const Rules kPersistentVolumeClaimRules = {
    .set_defaults = set_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_claim,
    .validate_update = validate_claim_update,
    .validate_status = validate_claim_status,
    .warn = warn,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
