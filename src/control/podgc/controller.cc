#include "control/podgc/controller.h"

#include "base/log.h"
#include "control/in_batches.h"

namespace stint::podgc {
namespace {

constexpr Duration kPeriod = std::chrono::seconds(20);
constexpr size_t kRemovalsAtOnce = 50;
constexpr Duration kNodeQuarantine = std::chrono::seconds(40);

}  // namespace

PodGcController::PodGcController(ControllerContext& context)
    : context_(context), pods_(context.informers.of<corev1::Pod>()), nodes_(context.informers.of<corev1::Node>()), scope_(context.loop) {}

void PodGcController::start() { scope_.spawn(run()); }

Task<void> PodGcController::run() {
  co_await wait_synced({&pods_, &nodes_});
  while (true) {
    co_await sleep_for(context_.loop, kPeriod);
    co_await sweep();
  }
}

bool PodGcController::node_gone(const std::string& name, WallTime now) const {
  const auto found = missing_since_.find(name);
  return found != missing_since_.end() && now - found->second >= kNodeQuarantine;
}

Task<void> PodGcController::sweep() {
  const WallTime now = context_.loop.now();
  std::vector<std::shared_ptr<const corev1::Pod>> pods;
  std::map<std::string, WallTime> missing;
  for (const Object& object : pods_.list()) {
    pods.push_back(as<corev1::Pod>(object));
    const std::string& node = pods.back()->spec().nodename();
    if (node.empty() || nodes_.get("", node) != nullptr) continue;
    const auto known = missing_since_.find(node);
    missing.emplace(node, known != missing_since_.end() ? known->second : now);
  }
  missing_since_ = std::move(missing);
  std::vector<Victim> victims = plan(pods, [&](const std::string& node) { return node_gone(node, now); });
  co_await in_batches(context_.loop, victims.size(), kRemovalsAtOnce, [&](size_t i) { return collect(std::move(victims[i])); });
}

Task<void> PodGcController::collect(Victim victim) {
  if (victim.disruption) {
    auto node = co_await context_.client.get(kind_of<corev1::Node>(), "", victim.pod->spec().nodename());
    if (node || node.error().reason != Reason::kNotFound) co_return;  // the cache was behind
  }
  const std::string key = object_key(*victim.pod);
  auto removed = co_await remove(std::move(victim));
  if (!removed) log_warning("pod garbage collection failed", "pod", key, "error", removed.error().message);
}

Task<Result<void>> PodGcController::remove(Victim victim) {
  const corev1::Pod& pod = *victim.pod;
  if (victim.set_failed_first) {
    corev1::Pod next = pod;
    next.mutable_status()->set_phase("Failed");
    if (victim.disruption) {
      auto* condition = next.mutable_status()->add_conditions();
      condition->set_type("DisruptionTarget");
      condition->set_status("True");
      condition->set_reason("DeletionByPodGC");
      condition->set_message("PodGC: node no longer exists");
      *condition->mutable_lasttransitiontime() = to_time(context_.loop.now());
    }
    CO_TRY_VOID(co_await update(context_.client, std::move(next), "status"));
  }
  DeleteRequest request{.grace_period_seconds = 0, .uid = pod.metadata().uid()};
  auto removed =
      co_await context_.client.remove(kind_of<corev1::Pod>(), pod.metadata().namespace_(), pod.metadata().name(), std::move(request));
  if (!removed && removed.error().reason != Reason::kNotFound) co_return std::unexpected(removed.error());
  co_return Result<void>{};
}

}  // namespace stint::podgc
