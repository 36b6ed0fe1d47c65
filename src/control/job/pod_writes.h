// Carries out a plan's writes to pods, many at a time, with their Events and their entries in OwnWrites. Loop thread only.
#pragma once

#include <string>

#include "client/client.h"
#include "client/recorder.h"
#include "control/job/own_writes.h"
#include "control/job/plan.h"

namespace stint::job {

class PodWrites {
 public:
  PodWrites(Loop& loop, Client& client, Recorder& recorder, OwnWrites& own)
      : loop_(loop), client_(client), recorder_(recorder), own_(own) {}

  struct Done {
    int32_t count = 0;
    int32_t ready = 0;           // of the pods removed
    int32_t refused = 0;         // of the pods to create
    std::optional<Error> error;  // the first
  };
  // In batches of 1, 2, 4, …: if all are to fail alike (a quota), few are tried. After a batch with an error the rest waits for another
  // sync.
  Task<Done> create(JobPtr job, std::vector<Creation> creations);
  // Deletes; with `release_first` without their finalizers, so that they do not count. A pod that is gone already is done.
  Task<Done> remove(JobPtr job, Pods pods, bool release_first);
  // Takes the finalizers off and these pods' uids out of `held`.
  Task<Done> release(Pods pods, Uids& held);

 private:
  Task<void> create_one(JobPtr job, Creation creation, Done& done);
  Task<void> remove_one(JobPtr job, PodPtr pod, bool release_first, Done& done);
  Task<void> release_one(PodPtr pod, Uids& held, Done& done);
  Task<Result<void>> drop_finalizer(PodPtr pod);

  Loop& loop_;
  Client& client_;
  Recorder& recorder_;
  OwnWrites& own_;
};

}  // namespace stint::job
