// Lets claims and volumes that were deleted go once nothing uses them: takes off the finalizers that the server put on.
// Source: upstream's pkg/controller/volume/pvcprotection and pvprotection. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::storage_protection {

class StorageProtectionController : public Controller {
 public:
  explicit StorageProtectionController(ControllerContext& context);
  void start() override;

 private:
  using Again = Result<std::optional<Duration>>;
  void observe_pod(const corev1::Pod& pod);
  bool is_used(const std::string& ns, const std::string& claim) const;
  Task<void> run();
  Task<Again> sync_claim(std::string key);
  Task<Again> sync_volume(std::string name);

  ControllerContext& context_;
  Informer& claims_;
  Informer& volumes_;
  Informer& pods_;
  WorkQueue claim_queue_;
  WorkQueue volume_queue_;
  Scope scope_;
};

}  // namespace stint::storage_protection
