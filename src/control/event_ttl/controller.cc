#include "control/event_ttl/controller.h"

#include <algorithm>

#include "base/log.h"
#include "control/in_batches.h"

namespace stint::event_ttl {
namespace {

constexpr Duration kPeriod = std::chrono::minutes(1);
constexpr size_t kRemovalsAtOnce = 50;

}  // namespace

WallTime last_written(const corev1::Event& event) {
  WallTime latest = from_time(event.metadata().creationtimestamp());
  if (event.has_lasttimestamp()) latest = std::max(latest, from_time(event.lasttimestamp()));
  if (event.has_eventtime()) latest = std::max(latest, from_micro_time(event.eventtime()));
  if (event.series().has_lastobservedtime()) latest = std::max(latest, from_micro_time(event.series().lastobservedtime()));
  return latest;
}

std::vector<Object> find_outdated(std::vector<Object> events, WallTime now, size_t events_max) {
  std::vector<std::pair<WallTime, Object>> timed;
  timed.reserve(events.size());
  for (Object& event : events) timed.emplace_back(last_written(static_cast<const corev1::Event&>(*event)), std::move(event));
  const size_t too_many = timed.size() - std::min(timed.size(), events_max);
  std::ranges::sort(timed, {}, &std::pair<WallTime, Object>::first);
  std::vector<Object> outdated;
  for (auto& [written, event] : timed) {
    if (outdated.size() >= too_many && now - written < kEventTtl) break;
    outdated.push_back(std::move(event));
  }
  return outdated;
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
  const std::vector<Object> outdated = find_outdated(events_.list(), context_.loop.now());
  co_await in_batches(context_.loop, outdated.size(), kRemovalsAtOnce, [&](size_t i) { return remove(outdated[i]); });
}

Task<void> EventTtlController::remove(Object event) {
  const metav1::ObjectMeta& metadata = meta(*event);
  DeleteRequest request{.uid = metadata.uid(), .resource_version = metadata.resourceversion()};
  auto removed = co_await context_.client.remove(events_.kind(), metadata.namespace_(), metadata.name(), std::move(request));
  const bool fine = removed || removed.error().reason == Reason::kNotFound || removed.error().reason == Reason::kConflict;
  if (!fine) log_warning("event expiry failed", "event", object_key(*event), "error", removed.error().message);
}

}  // namespace stint::event_ttl
