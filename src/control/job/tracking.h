// Counting each pod exactly once, over crashes between any two writes: a finished pod's uid goes into the status lists, then its finalizer
// is taken off, then the uid leaves the lists and the counter rises. So a sync writes the status, patches pods, and writes the status
// again:
//   settle() → PUT status → take finalizers off → conclude() → PUT status
// Pure; any thread. Source: upstream's trackJobStatusAndRemoveFinalizers.
#pragma once

#include <string>
#include <vector>

#include "control/job/plan.h"
#include "control/notice.h"

namespace stint::job {

// At most so many uids (and newly completed indexes) at a time, which keeps the lists under 20 KB.
inline constexpr size_t kUncountedMax = 500;

// What came of a plan's creations and deletions.
struct Outcome {
  int32_t created = 0;
  int32_t removed = 0;  // of plan.kill or plan.discard
  int32_t removed_ready = 0;
};

struct Settlement {
  batchv1::JobStatus status;  // the first write
  Pods release;               // whose finalizer goes once that is written
  Verdict verdict;            // dropped if it cannot hold yet
  bool capped = false;        // kUncountedMax was reached: another sync goes on
  std::vector<Notice> notices;
};
Settlement settle(const View& view, const Plan& plan, const Outcome& outcome, WallTime now);

struct Conclusion {
  batchv1::JobStatus status;    // the second write
  bool finished = false;        // it carries Complete or Failed
  std::vector<Notice> notices;  // for when it is written
};
// `written`: the status as the first write left it. `still_held`: uids of pods that keep their finalizer.
Conclusion conclude(const batchv1::Job& job, const Settlement& settlement, const batchv1::JobStatus& written, const Uids& still_held,
                    WallTime now);

// Moves uids that hold no finalizer any more from the lists to the counters.
void count_released(batchv1::JobStatus& status, const Uids& still_held);
// Of all pods that this sync may list or release, those that hold the finalizer before it takes any off.
Uids uids_with_finalizer(const View& view, const Plan& plan);

}  // namespace stint::job
