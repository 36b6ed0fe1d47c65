// The condition DisruptionAllowed of a PodDisruptionBudget, which both the controller and the eviction of a pod set. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"
#include "base/clock.h"

namespace stint::policy {

// From the number of disruptions that are allowed.
void set_disruption_allowed(policyv1::PodDisruptionBudgetStatus& status, WallTime now);
// The number could not be told.
void set_sync_failed(policyv1::PodDisruptionBudgetStatus& status, const std::string& why, WallTime now);

inline constexpr const char* kDisruptionAllowed = "DisruptionAllowed";
inline constexpr const char* kSyncFailed = "SyncFailed";

}  // namespace stint::policy
