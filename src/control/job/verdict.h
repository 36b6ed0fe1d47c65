// Whether a Job is to end, and why. The answer is the interim condition: FailureTarget or SuccessCriteriaMet; the terminal one, Failed or
// Complete, follows when nothing of the Job runs any more (tracking.h). Pure; any thread.
#pragma once

#include <optional>

#include "control/job/tally.h"

namespace stint::job {

using Verdict = std::optional<batchv1::JobCondition>;

// The first that applies: what an earlier sync wrote, the failures, the success policy. Completion by count is `completion_verdict`'s.
// `status`: the status that this sync will write, with its startTime.
Verdict find_verdict(const View& view, const Tally& tally, const batchv1::JobStatus& status, WallTime now);

// Enough pods succeeded and none runs; `active` after this sync's creations and deletions.
Verdict completion_verdict(const batchv1::Job& job, int32_t succeeded, int32_t active, WallTime now);

// Nothing if the Job has no deadline that runs.
std::optional<Duration> until_deadline(const batchv1::Job& job, const batchv1::JobStatus& status, WallTime now);

bool is_success(const batchv1::JobCondition& verdict);

}  // namespace stint::job
