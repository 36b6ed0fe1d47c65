// The questions that decide whether a pod may go to a node. Each answers with upstream's reason, or "" for yes. Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "api/pod_resources.h"
#include "api/types.h"

namespace stint {

// A node and what already weighs on it.
struct NodeLoad {
  const corev1::Node* node = nullptr;
  ResourceAmounts allocatable, used;
  int64_t pods = 0;
  std::set<std::tuple<std::string, int, std::string>> host_ports;  // protocol, port, address ("" any)

  void add(const corev1::Pod& pod);
};

// All reasons against it, empty when the pod fits.
std::vector<std::string> reasons_against(const corev1::Pod& pod, const NodeLoad& load);

bool matches_node_affinity(const corev1::PodSpec& spec, const corev1::Node& node);
bool tolerates(const corev1::PodSpec& spec, const corev1::Taint& taint);

}  // namespace stint
