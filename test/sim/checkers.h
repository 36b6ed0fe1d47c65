// What must hold after every commit, and at the end. Each rule is about what lies in the store, so it holds whatever the controllers
// believe. Pure but for what it remembers; loop thread only.
//
// What is demanded of parallelism: when a pod is created for a Job, the Job's pods that are active (neither ended nor being deleted; under
// podReplacementPolicy Failed: not ended) are at most as many as the highest parallelism that its spec had in the last kBelief: for so long
// a controller may not have seen a lower one. Creations of pods are always answered, in this simulation: who gets no answer may make one
// more, and takes it back when he sees it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "app/commit_tap.h"

namespace stint::sim {

class Checkers {
 public:
  static constexpr Duration kBelief = std::chrono::minutes(2);

  // `moved`: by how much the wall clock was moved so far. Both outlive the checkers.
  Checkers(const CommitTap& store, const Clock& clock, const Duration& moved) : store_(store), clock_(clock), moved_(moved) {}

  void see(const Commit& commit);
  // Faults are over, and kCalm goes by between the two: each CronJob that may run has run at a time in it.
  static constexpr Duration kCalm = std::chrono::minutes(8);
  void begin_calm();
  void end_calm();
  // Faults are over, and time went on: everything has ended, and nothing is left behind. `live_sandboxes`: of the runtime.
  void see_end(size_t live_sandboxes);
  // Job, CronJob and pod may be removed by another hand, and then a run may begin again.
  void removed_by_hand(const std::string& uid) { removed_by_hand_.insert(uid); }

  // The first that was broken: "rule: what".
  const std::optional<std::string>& violation() const { return violation_; }
  // Nothing would happen any more but for schedules. "" or what is still there.
  std::string unfinished() const;

 private:
  using Job = batchv1::Job;
  using Pod = corev1::Pod;

  struct PodLedger {
    std::string job_uid;
    int index = -1;
    bool holds_finalizer = false, gone = false;
    std::string phase;
  };
  struct JobLedger {
    std::string name;
    std::deque<std::pair<WallTime, int>> parallelism;  // when it began to hold
    std::optional<WallTime> shrunk;                    // suspended, or wanting fewer pods, since or until then
    std::set<std::string> counted;                     // uids of pods
    std::set<std::string> pods;
    bool was_resized = false;
  };

  void see_job(const Job* old, const Job* next);
  void see_job_spec(const Job& job, const Job* old, JobLedger& ledger);
  void check_counts(const Job& old, const Job& next, JobLedger& ledger);
  void check_leaving(const Job& old, const Job& next, JobLedger& ledger);
  void check_joining(const Job& old, const Job& next, JobLedger& ledger);
  void check_indexes(const Job& old, const Job& next, const JobLedger& ledger);
  void check_conditions(const Job& old, const Job& next);
  void check_end_of_job(const Job& job, const JobLedger& ledger);
  void see_run(const Job& job);
  void check_overlap(const Job& run, const metav1::OwnerReference& owner);
  // A Job of the CronJob that has not ended, but this one; null: none.
  const Job* unfinished_run(const std::string& cron_job_uid, const std::string& but) const;
  bool waits_rightly(const batchv1::CronJob& cron_job) const;
  void see_pod(const Pod* old, const Pod* next);
  void check_parallelism(const Job& job, const JobLedger& ledger, const Pod& pod);
  void check_release(const Pod& pod, const PodLedger& ledger);

  const Job* find_job(const std::string& uid) const;
  std::shared_ptr<const Pod> find_pod(const std::string& uid) const;
  void violate(std::string_view rule, std::string what);
  WallTime steady_now() const { return clock_.now() - moved_; }

  const CommitTap& store_;
  const Clock& clock_;
  const Duration& moved_;
  Revision last_revision_ = 0;
  std::map<std::string, JobLedger> jobs_;                            // by uid
  std::map<std::string, PodLedger> pods_;                            // by uid
  std::map<std::string, std::string> job_keys_, pod_keys_;           // uid → key in the store
  std::map<std::pair<std::string, std::string>, std::string> runs_;  // CronJob and planned time → Job
  std::set<std::string> removed_by_hand_;
  WallTime calm_since_{};
  std::set<std::string> behind_;  // keys of CronJobs whose last run or creation was still to come when the calm began: the clock was set back
  std::optional<std::string> violation_;
};

}  // namespace stint::sim
