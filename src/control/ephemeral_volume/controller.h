// Makes the claims of volumes that come and go with their pod. The pod owns them, so that garbage collection takes them with it.
// Source: upstream's pkg/controller/volume/ephemeral. Loop thread only.
#pragma once

#include <string>

#include "client/recorder.h"
#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::ephemeral_volume {

class EphemeralVolumeController : public Controller {
 public:
  explicit EphemeralVolumeController(ControllerContext& context);
  void start() override;

 private:
  using Again = Result<std::optional<Duration>>;
  Task<void> run();
  Task<Again> sync(std::string key);
  Task<Result<void>> ensure(std::shared_ptr<const corev1::Pod> pod, corev1::Volume volume);

  ControllerContext& context_;
  Recorder recorder_;
  Informer& pods_;
  Informer& claims_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::ephemeral_volume
