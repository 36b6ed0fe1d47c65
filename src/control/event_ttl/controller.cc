#include "control/event_ttl/controller.h"

#include <algorithm>

#include "base/log.h"

namespace stint::event_ttl {
namespace {

constexpr Duration kPeriod = std::chrono::minutes(1);

}  // namespace

WallTime last_written(const corev1::Event& event) {
  WallTime latest = from_time(event.metadata().creationtimestamp());
  if (event.has_lasttimestamp()) latest = std::max(latest, from_time(event.lasttimestamp()));
  if (event.has_eventtime()) latest = std::max(latest, from_micro_time(event.eventtime()));
  if (event.series().has_lastobservedtime()) latest = std::max(latest, from_micro_time(event.series().lastobservedtime()));
  return latest;
}

EventTtlController::EventTtlController(ControllerContext& context)
    : context_(context), events_(context.informers.of<corev1::Event>()), scope_(context.loop) {}

void EventTtlController::start() { scope_.spawn(run()); }

Task<void> EventTtlController::run() {
  while (true) {
    co_await sleep_for(context_.loop, kPeriod);
    co_await sweep();
  }
}

Task<void> EventTtlController::sweep() {
  const WallTime now = context_.loop.now();
  for (const Object& object : events_.list()) {
    if (now - last_written(static_cast<const corev1::Event&>(*object)) < kEventTtl) continue;
    DeleteRequest request{.uid = meta(*object).uid(), .resource_version = meta(*object).resourceversion()};
    auto removed = co_await context_.client.remove(events_.kind(), meta(*object).namespace_(), meta(*object).name(), std::move(request));
    const bool fine = removed || removed.error().reason == Reason::kNotFound || removed.error().reason == Reason::kConflict;
    if (!fine) log_warning("event expiry failed", "event", object_key(*object), "error", removed.error().message);
  }
}

}  // namespace stint::event_ttl
