// What one sync of a Job does to its pods: the whole decision, from what is seen and the time alone. The status that follows from it is
// tracking.h's. Pure; any thread. Source: upstream's pkg/controller/job/job_controller.go (syncJob, manageJob).
#pragma once

#include <optional>
#include <vector>

#include "control/job/tally.h"
#include "control/job/verdict.h"

namespace stint::job {

// Pods created, or removed for being too many, in one sync; so that one big Job does not hold up the others.
inline constexpr int kPodsPerSyncMax = 500;

struct Creation {
  int index = kNoIndex;
  PodPtr replaces;  // with backoffLimitPerIndex, the failed pod whose count of failures goes on
};

struct Plan {
  Tally tally;
  batchv1::JobStatus status;  // as stored, but started
  Verdict verdict;
  Pods kill;     // the Job ends: deleted with their finalizers on, so that they are still counted
  Pods discard;  // too many, or suspended: the finalizer goes first, so that they are never counted
  Pods let_go;   // the Job is being deleted: they run on, without the finalizer
  std::vector<Creation> create;
  bool manages_pods = false;           // the Job goes on, and all its pods are known
  std::optional<Duration> look_again;  // back-off or deadline
};

Plan plan(const View& view, WallTime now);

}  // namespace stint::job
