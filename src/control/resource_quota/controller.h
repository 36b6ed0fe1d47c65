// Keeps the status of ResourceQuotas: what their spec allows, and what there is of it. The server puts new objects on the account itself
// (server/quota.h); here what goes is taken off, and everything is counted anew now and then. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::resource_quota {

class ResourceQuotaController : public Controller {
 public:
  explicit ResourceQuotaController(ControllerContext& context);
  void start() override;

 private:
  struct Counted {
    const Kind* kind;
    Informer* informer;
  };

  void observe_quota(const Object& old, const Object& next);
  void observe_content(const Kind& kind, const Object& old, const Object& next);
  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string key);

  ControllerContext& context_;
  Informer& quotas_;
  std::vector<Counted> counted_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::resource_quota
