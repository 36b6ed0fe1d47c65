// Sees to it that every active namespace has the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`, re-made when
// deleted or changed. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::service_account {

class ServiceAccountController : public Controller {
 public:
  explicit ServiceAccountController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string ns);
  Task<Result<void>> ensure_account(std::string ns);
  Task<Result<void>> ensure_root_ca(std::string ns);

  ControllerContext& context_;
  Informer& namespaces_;
  Informer& accounts_;
  Informer& config_maps_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::service_account
