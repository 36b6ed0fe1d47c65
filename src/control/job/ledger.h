// The pods of one Job that still matter to it, and what they sum up to, kept by pod events: so a sync costs what changed since the last,
// not what exists. A pod that ended, was counted and holds no finalizer is not in it. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "control/job/tally.h"

namespace stint::job {

class PodLedger {
 public:
  explicit PodLedger(JobPtr job) : terms_(Terms::of(*job)), job_(std::move(job)) {}

  // The newest state of a pod of this Job, with this controller's unobserved writes applied (own_writes.h).
  void put(PodPtr pod);
  void erase(const std::string& pod_uid);
  // The Job changed: where that changes what its pods mean, all are judged anew.
  void follow(JobPtr job);

  size_t size() const { return entries_.size(); }

  // What a sync needs; its `active_pods` is a question to this ledger, which must outlive it and not change before it is asked.
  View look(JobPtr job) const;

 private:
  // What of the spec may change and decides what a pod means.
  struct Terms {
    bool indexed = false;
    bool replaces_only_failed = false;
    int32_t completions = 0;
    static Terms of(const batchv1::Job& job);
    bool operator==(const Terms&) const = default;
  };
  struct Entry {
    PodPtr pod;
    bool active = false, ready = false, terminating = false, tracked = false, condemning = false, holds_index = false;
    int index = kNoIndex;  // kNoIndex also where it is not below completions
    int64_t restarts = 0;
    bool matters() const { return active || terminating || tracked || condemning; }
  };

  static Entry judge(const batchv1::Job& job, PodPtr pod);
  void add(const Entry& entry);
  void subtract(const Entry& entry);
  void count_active(const Entry& entry, int sign);

  Terms terms_;
  JobPtr job_;  // the newest seen
  PodSums sums_;
  std::unordered_map<std::string, Entry> entries_;       // by uid
  std::map<std::string, PodPtr> settling_, condemning_;  // by name
  std::unordered_map<int, int32_t> active_at_;           // by index
  IndexBag held_;
};

}  // namespace stint::job
