// The end of a pod: containers are stopped within the grace period, the last status is stored, and then everything of it on the node goes.
#include "api/core/pod_validation.h"
#include "api/object.h"
#include "base/log.h"
#include "node/phase.h"
#include "node/pod_worker.h"
#include "node/volumes.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr Duration kCleanUpRetry = std::chrono::seconds(10);
constexpr Duration kRemoveRetry = std::chrono::seconds(1);

}  // namespace

Task<void> PodWorker::stop() {
  record_.ending = true;
  record_.restarting_all = false;
  puller_.cancel();
  beside_.cancel();
  for (auto& [name, probes] : probes_) probes->pod_stops();
  Scope pump(node_.loop);
  pump.spawn(pump_exits());

  std::vector<Task<void>> together;
  auto stop_one = [&](const corev1::Container& container, bool sidecar) {
    together.push_back(stop_container(container.name(), {.message = "Stopping container " + container.name(), .in_turn = sidecar}));
  };
  for (const auto& container : pod_->spec().initcontainers()) stop_one(container, is_sidecar(container));
  for (const auto& container : pod_->spec().containers()) stop_one(container, false);
  for (const auto& container : pod_->spec().ephemeralcontainers()) stop_one(core::as_container(container), false);
  co_await when_all(node_.loop, std::move(together));
  ended_ = true;
  if (node_.weighs_no_more) node_.weighs_no_more(pod_->metadata().uid());
}

// While containers are being stopped somebody has to read the inbox.
Task<void> PodWorker::pump_exits() {
  while (true) {
    co_await wake_.wait();
    wake_.reset();
    co_await absorb_exits();
    status_.touch();
  }
}

Task<void> PodWorker::finish() {
  status_.touch();
  co_await status_.flush();
  co_await clean_up();
  co_await remove_object();
  if (object_gone_) {
    co_await on_pool(node_.loop, [logs = paths_.logs] {
      if (auto removed = os::remove_tree(logs); !removed) log_warning("logs not removed", "error", removed.error().message);
    });
  }
  finished_();
}

Task<void> PodWorker::clean_up() {
  while (true) {
    auto done = co_await node_.runtime.remove_sandbox(pod_->metadata().uid());
    if (done) done = co_await on_pool(node_.loop, [root = paths_.root] { return tear_down_pod_dir(root); });
    if (done) co_return;
    log_warning("pod not cleaned up", "pod", pod_->metadata().name(), "namespace", pod_->metadata().namespace_(), "error",
                done.error().message);
    if (!object_gone_) node_.recorder.warning(*pod_, "FailedKillPod", "error killing pod: " + done.error().message);
    co_await sleep_for(node_.loop, kCleanUpRetry);
  }
}

// The object of a deleted pod is ours to remove, once nothing of the pod is left here.
Task<void> PodWorker::remove_object() {
  while (!object_gone_ && !status_.gone() && is_deleting(*pod_)) {
    DeleteRequest request{.grace_period_seconds = 0, .uid = pod_->metadata().uid()};
    auto removed =
        co_await node_.client.remove(kind_of<corev1::Pod>(), pod_->metadata().namespace_(), pod_->metadata().name(), std::move(request));
    if (removed || removed.error().reason == Reason::kNotFound || removed.error().reason == Reason::kConflict) co_return;
    log_warning("pod object not removed", "pod", pod_->metadata().name(), "namespace", pod_->metadata().namespace_(), "error",
                removed.error().message);
    co_await sleep_for(node_.loop, kRemoveRetry);
  }
}

}  // namespace stint
