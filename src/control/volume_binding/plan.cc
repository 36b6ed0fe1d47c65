#include "control/volume_binding/plan.h"

#include "api/object.h"

namespace stint::volume_binding {
namespace {

using core::annotation_of;

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// A claim without a volume, which names none.
ClaimPlan plan_unnamed(const ClaimView& view) {
  const std::string class_name = core::class_of(view.claim);
  const bool waits = view.storage_class != nullptr && view.storage_class->volumebindingmode() == "WaitForFirstConsumer";
  if (const auto* volume = core::best_volume(view.volumes, view.claim, {.kept_only = waits, .can_use = {}})) return {.bind = volume};
  ClaimPlan plan{.phase = "Pending"};
  if (waits && annotation_of(view.claim, core::kSelectedNode).empty()) {
    plan.notice = view.pod.empty()
                      ? Notice{.reason = "WaitForFirstConsumer", .message = "waiting for first consumer to be created before binding"}
                      : Notice{.reason = "WaitForPodScheduled", .message = "waiting for pod " + view.pod + " to be scheduled"};
  } else if (class_name.empty()) {
    plan.notice = {.reason = "FailedBinding", .message = "no persistent volumes available for this claim and no storage class is set"};
  } else if (view.storage_class == nullptr) {
    plan.notice = {
        .warning = true, .reason = "ProvisioningFailed", .message = "storageclass.storage.k8s.io " + quoted(class_name) + " not found"};
  } else if (view.storage_class->provisioner() == core::kNoProvisioner) {
    plan.notice = {.reason = "FailedBinding", .message = "no volume plugin matched name: " + std::string(core::kNoProvisioner)};
  } else {
    plan.provisioner = view.storage_class->provisioner();
    plan.notice = {.reason = "ExternalProvisioning",
                   .message = "Waiting for a volume to be created either by the external provisioner '" + plan.provisioner +
                              "' or manually by the system administrator. If volume creation is delayed, please verify that the "
                              "provisioner is running and correctly registered."};
  }
  return plan;
}

// The user, or an earlier life of ours, has chosen the volume.
ClaimPlan plan_named(const ClaimView& view) {
  const std::string& name = view.claim.spec().volumename();
  if (view.named == nullptr) return {.phase = "Pending"};
  const corev1::PersistentVolume& volume = *view.named;
  if (volume.spec().has_claimref() && !core::is_kept_for(volume, view.claim)) {
    return {.phase = "Pending",
            .notice = {
                .warning = true, .reason = "FailedBinding", .message = "volume " + quoted(name) + " already bound to a different claim."}};
  }
  if (const std::string why = core::mismatch(volume, view.claim); !why.empty() && !volume.spec().has_claimref()) {
    return {
        .phase = "Pending",
        .notice = {.warning = true, .reason = "VolumeMismatch", .message = "Cannot bind to requested volume " + quoted(name) + ": " + why}};
  }
  return {.bind = &volume};
}

ClaimPlan plan_bound(const ClaimView& view) {
  if (view.named == nullptr) {
    return {
        .phase = "Lost",
        .notice = {
            .warning = true, .reason = "ClaimLost", .message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"}};
  }
  if (!view.named->spec().has_claimref() || core::is_kept_for(*view.named, view.claim)) return {.bind = view.named};
  return {
      .phase = "Lost",
      .notice = {
          .warning = true, .reason = "ClaimMisbound", .message = "Two claims are bound to the same volume, this one is bound incorrectly"}};
}

}  // namespace

ClaimPlan plan_claim(const ClaimView& view) {
  if (core::is_bound(view.claim)) return plan_bound(view);
  if (is_deleting(view.claim)) return {.phase = view.claim.status().phase()};
  return view.claim.spec().volumename().empty() ? plan_unnamed(view) : plan_named(view);
}

VolumePlan plan_volume(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim* claim) {
  if (!volume.spec().has_claimref() || volume.spec().claimref().uid().empty()) return {.phase = "Available"};
  if (claim != nullptr) {
    if (claim->spec().volumename() == volume.metadata().name()) return {.phase = "Bound"};
    if (claim->spec().volumename().empty()) return {.phase = volume.status().phase()};  // the claim is about to take it
    // One that was made for the claim goes as if the claim had gone; one that we chose is free again.
    if (annotation_of(volume, core::kProvisionedBy).empty() && !annotation_of(volume, core::kBoundByController).empty())
      return {.phase = "Available", .unbind = true};
  }
  if (volume.status().phase() == "Failed") return {.phase = "Failed", .message = volume.status().message()};
  VolumePlan plan{.phase = "Released"};
  // What a provisioner made it removes as well.
  const bool nobody_removes =
      volume.spec().persistentvolumereclaimpolicy() != "Retain" && annotation_of(volume, core::kProvisionedBy).empty();
  if (nobody_removes && volume.status().phase() == "Released") {
    plan.phase = "Failed";
    plan.message =
        volume.spec().persistentvolumereclaimpolicy() == "Recycle"
            ? "no recyclable volume plugin matched"
            : "error getting deleter volume plugin for volume " + quoted(volume.metadata().name()) + ": no deletable volume plugin matched";
    plan.notice = {.warning = true,
                   .reason = volume.spec().persistentvolumereclaimpolicy() == "Recycle" ? "VolumeFailedRecycle" : "VolumeFailedDelete",
                   .message = plan.message};
  }
  return plan;
}

}  // namespace stint::volume_binding
