#include "api/policy/disruption_allowed.h"

#include "api/object.h"

namespace stint::policy {
namespace {

using Status = policyv1::PodDisruptionBudgetStatus;

void set_condition(Status& status, bool is_true, const std::string& reason, const std::string& message, WallTime now) {
  metav1::Condition* condition = nullptr;
  for (metav1::Condition& one : *status.mutable_conditions()) {
    if (one.type() == kDisruptionAllowed) condition = &one;
  }
  if (condition == nullptr) {
    condition = status.add_conditions();
    condition->set_type(kDisruptionAllowed);
  }
  const std::string value = is_true ? "True" : "False";
  if (condition->status() != value) *condition->mutable_lasttransitiontime() = to_time(now);
  condition->set_status(value);
  condition->set_reason(reason);
  condition->set_message(message);
  condition->set_observedgeneration(status.observedgeneration());
}

}  // namespace

void set_disruption_allowed(Status& status, WallTime now) {
  const bool allowed = status.disruptionsallowed() > 0;
  set_condition(status, allowed, allowed ? "SufficientPods" : "InsufficientPods", "", now);
}

void set_sync_failed(Status& status, const std::string& why, WallTime now) { set_condition(status, false, kSyncFailed, why, now); }

}  // namespace stint::policy
