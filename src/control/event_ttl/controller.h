// Removes Events an hour after they were last written. Loop thread only.
#pragma once

#include "control/controller.h"

namespace stint::event_ttl {

inline constexpr Duration kEventTtl = std::chrono::hours(1);

// When the Event was last written, as far as it says. Pure.
WallTime last_written(const corev1::Event& event);

class EventTtlController : public Controller {
 public:
  explicit EventTtlController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  Task<void> sweep();

  ControllerContext& context_;
  Informer& events_;
  Scope scope_;
};

}  // namespace stint::event_ttl
