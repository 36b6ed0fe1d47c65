// Watches what the machine has left, tells it as conditions of the Node, and ends pods while it is too little: one at a time, then it looks
// again.
#include "base/log.h"
#include "node/machine_signals.h"
#include "node/node_agent.h"

namespace stint {
namespace {

constexpr Duration kPeriod = std::chrono::seconds(10);
constexpr Duration kEndMax = std::chrono::seconds(30);  // of a pod, before the next one is looked for

}  // namespace

Task<void> NodeAgent::keep_from_shortage() {
  co_await ready_.wait();
  while (true) {
    if (!co_await relieve()) co_await sleep_for(loop_, kPeriod);
  }
}

Task<bool> NodeAgent::relieve() {
  const auto observe = options_.observe ? options_.observe
                                        : [data = options_.data_dir, images = options_.image_dir] { return observe_machine(data, images); };
  const Observations seen = co_await on_pool(loop_, observe);
  const std::vector<MetThreshold> met = met_thresholds(seen, options_.eviction_hard);
  if (const NodePressure pressure = pressures_.observe(met, loop_.steady_now()); pressure != description_.pressure) {
    description_.pressure = pressure;
    if (auto put = co_await put_node(); !put) log_warning("pressure is told later", "node", options_.name, "error", put.error().message);
  }
  if (met.empty() || description_.shutting_down) co_return false;
  const std::string resource(resource_of_signal(met.front().signal));
  log_warning("the machine is short of something", "signal", met.front().signal, "available", met.front().available, "wanted",
              met.front().quantity);
  corev1::Node node;
  node.mutable_metadata()->set_name(options_.name);
  node.mutable_metadata()->set_uid(options_.name);
  recorder_.warning(node, "EvictionThresholdMet", "Attempting to reclaim " + resource);
  // Images that nobody needs go before pods.
  const bool of_disk = resource == "ephemeral-storage" || resource == "inodes";
  if (of_disk && !options_.image_dir.empty() && co_await image_collector_.remove_unused()) co_return true;
  for (const PodUse& victim : rank_victims(met.front().signal, co_await pod_uses(resource))) {
    if (co_await evict(victim, met.front())) co_return true;
  }
  co_return false;
}

Task<std::vector<PodUse>> NodeAgent::pod_uses(std::string resource) {
  std::map<std::string, PodUse> uses;
  for (const auto& [uid, worker] : workers_)
    if (!worker->is_ending()) uses[uid].pod = std::make_shared<corev1::Pod>(worker->pod());
  for (const ContainerStatus& container : runtime_.list_containers()) {
    const auto found = uses.find(container.sandbox_id);
    if (found == uses.end() || container.state != ContainerState::kRunning) continue;
    const auto used = co_await runtime_.usage(container.id);
    if (!used) continue;
    found->second.memory_bytes[container.name] = used->memory_bytes;
    found->second.processes += used->processes;
  }
  const bool of_disk = resource == "ephemeral-storage" || resource == "inodes";
  std::vector<PodUse> list;
  for (auto& [uid, use] : uses) {
    const auto worker = workers_.find(uid);
    if (of_disk && worker != workers_.end()) use.storage = co_await worker->second->storage_use();
    list.push_back(std::move(use));
  }
  co_return list;
}

// False: it is ending already.
Task<bool> NodeAgent::evict(PodUse victim, MetThreshold met) {
  const std::string uid = victim.pod->metadata().uid();
  const auto worker = workers_.find(uid);
  if (worker == workers_.end() || worker->second->is_ending()) co_return false;
  const std::string message = eviction_message(met, victim);
  log_warning("pod is evicted", "pod", victim.pod->metadata().name(), "namespace", victim.pod->metadata().namespace_(), "signal",
              met.signal);
  recorder_.warning(*victim.pod, kEvicted, message);
  metrics_.evicted(met.signal);
  worker->second->end({.reason = std::string(kEvicted), .message = message, .grace = kEvictionGrace, .disruption = true});
  const Duration until = loop_.steady_now() + kEndMax;
  while (true) {
    worker_gone_.reset();
    const Duration left = until - loop_.steady_now();
    if (!workers_.contains(uid) || left <= Duration{0}) co_return true;
    co_await with_timeout(loop_, left, gone());
  }
}

Task<bool> NodeAgent::gone() {
  co_await worker_gone_.wait();
  co_return true;
}

}  // namespace stint
