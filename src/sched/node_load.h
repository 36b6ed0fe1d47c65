// What weighs on a node, as a sum that pods are added to and taken from. Pure; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "api/pod_resources.h"
#include "api/types.h"

namespace stint {

using PodPointer = std::shared_ptr<const corev1::Pod>;
using NodePointer = std::shared_ptr<const corev1::Node>;

// A node and what already weighs on it.
struct NodeLoad {
  NodePointer node;  // null while pods are bound to a node that is not known
  ResourceAmounts allocatable;
  // Wider than one pod's amounts: a sum that stopped at int64's maximum could not be taken back. No entry is zero.
  std::map<std::string, __int128, std::less<>> used;
  int64_t pods = 0;
  // Protocol, port, address ("" any) → how many pods' containers hold it.
  std::map<std::tuple<std::string, int, std::string>, int> host_ports;

  void set_node(NodePointer next);
  void add(const corev1::Pod& pod);
  // REQUIRES: a pod with the same requests and ports was added.
  void remove(const corev1::Pod& pod);

  bool operator==(const NodeLoad&) const = default;
};

using NodeLoads = std::map<std::string, NodeLoad>;                           // by node name
using BoundPods = std::map<std::string, std::map<std::string, PodPointer>>;  // by node name, then by uid: those whose weight a load holds

}  // namespace stint
