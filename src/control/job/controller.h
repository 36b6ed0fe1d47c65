// The Job controller: gathers what the caches show of one Job, asks plan.h what to do, does it, and writes the status in the steps of
// tracking.h. Every decision is in those pure parts; here is only the order of reads and writes. Loop thread only.
#pragma once

#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "api/selector.h"
#include "client/recorder.h"
#include "client/work_queue.h"
#include "control/controller.h"
#include "control/job/ledger.h"
#include "control/job/metrics.h"
#include "control/job/orphan_pods.h"
#include "control/job/pod_writes.h"
#include "control/job/tracking.h"

namespace stint {

class JobController : public Controller {
 public:
  explicit JobController(ControllerContext& context);
  void start() override;

 private:
  using Again = std::optional<Duration>;
  struct Acted {
    job::Outcome outcome;
    std::optional<Error> error;
  };
  // What is kept of a Job that goes on.
  struct Known {
    std::string ns, key;
    Result<LabelSelector> selector;
    job::PodLedger ledger;
    std::set<std::string> to_claim;  // keys of pods that it is perhaps to adopt or to release
  };
  using KnownPtr = std::shared_ptr<Known>;  // a sync goes on with it though the Job goes meanwhile

  void on_job(const Object& old, const Object& next);
  void on_pod(const Object& old, const Object& next);
  KnownPtr know(const job::JobPtr& job);
  // The newest state of a pod comes to where it matters for the Job.
  void note_pod(Known& known, const batchv1::Job& job, const job::PodPtr& pod);
  // After own writes to these pods.
  void note_again(Known& known, const batchv1::Job& job, const job::Pods& pods);
  void job_gone(const batchv1::Job& job);
  void wake_possible_owners(const corev1::Pod& pod);
  // After the delay, and when the Job's quiet time after its last sync is over.
  void wake(const std::string& key, Duration delay = {});

  Task<void> run();
  Task<Result<Again>> sync(std::string key);
  Task<Result<Again>> reconcile(job::JobPtr job, job::JobMetrics::Action& action);
  Task<Result<void>> claim_pods(job::JobPtr job, KnownPtr known);
  Task<Result<void>> claim_pod(job::JobPtr job, KnownPtr known, job::PodPtr pod, std::optional<Result<void>>& may_adopt);
  Task<Result<void>> adopt(job::JobPtr job, job::PodPtr pod, std::optional<Result<void>>& may_adopt);
  Task<Result<void>> disown(job::JobPtr job, job::PodPtr pod);
  Task<Result<void>> check_may_adopt(job::JobPtr job);
  Task<Acted> act(job::JobPtr job, const job::Plan& plan);
  Task<Result<void>> track(const job::View& view, const job::Plan& plan, const job::Settlement& settlement);
  // Nothing is written if the status is as it was.
  Task<Result<job::JobPtr>> write_status(job::JobPtr job, batchv1::JobStatus status);
  void remember_back_off(const std::string& job_uid, const job::BackOffRecord& record);

  Loop& loop_;
  Client& client_;
  Informer& jobs_;
  Informer& pods_;
  Recorder recorder_;
  job::JobMetrics metrics_;
  job::OwnWrites own_;
  job::PodWrites writes_;
  std::unordered_map<std::string, KnownPtr> known_;               // by uid of the Job
  std::unordered_map<std::string, job::BackOffRecord> back_off_;  // by uid of the Job
  std::unordered_map<std::string, Duration> quiet_until_;         // by key; steady
  std::unordered_set<std::string> stale_;                         // keys whose sync waits for the cache to show the last status write
  WorkQueue queue_;
  job::OrphanPods orphans_;
  Scope scope_;
};

}  // namespace stint
