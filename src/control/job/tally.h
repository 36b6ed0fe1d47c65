// What one sync sees of a Job, and what its pods amount to. Pure; any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "control/job/back_off.h"
#include "control/job/indexes.h"
#include "control/job/pod.h"

namespace stint::job {

using JobPtr = std::shared_ptr<const batchv1::Job>;

using Uids = std::set<std::string, std::less<>>;

// Sums over the pods of a Job.
struct PodSums {
  int32_t active = 0;
  int32_t ready = 0;  // of the active ones
  int32_t terminating = 0;
  int32_t misplaced = 0;  // Indexed only: active pods without a valid index, or second to another at theirs
  int64_t restarts = 0;   // of containers, in pods that are Pending or Running
  bool operator==(const PodSums&) const = default;
};

// Sums for the many pods, and the few that a decision is to be made about, as a ledger keeps them (ledger.h). A pod that ended, was counted
// and holds no finalizer is nowhere in it.
struct View {
  JobPtr job;
  PodSums sums;
  Pods settling;             // not active and still with the finalizer: to be counted, or held back, or not yet ended. By name.
  Pods condemning;           // failed pods for which podFailurePolicy fails the Job
  IndexSet held;             // Indexed only: by active pods and, where only failed pods are replaced, by terminating ones
  std::set<int> taken_over;  // indexes of `settling` at which another pod is active
  Uids held_uids;            // of `settling` and of the uids in the status lists, those that still hold the finalizer
  // All active pods by name: for when most of them are to be changed. Asked before the view's maker goes on, or not at all.
  std::function<Pods()> active_pods;
  // False while pods that were created are not in the cache yet: neither create nor finish.
  bool all_created_seen = true;
  BackOffRecord back_off;
};

struct Tally {
  int32_t active = 0;
  int32_t ready = 0;
  int32_t terminating = 0;

  // In the status lists, but not yet in its counters.
  Uids uncounted_succeeded;
  Uids uncounted_failed;
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
