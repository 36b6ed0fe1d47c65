// The end of the node's pods before the node itself ends.
#include "base/log.h"
#include "node/node_agent.h"

namespace stint {
namespace {

// What a group may take beyond its grace: a signal is always given two seconds, and then files and network are taken down.
constexpr Duration kCleanUpMax = std::chrono::seconds(15);

int64_t priority_of(const corev1::Pod& pod) { return pod.spec().has_priority() ? pod.spec().priority() : 0; }

Task<bool> happened(Event& event) {
  co_await event.wait();
  co_return true;
}

}  // namespace

Task<void> NodeAgent::shut_down(ShutdownGrace grace) {
  description_.shutting_down = true;
  if (auto put = co_await put_node(); !put)
    log_warning("node not written as shutting down", "node", options_.name, "error", put.error().message);
  co_await with_timeout(loop_, grace.total, happened(ready_));  // what an earlier life left is known only then
  const auto groups = shutdown_groups(grace);
  for (size_t index = 0; index < groups.size(); ++index) co_await end_group(groups, index);
}

Task<void> NodeAgent::end_group(std::vector<ShutdownGroup> groups, size_t index) {
  const auto members = [&] {
    std::vector<PodWorker*> found;
    for (const auto& [uid, worker] : workers_)
      if (shutdown_group_of(priority_of(worker->pod()), groups) == index) found.push_back(worker.get());
    return found;
  };
  const Duration grace = groups[index].grace;
  for (PodWorker* worker : members()) {
    worker->end({.reason = std::string(kShutdownReason),
                 .message = std::string(kShutdownMessage),
                 .grace = std::min(grace, worker->grace_period()),
                 .disruption = true});
  }
  const Duration until = loop_.steady_now() + grace + kCleanUpMax;
  while (true) {
    worker_gone_.reset();
    if (members().empty()) co_return;
    const Duration left = until - loop_.steady_now();
    if (left <= Duration{0}) {
      log_warning("pods are not gone, and the node ends without them", "pods", members().size());
      co_return;
    }
    co_await with_timeout(loop_, left, gone());
  }
}

}  // namespace stint
