// Takes the tracking finalizer off pods that no running Job will count: their Job is finished or gone, or they have none. Without this such
// a pod could never be deleted. Loop thread only.
#pragma once

#include "client/informer.h"
#include "client/work_queue.h"
#include "control/job/tally.h"

namespace stint::job {

class OrphanPods {
 public:
  OrphanPods(Loop& loop, Client& client, const Informer& jobs, const Informer& pods, Metrics& metrics);
  void start() { queue_.start(); }
  // Looks at the pod, once the queue gets there.
  void add(const corev1::Pod& pod);
  // Looks at all pods that are or could be the Job's.
  void add_pods_of(const batchv1::Job& job);

 private:
  Task<Result<std::optional<Duration>>> sync(std::string key);

  Client& client_;
  const Informer& jobs_;
  const Informer& pods_;
  WorkQueue queue_;
};

// The Job that the pod names as its controller, if the cache has it under that uid.
JobPtr find_job(const Informer& jobs, const corev1::Pod& pod);

}  // namespace stint::job
