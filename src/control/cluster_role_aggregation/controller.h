// Keeps the rules of ClusterRoles that join others' by their labels, as admin, edit and view do. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint {

class ClusterRoleAggregationController : public Controller {
 public:
  explicit ClusterRoleAggregationController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  void queue_all();
  Task<Result<std::optional<Duration>>> sync(std::string name);

  ControllerContext& context_;
  Informer& roles_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint
