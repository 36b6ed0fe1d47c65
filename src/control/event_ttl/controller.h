// Removes Events an hour after they were last written, and the oldest past kEventsMax. Loop thread only.
#pragma once

#include "control/controller.h"

namespace stint::event_ttl {

inline constexpr Duration kEventTtl = std::chrono::hours(1);
inline constexpr size_t kEventsMax = 50'000;

// When the Event was last written, as far as it says. Pure.
WallTime last_written(const corev1::Event& event);

// Those to remove, oldest first. Pure.
std::vector<Object> find_outdated(std::vector<Object> events, WallTime now, size_t events_max = kEventsMax);

class EventTtlController : public Controller {
 public:
  explicit EventTtlController(ControllerContext& context);
  void start() override;

 private:
  Task<void> run();
  Task<void> sweep();
  Task<void> remove(Object event);

  ControllerContext& context_;
  Informer& events_;
  Scope scope_;
};

}  // namespace stint::event_ttl
