// Deletes finished Jobs once their ttlSecondsAfterFinished is over. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"

namespace stint {

class TtlController : public Controller {
 public:
  explicit TtlController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string key);

  Loop& loop_;
  Client& client_;
  Informer& jobs_;
  Histogram& lateness_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint
