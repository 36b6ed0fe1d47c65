// Making room on a node: which pods of lower priority go, so that a waiting one fits. Pure; any thread. Source: upstream's
// pkg/scheduler/framework/preemption and plugins/defaultpreemption.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sched/filters.h"

namespace stint {

using PodPointer = std::shared_ptr<const corev1::Pod>;
using BudgetPointer = std::shared_ptr<const policyv1::PodDisruptionBudget>;

// A node as a plan sees it.
struct NodePods {
  NodeLoad load;
  std::vector<PodPointer> bound;
  std::vector<PodPointer> placed;  // by this very plan, or nominated: they weigh, and never go
};
using NodesByName = std::map<std::string, NodePods>;

struct Preemption {
  PodPointer pod;
  std::string node;
  std::vector<PodPointer> victims;  // the most important first; at least one
};

// Whether it is of a kind that fewer pods on the node would mend.
bool is_resolvable_by_preemption(const std::string& reason);

// "" or why the pod may push nobody off, in upstream's words.
std::string why_it_may_not_preempt(const corev1::Pod& pod, const NodesByName& nodes);

// On the node where that breaks the fewest budgets and hurts the least important pods; as few as make room there. REQUIRES: the pod fits
// nowhere.
std::optional<Preemption> plan_preemption(const PodPointer& pod, const NodesByName& nodes, const std::vector<BudgetPointer>& budgets);

}  // namespace stint
