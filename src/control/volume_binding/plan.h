// What becomes of one claim, and of one volume. Source: upstream's pkg/controller/volume/persistentvolume/pv_controller.go. Pure; any
// thread.
#pragma once

#include <string>

#include "api/core/volume_match.h"
#include "api/types.h"

namespace stint::volume_binding {

struct Notice {
  bool warning = false;
  std::string reason, message;
  bool operator==(const Notice&) const = default;
};

struct ClaimView {
  const corev1::PersistentVolumeClaim& claim;
  const corev1::PersistentVolume* named = nullptr;  // the volume of spec.volumeName, if it is there
  const core::Volumes& volumes;
  const storagev1::StorageClass* storage_class = nullptr;
  std::string pod;  // one that wants the claim, "" none
};
struct ClaimPlan {
  const corev1::PersistentVolume* bind = nullptr;  // to this one
  std::string provisioner;                         // who is to make a volume; "": nobody
  std::string phase;                               // what the claim's should be; "" when bind says it
  Notice notice;                                   // for the claim; an empty reason: none
};
ClaimPlan plan_claim(const ClaimView& view);

struct VolumePlan {
  std::string phase;
  std::string message;  // of the status
  bool unbind = false;  // it is kept for a claim that has another
  Notice notice;        // for the volume
};
// `claim`: the one that the volume is kept for, with its uid, if it is there.
VolumePlan plan_volume(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim* claim);

}  // namespace stint::volume_binding
