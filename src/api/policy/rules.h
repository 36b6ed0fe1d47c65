// policy/v1 PodDisruptionBudget.
#pragma once

#include "api/kind.h"

namespace stint::policy {

extern const Rules kPodDisruptionBudgetRules;

}  // namespace stint::policy
