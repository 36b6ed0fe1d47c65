// Questions to a Job's spec and conditions that its parts share. Pure; any thread.
#pragma once

#include <string_view>

#include "api/types.h"
#include "base/clock.h"

namespace stint::job {

inline constexpr std::string_view kControllerName = "kubernetes.io/job-controller";

// Condition types.
inline constexpr std::string_view kSuspended = "Suspended";
inline constexpr std::string_view kFailureTarget = "FailureTarget";            // will be Failed
inline constexpr std::string_view kSuccessCriteriaMet = "SuccessCriteriaMet";  // will be Complete
inline constexpr std::string_view kFailed = "Failed";
inline constexpr std::string_view kComplete = "Complete";

bool is_indexed(const batchv1::Job& job);
bool is_suspended(const batchv1::Job& job);
bool has_limit_per_index(const batchv1::Job& job);
// podReplacementPolicy Failed.
bool replaces_only_failed(const batchv1::Job& job);
// spec.managedBy names somebody else.
bool is_managed_elsewhere(const batchv1::Job& job);

const batchv1::JobCondition* find_condition(const batchv1::JobStatus& status, std::string_view type);
bool has_true_condition(const batchv1::JobStatus& status, std::string_view type);
// Complete or Failed.
bool is_finished(const batchv1::Job& job);

batchv1::JobCondition make_condition(std::string_view type, bool is_true, std::string_view reason, std::string_view message, WallTime now);
// Adds or changes the condition of that type; a false one is not added anew. True: something changed.
bool set_condition(batchv1::JobStatus& status, const batchv1::JobCondition& condition);

}  // namespace stint::job
