// What the status of a PodDisruptionBudget should be. Pure; any thread. Source: upstream's pkg/controller/disruption.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "api/kind.h"
#include "base/clock.h"

namespace stint::disruption {

using PodPtr = std::shared_ptr<const corev1::Pod>;

struct Plan {
  policyv1::PodDisruptionBudgetStatus status;
  std::optional<Duration> look_again;  // when a pod that should have gone by then is counted again
};

// `pods`: those that the budget selects.
Plan plan(const policyv1::PodDisruptionBudget& budget, std::span<const PodPtr> pods, WallTime now);
// The times of conditions aside.
bool is_same(const policyv1::PodDisruptionBudgetStatus& a, const policyv1::PodDisruptionBudgetStatus& b);

}  // namespace stint::disruption
