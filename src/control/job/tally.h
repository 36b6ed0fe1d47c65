// What one sync sees of a Job, and what its pods amount to. Pure; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "control/job/back_off.h"
#include "control/job/indexes.h"
#include "control/job/pod.h"

namespace stint::job {

using JobPtr = std::shared_ptr<const batchv1::Job>;

struct View {
  JobPtr job;
  Pods pods;  // the Job's own, with this controller's unobserved writes already applied (own_writes.h)
  // False while pods that were created are not in the cache yet: neither create nor finish.
  bool all_created_seen = true;
  BackOffRecord back_off;
};

struct Tally {
  Pods active;
  int32_t ready = 0;
  int32_t terminating = 0;

  // In the status lists, but not yet in its counters.
  std::set<std::string, std::less<>> uncounted_succeeded;
  std::set<std::string, std::less<>> uncounted_failed;
  Pods newly_succeeded;  // not in the lists either
  Pods newly_failed;
  // The counters as they will be once all that is seen is counted.
  int32_t succeeded = 0;
  int32_t failed = 0;
  BackOffRecord back_off;

  // Indexed only.
  IndexSet completed_before;  // as status has them
  IndexSet completed;
  // With backoffLimitPerIndex only.
  IndexSet failed_indexes;
  // By index: the last failed pod of an index that is to run again. It keeps its finalizer until its replacement carries on its count of
  // failures.
  std::map<int, PodPtr> held_back;
};

Tally count(const View& view);

}  // namespace stint::job
