// Keeps the status of PodDisruptionBudgets, by which the server decides whether a pod may be evicted. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::disruption {

class DisruptionController : public Controller {
 public:
  explicit DisruptionController(ControllerContext& context);
  void start() override;

 private:
  void observe_pod(const Message& pod);
  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string key);

  ControllerContext& context_;
  Informer& budgets_;
  Informer& pods_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::disruption
