// What a pod's claims say about where it can go, and what has to be done about them once a node is chosen. Source: upstream's volumebinding
// and volumerestrictions plugins. Pure; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/core/volume_match.h"
#include "sched/node_load.h"

namespace stint {

using ClaimPointer = std::shared_ptr<const corev1::PersistentVolumeClaim>;
using VolumePointer = std::shared_ptr<const corev1::PersistentVolume>;

struct Storage {
  std::map<std::string, ClaimPointer> claims;    // by namespace/name
  std::map<std::string, VolumePointer> volumes;  // by name
  std::map<std::string, std::shared_ptr<const storagev1::StorageClass>> classes;
  std::set<std::string> promised;  // volumes that pods on their way to a node get
};

// What is done for a pod before it is bound to its node.
struct ClaimChoice {
  ClaimPointer claim;
  VolumePointer volume;  // it gets this one; null: one is made for it on the node
};

bool uses_claims(const corev1::PodSpec& spec);

class ClaimConstraints {
 public:
  ClaimConstraints(const corev1::Pod& pod, const Storage& storage, const BoundPods& bound);

  // Why it can go nowhere for now, in upstream's words; "" when it may.
  const std::string& refusal() const { return refusal_; }
  // All reasons against this node. When there is none, `choices` are what is to be done there.
  std::vector<std::string> reasons_against(const corev1::Node& node, std::vector<ClaimChoice>* choices = nullptr) const;

 private:
  void look_at(const corev1::Pod& pod, const corev1::Volume& volume, const BoundPods& bound);

  const Storage& storage_;
  std::string refusal_;
  std::vector<std::string> everywhere_;  // reasons against every node
  std::vector<VolumePointer> bound_;
  std::vector<ClaimPointer> unbound_;  // that wait for a node
};

}  // namespace stint
