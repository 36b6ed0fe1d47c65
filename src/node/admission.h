// Whether a pod bound to this node fits beside those that are here. Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "node/node_context.h"

namespace stint {

// The pods that weigh on the node and the sum of what they ask for, kept as they come and go: admission does not walk over them.
class WeighingPods {
 public:
  // Begins to weigh, or weighs otherwise from now on.
  void put(const std::string& uid, const corev1::PodSpec& spec);
  void drop(const std::string& uid);

  // Of all but one.
  int64_t count_without(const std::string& uid) const;
  int64_t sum_without(const std::string& uid, const std::string& resource) const;

 private:
  void add(const ResourceAmounts& requests, int sign);

  std::unordered_map<std::string, ResourceAmounts> requests_;  // by uid
  // Wider than one pod's amounts: a sum that stopped at int64's maximum could not be taken back.
  std::map<std::string, __int128, std::less<>> sums_;
};

// `here` may hold the pod itself, which does not stand in its own way.
std::optional<Refusal> refuse_pod(const corev1::Pod& pod, const WeighingPods& here, const ResourceAmounts& allocatable);

}  // namespace stint
