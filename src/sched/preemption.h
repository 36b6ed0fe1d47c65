// Making room on a node: which pods of lower priority go, so that a waiting one fits. Pure; any thread. Source: upstream's
// pkg/scheduler/framework/preemption and plugins/defaultpreemption.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sched/filters.h"

namespace stint {

using BudgetPointer = std::shared_ptr<const policyv1::PodDisruptionBudget>;

struct Preemption {
  PodPointer pod;
  std::string node;
  std::vector<PodPointer> victims;  // the most important first; at least one
};

// Whether it is of a kind that fewer pods on the node would mend.
bool is_resolvable_by_preemption(const std::string& reason);

// "" or why the pod may push nobody off, in upstream's words.
std::string why_it_may_not_preempt(const corev1::Pod& pod, const BoundPods& bound);

// On the node where that breaks the fewest budgets and hurts the least important pods; as few as make room there. `loads` holds
// what `bound` weighs, and may hold more, which stays. REQUIRES: the pod fits nowhere.
std::optional<Preemption> plan_preemption(const PodPointer& pod, const NodeLoads& loads, const BoundPods& bound,
                                          const std::vector<BudgetPointer>& budgets);

}  // namespace stint
