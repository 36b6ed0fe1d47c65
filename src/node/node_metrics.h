// What the node agent counts, under the kubelet's names. No label holds the name of an object. Loop thread only.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"

namespace stint {

class NodeMetrics {
 public:
  // REQUIRES: `metrics` outlives this.
  explicit NodeMetrics(Metrics& metrics);

  enum class ContainerType { kRegular, kInit, kEphemeral };
  void pod_started() { pods_started_.add(); }  // its sandbox is there
  void container_started(ContainerType type);
  void container_not_started(ContainerType type, std::string_view reason);
  // From the first sight of a pod until all that belongs to its start has been started.
  void pod_runs_after(Duration took);
  void evicted(std::string_view signal);
  void set_running(size_t pods, size_t containers_running, size_t containers_ended);

 private:
  Counter& pods_started_;
  Family<Counter>& containers_started_;
  Family<Counter>& containers_not_started_;
  Histogram& pod_start_;
  Family<Counter>& evictions_;
  Gauge& running_pods_;
  Family<Gauge>& running_containers_;
};

}  // namespace stint
