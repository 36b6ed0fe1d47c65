// What is counted of Jobs, under upstream's names; docs/metrics.md tells them. Loop thread only.
#pragma once

#include <array>

#include "base/metrics.h"
#include "control/job/plan.h"

namespace stint::job {

class JobMetrics {
 public:
  // REQUIRES: `metrics` outlives this.
  explicit JobMetrics(Metrics& metrics);

  // What a sync did to the pods.
  enum class Action { kReconciling, kTracking, kPodsCreated, kPodsDeleted };
  static Action action_of(const batchv1::Job& job, const Plan& plan);
  void synced(const batchv1::Job& job, Action action, bool success, Duration took);
  void skipped_stale() { stale_skips_.add(); }

  // The informer's news.
  void saw_pod(const corev1::Pod* old, const corev1::Pod* next);
  void saw_new_job(const batchv1::Job& job);

  void created_pods(const batchv1::Job& job, const Tally& tally, int32_t created, int32_t refused);
  // A status was written in the place of job.status.
  void wrote_status(const batchv1::Job& job, const batchv1::JobStatus& status);
  // The pods were just dealt with; what the failure policy said of those that failed.
  void settled(const batchv1::Job& job, const Pods& pods);
  void finished(const batchv1::Job& job, const batchv1::JobCondition& verdict);

 private:
  static constexpr size_t kModes = 2, kResults = 2, kActions = 4;
  struct Syncs {
    Counter* count;
    Histogram* seconds;
  };
  std::array<std::array<std::array<Syncs, kActions>, kResults>, kModes> syncs_{};
  std::array<std::array<Counter*, kResults>, kModes> pods_finished_{};
  Counter& stale_skips_;
  Counter& finalizers_added_;
  Counter& finalizers_removed_;
  Family<Counter>& finished_;
  Family<Counter>& handled_failures_;
  Family<Counter>& finished_indexes_;
  Family<Counter>& creations_;
  Family<Counter>& external_;
};

}  // namespace stint::job
