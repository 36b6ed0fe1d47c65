// Every 20 s removes pods that nobody else will: too many ended ones, those of a node that is gone, those deleted before they were
// scheduled. Loop thread only.
#pragma once

#include <map>

#include "control/controller.h"
#include "control/podgc/plan.h"

namespace stint::podgc {

class PodGcController : public Controller {
 public:
  explicit PodGcController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  Task<void> sweep();
  Task<void> collect(Victim victim);
  Task<Result<void>> remove(Victim victim);
  bool node_gone(const std::string& name, WallTime now) const;

  ControllerContext& context_;
  Informer& pods_;
  Informer& nodes_;
  std::map<std::string, WallTime> missing_since_;  // node → first sweep that did not find it
  Scope scope_;
};

}  // namespace stint::podgc
