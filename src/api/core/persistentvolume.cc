// PersistentVolume. Source: upstream's pkg/registry/core/persistentvolume/strategy.go and its printer.
#include "api/core/access_modes.h"
#include "api/core/persistentvolume_validation.h"
#include "api/core/resource_names.h"
#include "api/core/rules.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

corev1::PersistentVolume& as_volume(Message& object) { return static_cast<corev1::PersistentVolume&>(object); }
const corev1::PersistentVolume& as_volume(const Message& object) { return static_cast<const corev1::PersistentVolume&>(object); }

void set_source_defaults(corev1::PersistentVolumeSource& source) {
  const auto fill = [](const std::string& is, auto set, const char* value) {
    if (is.empty()) set(value);
  };
  if (source.has_hostpath() && !source.hostpath().has_type()) source.mutable_hostpath()->set_type("");
  if (source.has_iscsi()) fill(source.iscsi().iscsiinterface(), [&](auto v) { source.mutable_iscsi()->set_iscsiinterface(v); }, "default");
  if (source.has_rbd()) {
    corev1::RBDPersistentVolumeSource& rbd = *source.mutable_rbd();
    fill(rbd.pool(), [&](auto v) { rbd.set_pool(v); }, "rbd");
    fill(rbd.user(), [&](auto v) { rbd.set_user(v); }, "admin");
    fill(rbd.keyring(), [&](auto v) { rbd.set_keyring(v); }, "/etc/ceph/keyring");
  }
  if (source.has_scaleio()) {
    corev1::ScaleIOPersistentVolumeSource& scale = *source.mutable_scaleio();
    fill(scale.storagemode(), [&](auto v) { scale.set_storagemode(v); }, "ThinProvisioned");
    fill(scale.fstype(), [&](auto v) { scale.set_fstype(v); }, "xfs");
  }
  if (!source.has_azuredisk()) return;
  corev1::AzureDiskVolumeSource& disk = *source.mutable_azuredisk();
  if (!disk.has_cachingmode()) disk.set_cachingmode("ReadWrite");
  if (!disk.has_fstype()) disk.set_fstype("ext4");
  if (!disk.has_readonly()) disk.set_readonly(false);
  if (!disk.has_kind()) disk.set_kind("Shared");
}

void set_defaults(Message& object) {
  corev1::PersistentVolume& volume = as_volume(object);
  if (volume.status().phase().empty()) volume.mutable_status()->set_phase("Pending");
  corev1::PersistentVolumeSpec& spec = *volume.mutable_spec();
  if (spec.persistentvolumereclaimpolicy().empty()) spec.set_persistentvolumereclaimpolicy("Retain");
  if (!spec.has_volumemode()) spec.set_volumemode("Filesystem");
  round_to_milli(*spec.mutable_capacity());
  if (spec.has_persistentvolumesource()) set_source_defaults(*spec.mutable_persistentvolumesource());
}

// The rules know no clock: the object is created now.
void prepare_create(Message& object) {
  corev1::PersistentVolume& volume = as_volume(object);
  volume.clear_status();
  volume.mutable_status()->set_phase("Pending");
  *volume.mutable_status()->mutable_lastphasetransitiontime() = volume.metadata().creationtimestamp();
}

void prepare_update(Message& next, const Message& old) { *as_volume(next).mutable_status() = as_volume(old).status(); }
void prepare_status_update(Message& next, const Message& old) { *as_volume(next).mutable_spec() = as_volume(old).spec(); }

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the volume."},
    {.name = "Capacity", .description = "How large it is."},
    {.name = "Access Modes", .description = "How it can be mounted."},
    {.name = "Reclaim Policy", .description = "What happens when its claim goes."},
    {.name = "Status", .description = "Whether it is in use."},
    {.name = "Claim", .description = "The claim it belongs to."},
    {.name = "StorageClass", .description = "Its class of storage."},
    {.name = "VolumeAttributesClass", .description = "Its class of attributes."},
    {.name = "Reason", .description = "Why it is in this state."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "VolumeMode", .priority = 1, .description = "File system or block device."},
};

std::string capacity_text(const corev1::PersistentVolumeSpec& spec) {
  const auto found = spec.capacity().find(kStorage);
  return found == spec.capacity().end() ? "0" : found->second.string();
}

std::string claim_text(const corev1::PersistentVolumeSpec& spec) {
  return spec.has_claimref() ? spec.claimref().namespace_() + "/" + spec.claimref().name() : "";
}

void row(const Message& object, WallTime now, Row& row) {
  const corev1::PersistentVolume& volume = as_volume(object);
  const corev1::PersistentVolumeSpec& spec = volume.spec();
  row.cells = {meta(object).name(),
               capacity_text(spec),
               access_modes_text(spec.accessmodes()),
               spec.persistentvolumereclaimpolicy(),
               is_deleting(object) ? "Terminating" : volume.status().phase(),
               claim_text(spec),
               storage_class_of(volume, spec.storageclassname()),
               spec.has_volumeattributesclassname() ? spec.volumeattributesclassname() : "<unset>",
               volume.status().reason(),
               age_of(object, now),
               spec.has_volumemode() ? spec.volumemode() : "<unset>"};
}

constexpr SelectableField kFields[] = {
    {"name", [](const Message& o) { return meta(o).name(); }},  // upstream's mistake, which clients may rely on
};

}  // namespace

constinit const Rules kPersistentVolumeRules = {
    .set_defaults = set_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_volume,
    .validate_update = validate_volume_update,
    .warn = warn_volume,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
