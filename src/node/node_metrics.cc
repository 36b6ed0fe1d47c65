#include "node/node_metrics.h"

namespace stint {
namespace {

std::string_view text_of(NodeMetrics::ContainerType type) {
  if (type == NodeMetrics::ContainerType::kInit) return "init_container";
  return type == NodeMetrics::ContainerType::kRegular ? "container" : "ephemeral_container";
}

// Upstream's, in seconds.
std::vector<double> start_bounds() {
  return {0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600};
}

}  // namespace

NodeMetrics::NodeMetrics(Metrics& metrics)
    : pods_started_(metrics.counters("kubelet_started_pods_total", "Pods whose sandbox was made.").with({})),
      containers_started_(metrics.counters("kubelet_started_containers_total", "Containers started.", {"container_type"})),
      containers_not_started_(
          metrics.counters("kubelet_started_containers_errors_total", "Containers that could not be started.", {"code", "container_type"})),
      pod_start_(metrics
                     .histograms("kubelet_pod_start_duration_seconds",
                                 "Time from the node's first sight of a pod until its containers were started.", start_bounds())
                     .with({})),
      evictions_(metrics.counters("kubelet_evictions", "Pods evicted, by what was short or exceeded.", {"eviction_signal"})),
      running_pods_(metrics.gauges("kubelet_running_pods", "Pods with a sandbox that is ready.").with({})),
      running_containers_(metrics.gauges("kubelet_running_containers", "Containers by state.", {"container_state"})) {}

void NodeMetrics::container_started(ContainerType type) { containers_started_.with({text_of(type)}).add(); }

void NodeMetrics::container_not_started(ContainerType type, std::string_view reason) {
  containers_not_started_.with({reason, text_of(type)}).add();
}

void NodeMetrics::pod_runs_after(Duration took) { pod_start_.observe(std::chrono::duration<double>(took).count()); }

void NodeMetrics::evicted(std::string_view signal) { evictions_.with({signal}).add(); }

void NodeMetrics::set_running(size_t pods, size_t containers_running, size_t containers_ended) {
  running_pods_.set(static_cast<double>(pods));
  running_containers_.with({"running"}).set(static_cast<double>(containers_running));
  running_containers_.with({"exited"}).set(static_cast<double>(containers_ended));
}

}  // namespace stint
