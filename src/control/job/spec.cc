#include "control/job/spec.h"

#include "api/object.h"

namespace stint::job {

bool is_indexed(const batchv1::Job& job) { return job.spec().completionmode() == "Indexed"; }
bool is_suspended(const batchv1::Job& job) { return job.spec().suspend(); }
bool has_limit_per_index(const batchv1::Job& job) { return job.spec().has_backofflimitperindex(); }
bool replaces_only_failed(const batchv1::Job& job) { return job.spec().podreplacementpolicy() == "Failed"; }
bool is_managed_elsewhere(const batchv1::Job& job) { return job.spec().has_managedby() && job.spec().managedby() != kControllerName; }

const batchv1::JobCondition* find_condition(const batchv1::JobStatus& status, std::string_view type) {
  for (const auto& condition : status.conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

bool has_true_condition(const batchv1::JobStatus& status, std::string_view type) {
  const auto* condition = find_condition(status, type);
  return condition != nullptr && condition->status() == "True";
}

bool is_finished(const batchv1::Job& job) {
  return has_true_condition(job.status(), kComplete) || has_true_condition(job.status(), kFailed);
}

batchv1::JobCondition make_condition(std::string_view type, bool is_true, std::string_view reason, std::string_view message, WallTime now) {
  batchv1::JobCondition condition;
  condition.set_type(std::string(type));
  condition.set_status(is_true ? "True" : "False");
  *condition.mutable_lastprobetime() = to_time(now);
  *condition.mutable_lasttransitiontime() = to_time(now);
  condition.set_reason(std::string(reason));
  condition.set_message(std::string(message));
  return condition;
}

bool set_condition(batchv1::JobStatus& status, const batchv1::JobCondition& condition) {
  for (auto& present : *status.mutable_conditions()) {
    if (present.type() != condition.type()) continue;
    if (present.status() == condition.status() && present.reason() == condition.reason() && present.message() == condition.message())
      return false;
    present = condition;
    return true;
  }
  if (condition.status() == "False") return false;
  *status.add_conditions() = condition;
  return true;
}

}  // namespace stint::job
