// Fills Secrets of type kubernetes.io/service-account-token with the token of the account that their annotation names, and deletes those
// whose account is gone. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::service_account {

class TokenSecretController : public Controller {
 public:
  explicit TokenSecretController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string key);
  Task<Result<void>> fill(std::shared_ptr<const corev1::Secret> secret, std::shared_ptr<const corev1::ServiceAccount> account);

  ControllerContext& context_;
  Informer& secrets_;
  Informer& accounts_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::service_account
