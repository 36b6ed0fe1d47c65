// PersistentVolumeClaim. Source: upstream's pkg/registry/core/persistentvolumeclaim/strategy.go and its printer.
#include "api/core/access_modes.h"
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
  if (!claim.spec().has_volumemode()) claim.mutable_spec()->set_volumemode("Filesystem");
}

void prepare_create(Message& object) {
  as_claim(object).clear_status();
  as_claim(object).mutable_status()->set_phase("Pending");
}

void prepare_update(Message& next, const Message& old) { *as_claim(next).mutable_status() = as_claim(old).status(); }
void prepare_status_update(Message& next, const Message& old) { *as_claim(next).mutable_spec() = as_claim(old).spec(); }

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

std::string class_of(const corev1::PersistentVolumeClaim& claim) {
  const auto& annotations = claim.metadata().annotations();
  const auto found = annotations.find(kStorageClassAnnotation);
  return found == annotations.end() ? claim.spec().storageclassname() : found->second;
}

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
               class_of(claim),
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
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
