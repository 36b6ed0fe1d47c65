// What the scheduler knows, kept by events so that a pass costs what changed and not what exists: a load for each node, the waiting pods
// in the order they are placed. A pod that was bound but is not yet seen bound is assumed: it weighs on its node and does not wait.
// Loop thread only.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "sched/node_load.h"

namespace stint {

// Highest priority first, then the oldest.
struct SchedulingOrder {
  bool operator()(const PodPointer& a, const PodPointer& b) const;
};

class SchedulerCache {
 public:
  void set_node(NodePointer node);
  void remove_node(const std::string& name);
  void set_pod(PodPointer pod);
  void remove_pod(const std::string& uid);

  // The pod counts on the node until set_pod shows it bound, remove_pod takes it or forget gives it back to the waiting.
  // Does nothing to a pod that does not wait any more.
  void assume(const std::string& uid, const std::string& node);
  void forget(const std::string& uid);
  bool is_assumed(const std::string& uid) const;

  // Of known nodes only.
  NodeLoads loads() const;
  const BoundPods& bound() const { return bound_; }
  std::vector<PodPointer> waiting() const { return {waiting_.begin(), waiting_.end()}; }

 private:
  struct Entry {
    PodPointer pod;
    std::string node;  // whose load it weighs on; "" while it waits
    bool assumed = false;
  };
  void place(Entry entry);
  void take_out(const Entry& entry);

  NodeLoads loads_;
  BoundPods bound_;
  std::unordered_map<std::string, Entry> pods_;  // by uid: those that weigh or wait, no others
  std::set<PodPointer, SchedulingOrder> waiting_;
};

}  // namespace stint
