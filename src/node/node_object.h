// The Node object of this machine. `read_node_facts` asks the system (blocking, any thread); the rest is pure.
#pragma once

#include <cstdint>
#include <string>

#include "api/pod_resources.h"
#include "api/types.h"
#include "base/clock.h"
#include "node/eviction.h"

namespace stint {

struct NodeFacts {
  std::string machine_id, system_uuid, boot_id, kernel_version, os_image;
  std::string architecture;  // Go's name: "amd64"
  int64_t cpus = 1;
  int64_t memory_bytes = 0;
  int64_t storage_bytes = 0;  // of the file system of the data directory
};
NodeFacts read_node_facts(const std::string& data_dir);

struct NodeDescription {
  std::string name;
  std::string host_ip;
  std::string runtime_version;  // "crun://1.8.1"
  int64_t pods_max = 500;
  ResourceAmounts reserved;  // of the machine, not for pods
  NodeFacts facts;
  bool shutting_down = false;
  NodePressure pressure;
};

ResourceAmounts node_capacity(const NodeDescription& node);
// What of it is for pods.
ResourceAmounts node_allocatable(const NodeDescription& node);
// Labels that every node carries; added to what the object has.
void set_node_labels(const NodeDescription& node, metav1::ObjectMeta& metadata);
// The status as it should be now; times of conditions are kept where their status did not change.
corev1::NodeStatus node_status(const NodeDescription& node, const corev1::NodeStatus& old, WallTime now);
// Equal but for heartbeat times.
bool same_node_status(const corev1::NodeStatus& a, const corev1::NodeStatus& b);

}  // namespace stint
