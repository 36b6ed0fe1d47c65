// What a kubelet shows of its node over HTTP, as far as people and tools read it by `kubectl get --raw /api/v1/nodes/NODE/proxy/…`.
#include "node/cgroup_limits.h"
#include "node/machine_signals.h"
#include "node/node_agent.h"
#include "os/machine.h"

namespace stint {
namespace {

constexpr Duration kStorageAgeMax = std::chrono::minutes(1);  // upstream's period
constexpr const char* kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

os::CgroupResources limits_of(const corev1::Pod& pod, const std::string& name) {
  for (const auto* list : {&pod.spec().containers(), &pod.spec().initcontainers()}) {
    for (const auto& container : *list) {
      if (container.name() != name) continue;
      const CgroupLimits limits = container_limits(container);
      return {limits.cpu_shares, limits.cpu_quota_us, limits.memory_bytes_max, limits.pids_max};
    }
  }
  return {};
}

const corev1::ContainerStatus* status_of(const corev1::Pod& pod, const std::string& name) {
  for (const auto* list : {&pod.status().containerstatuses(), &pod.status().initcontainerstatuses()})
    for (const auto& each : *list)
      if (each.name() == name) return &each;
  return nullptr;
}

PodReading reading_of(const corev1::Pod& pod) {
  PodReading reading{.ns = pod.metadata().namespace_(), .name = pod.metadata().name(), .uid = pod.metadata().uid()};
  reading.started_at = from_time(pod.status().starttime());
  return reading;
}

struct OfMachine {
  os::Usage used;
  int64_t processors = 0;
  Observations left;
};

}  // namespace

Task<Result<NodePage>> NodeAgent::page(std::string node, std::string target) {
  static_cast<void>(node);  // there is one
  const std::string path = target.substr(0, target.find('?'));
  Metrics& metrics = options_.metrics != nullptr ? *options_.metrics : own_metrics_;
  if (path == "/metrics") co_return NodePage{.content_type = kPrometheus, .body = metrics.text()};
  if (path == "/metrics/resource") co_return NodePage{.content_type = kPrometheus, .body = resource_metrics(co_await read_usage(false))};
  if (path == "/metrics/cadvisor") co_return NodePage{.content_type = kPrometheus, .body = container_metrics(co_await read_usage(false))};
  if (path == "/stats/summary") co_return NodePage{.content_type = "application/json", .body = stats_summary(co_await read_usage(true))};
  if (path == "/healthz") co_return NodePage{.content_type = "text/plain; charset=utf-8", .body = "ok"};
  co_return NodePage{.code = 404, .content_type = "text/plain; charset=utf-8", .body = "404 page not found\n"};
}

Task<NodeReading> NodeAgent::read_usage(bool with_storage) {
  NodeReading reading{.node = options_.name};
  const auto observe = options_.observe ? options_.observe
                                        : [data = options_.data_dir, images = options_.image_dir] { return observe_machine(data, images); };
  OfMachine machine = co_await on_pool(loop_, [observe] {
    return OfMachine{.used = os::machine_usage().value_or(os::Usage{}), .processors = os::machine_processors(), .left = observe()};
  });
  reading.used = machine.used;
  reading.processors = machine.processors;
  reading.left = std::move(machine.left);
  reading.rates = usage_.node_usage(options_.name);
  std::map<std::string, PodReading> pods;
  std::map<std::string, std::shared_ptr<const corev1::Pod>> objects;
  for (const auto& [uid, worker] : workers_) {
    objects[uid] = std::make_shared<corev1::Pod>(worker->pod());
    pods.emplace(uid, reading_of(worker->pod())).first->second.rates = usage_.pod_usage(uid);
  }
  for (const ContainerStatus& container : runtime_.list_containers()) {
    const auto pod = pods.find(container.sandbox_id);
    if (pod == pods.end() || container.state != ContainerState::kRunning) continue;
    const auto used = co_await runtime_.usage(container.id);
    if (!used) continue;  // ended meanwhile
    const corev1::Pod& object = *objects.at(container.sandbox_id);
    const auto* status = status_of(object, container.name);
    pod->second.containers.push_back({.name = container.name,
                                      .id = container.id,
                                      .image = status != nullptr ? status->image() : "",
                                      .started_at = container.started_at,
                                      .at = loop_.now(),
                                      .used = *used,
                                      .limits = limits_of(object, container.name)});
  }
  for (auto& [uid, pod] : pods) {
    if (with_storage) pod.storage = co_await storage_of(uid);
    reading.pods.push_back(std::move(pod));
  }
  reading.at = loop_.now();
  co_return reading;
}

Task<PodStorage> NodeAgent::storage_of(std::string uid) {
  if (const auto known = storage_.find(uid); known != storage_.end() && loop_.steady_now() - known->second.at < kStorageAgeMax)
    co_return known->second.storage;
  const auto worker = workers_.find(uid);
  if (worker == workers_.end()) co_return PodStorage{};
  PodStorage storage = co_await worker->second->storage_use();
  if (workers_.contains(uid)) storage_[uid] = {.at = loop_.steady_now(), .storage = storage};
  co_return storage;
}

}  // namespace stint
