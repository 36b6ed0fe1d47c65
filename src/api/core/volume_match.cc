#include "api/core/volume_match.h"

#include <algorithm>

#include "api/core/access_modes.h"
#include "api/object.h"
#include "api/quantity.h"
#include "api/selector.h"

namespace stint::core {
namespace {

__int128 storage_in(const google::protobuf::Map<std::string, resource::Quantity>& amounts) {
  const auto found = amounts.find(kStorage);
  return found == amounts.end() ? 0 : quantity_value(found->second).value_or(0);
}

std::string mode_of(const std::string& mode) { return mode.empty() ? "Filesystem" : mode; }

bool is_large_enough(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim) {
  return storage_in(volume.spec().capacity()) >= storage_in(claim.spec().resources().requests());
}

bool has_modes(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim) {
  return std::ranges::all_of(claim.spec().accessmodes(), [&](const std::string& mode) {
    return std::ranges::find(volume.spec().accessmodes(), mode) != volume.spec().accessmodes().end();
  });
}

std::string class_of_volume(const corev1::PersistentVolume& volume) { return storage_class_of(volume, volume.spec().storageclassname()); }

bool is_free(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim) {
  if (volume.spec().has_claimref() || volume.status().phase() != "Available") return false;
  if (class_of_volume(volume) != core::class_of(claim) || !has_modes(volume, claim)) return false;
  if (!claim.spec().has_selector()) return true;
  const auto selector = LabelSelector::from(claim.spec().selector());
  return selector && selector->matches(volume.metadata().labels());
}

}  // namespace

std::string annotation_of(const Message& object, const char* name) {
  const auto& annotations = meta(object).annotations();
  const auto found = annotations.find(name);
  return found == annotations.end() ? "" : found->second;
}

bool is_bound(const corev1::PersistentVolumeClaim& claim) {
  return !claim.spec().volumename().empty() && claim.metadata().annotations().contains(kBindCompleted);
}

std::string class_of(const corev1::PersistentVolumeClaim& claim) { return storage_class_of(claim, claim.spec().storageclassname()); }

std::string claim_of(const corev1::Pod& pod, const corev1::Volume& volume) {
  const corev1::VolumeSource& source = volume.volumesource();
  if (source.has_persistentvolumeclaim()) return source.persistentvolumeclaim().claimname();
  return source.has_ephemeral() ? pod.metadata().name() + "-" + volume.name() : "";
}

bool is_kept_for(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim) {
  const corev1::ObjectReference& kept = volume.spec().claimref();
  return volume.spec().has_claimref() && kept.name() == claim.metadata().name() && kept.namespace_() == claim.metadata().namespace_() &&
         (kept.uid().empty() || kept.uid() == claim.metadata().uid());
}

std::string mismatch(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim) {
  if (!is_large_enough(volume, claim)) return "requested PV is too small";
  if (class_of_volume(volume) != core::class_of(claim)) return "storageClassName does not match";
  if (mode_of(volume.spec().volumemode()) != mode_of(claim.spec().volumemode())) return "incompatible volumeMode";
  return has_modes(volume, claim) ? "" : "incompatible accessMode";
}

const corev1::PersistentVolume* best_volume(const Volumes& volumes, const corev1::PersistentVolumeClaim& claim,
                                            const MatchOptions& options) {
  const corev1::PersistentVolume* best = nullptr;
  const auto size = [](const corev1::PersistentVolume& volume) { return storage_in(volume.spec().capacity()); };
  for (const auto* volume : volumes) {
    if (!is_large_enough(*volume, claim) || is_deleting(*volume)) continue;
    if (mode_of(volume->spec().volumemode()) != mode_of(claim.spec().volumemode())) continue;
    const bool can_use = !options.can_use || options.can_use(*volume);
    if (is_kept_for(*volume, claim)) return can_use ? volume : nullptr;
    if (options.kept_only || !can_use || !is_free(*volume, claim)) continue;
    if (best == nullptr || size(*volume) < size(*best)) best = volume;
  }
  return best;
}

bool keep_for(const corev1::PersistentVolumeClaim& claim, corev1::PersistentVolume& volume) {
  const bool by_us = !volume.spec().has_claimref();
  if (!by_us && !volume.spec().claimref().uid().empty()) return false;
  corev1::ObjectReference& kept = *volume.mutable_spec()->mutable_claimref();
  kept.set_kind("PersistentVolumeClaim");
  kept.set_apiversion("v1");
  kept.set_namespace_(claim.metadata().namespace_());
  kept.set_name(claim.metadata().name());
  kept.set_uid(claim.metadata().uid());
  kept.set_resourceversion(claim.metadata().resourceversion());
  if (by_us) (*volume.mutable_metadata()->mutable_annotations())[kBoundByController] = "yes";
  return true;
}

}  // namespace stint::core
