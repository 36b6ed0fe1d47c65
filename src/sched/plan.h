// Scheduling as a pure function: from a snapshot of nodes and pods to who goes where, and what is said of those that fit nowhere.
// Pure; any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/pod_resources.h"
#include "api/types.h"
#include "sched/claims.h"
#include "sched/node_load.h"
#include "sched/preemption.h"

namespace stint {

struct Snapshot {
  std::vector<NodePointer> nodes;
  std::vector<PodPointer> bound;    // not terminal, with a node
  std::vector<PodPointer> waiting;  // to be placed
  std::vector<BudgetPointer> budgets;
  Storage storage;
};

struct Binding {
  PodPointer pod;
  std::string node;
  std::vector<ClaimChoice> claims;  // that have to be bound first
};
struct Unschedulable {
  PodPointer pod;
  std::string message;    // "0/1 nodes are available: 1 Insufficient cpu."
  std::string nominated;  // the node where room is being made for it; "": none
};
struct SchedulePlan {
  std::vector<Binding> bindings;
  std::vector<Unschedulable> unschedulable;
  std::vector<Preemption> preemptions;
};

// Highest priority first, then the oldest. Each binding weighs on the ones after it, and so does a pod for which room is being made. One
// that fits nowhere may push pods of lower priority off a node.
SchedulePlan plan_schedule(const Snapshot& snapshot);
// The same over loads that are kept. REQUIRES: `waiting` is in that order.
SchedulePlan plan_schedule(NodeLoads loads, const BoundPods& bound, std::span<const PodPointer> waiting,
                           const std::vector<BudgetPointer>& budgets, Storage storage = {});

bool has_ended(const corev1::Pod& pod);
bool weighs_on_node(const corev1::Pod& pod);

// Whether this scheduler has to place the pod: no node, not ending, not gated, ours by name.
bool wants_scheduling(const corev1::Pod& pod);

inline constexpr std::string_view kSchedulerName = "default-scheduler";

}  // namespace stint
