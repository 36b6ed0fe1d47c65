// The seam between the server and the node agent for metrics.k8s.io: what a node and a pod's containers use.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace stint {

struct ResourceUsage {
  int64_t cpu_nanocores = 0;  // a billion is one processor
  int64_t memory_bytes = 0;   // the working set
};

// Measured over `window`, which ended `at`.
struct NodeUsage {
  WallTime at;
  Duration window{0};
  ResourceUsage usage;
};
struct PodUsage {
  WallTime at;
  Duration window{0};
  std::map<std::string, ResourceUsage> containers;  // by name
};

// Loop thread only.
class UsageSource {
 public:
  virtual ~UsageSource() = default;
  // Nothing while it is not known, or not here.
  virtual std::optional<NodeUsage> node_usage(const std::string& node) const = 0;
  virtual std::optional<PodUsage> pod_usage(const std::string& pod_uid) const = 0;
};

}  // namespace stint
