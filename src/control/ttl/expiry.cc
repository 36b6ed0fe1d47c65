#include "control/ttl/expiry.h"

#include "api/object.h"

namespace stint::ttl {

Result<std::optional<WallTime>> find_expiry(const batchv1::Job& job) {
  if (!job.spec().has_ttlsecondsafterfinished() || is_deleting(job)) return std::nullopt;
  for (const auto& condition : job.status().conditions()) {
    if (condition.status() != "True" || (condition.type() != "Complete" && condition.type() != "Failed")) continue;
    const auto& finished = condition.lasttransitiontime();
    if (finished.seconds() <= 0) {
      return fail(Reason::kNone, "unable to find the time when the Job " + object_key(job) + " finished");
    }
    return from_time(finished) + span_of_seconds(job.spec().ttlsecondsafterfinished());
  }
  return std::nullopt;
}

}  // namespace stint::ttl
