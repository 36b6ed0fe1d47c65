// Brings claims and volumes together, asks provisioners for volumes, and tells what state both are in. Who makes volumes removes them, too.
// Source: upstream's pkg/controller/volume/persistentvolume. Loop thread only.
#pragma once

#include <map>
#include <string>

#include "client/recorder.h"
#include "client/work_queue.h"
#include "control/controller.h"
#include "control/volume_binding/plan.h"

namespace stint::volume_binding {

class VolumeBindingController : public Controller {
 public:
  explicit VolumeBindingController(ControllerContext& context);
  void start() override;

 private:
  using Again = Result<std::optional<Duration>>;
  using ClaimPointer = std::shared_ptr<const corev1::PersistentVolumeClaim>;
  using VolumePointer = std::shared_ptr<const corev1::PersistentVolume>;
  void look_at_unbound_claims();
  Task<void> run();
  Task<Again> sync_claim(std::string key);
  Task<Again> sync_volume(std::string name);
  Task<Result<void>> bind(ClaimPointer claim, VolumePointer volume);
  Task<Result<void>> set_phase(ClaimPointer claim, std::string phase);
  Task<Result<void>> ask(ClaimPointer claim, std::string provisioner);
  Task<Result<ClaimPointer>> claim_of(VolumePointer volume);
  Task<Result<void>> write_phase(corev1::PersistentVolume volume, std::string phase, std::string message);
  std::string pod_of(const corev1::PersistentVolumeClaim& claim) const;
  void tell(const Message& about, const std::string& uid, const Notice& notice);

  ControllerContext& context_;
  Recorder recorder_;
  Informer& claims_;
  Informer& volumes_;
  Informer& classes_;
  Informer& pods_;
  WorkQueue claim_queue_;
  WorkQueue volume_queue_;
  std::map<std::string, Notice> told_;  // by uid: what was last said, so that the same is not said twice
  Scope scope_;
};

}  // namespace stint::volume_binding
