// What is measured of the machine and its pods, as the kubelet and cAdvisor show it: metrics as text, the summary as JSON. Pure; any
// thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/usage.h"
#include "node/eviction.h"
#include "os/cgroup.h"
#include "os/usage.h"

namespace stint {

struct ContainerReading {
  std::string name, id, image;
  WallTime started_at, at;
  os::Usage used;
  os::CgroupResources limits;
};
struct PodReading {
  std::string ns, name, uid;
  WallTime started_at;
  std::vector<ContainerReading> containers;  // those that run
  std::optional<PodUsage> rates;
  PodStorage storage;  // of the summary alone
};
struct NodeReading {
  std::string node;
  WallTime at;
  os::Usage used;
  int64_t processors = 0;
  std::optional<NodeUsage> rates;
  Observations left;
  std::vector<PodReading> pods;
};

// /metrics/resource
std::string resource_metrics(const NodeReading& reading);
// /metrics/cadvisor
std::string container_metrics(const NodeReading& reading);
// /stats/summary
std::string stats_summary(const NodeReading& reading);

}  // namespace stint
