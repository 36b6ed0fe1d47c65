// The scheduler: what its cache knows → plan → bind or preempt, again whenever something changes that could matter. Loop thread only.
#pragma once

#include <map>
#include <set>
#include <string>

#include "client/client.h"
#include "client/informer.h"
#include "client/recorder.h"
#include "sched/plan.h"
#include "sched/scheduler_cache.h"

namespace stint {

class Scheduler {
 public:
  Scheduler(Loop& loop, Client& client);
  ~Scheduler();

  void start();

 private:
  Task<void> run();
  Task<void> bind(Binding binding);
  // Claims of pods on their way to a node (claim_binding.cc).
  Storage storage() const;
  Task<void> bind_claims(Binding binding);
  Task<Result<void>> choose(ClaimChoice choice, std::string node);
  Task<bool> all_bound(PodPointer pod, std::vector<ClaimChoice> claims, std::string node);
  Task<void> preempt(Preemption preemption);
  Task<void> push_off(PodPointer victim, const Preemption& preemption);
  Task<void> report(Unschedulable pod);
  void try_again_soon();
  void pod_changed(const Object& old, const Object& next);
  void node_changed(const Object& old, const Object& next);

  Loop& loop_;
  Client& client_;
  Recorder recorder_;
  Informer pods_, nodes_, budgets_, claims_, volumes_, classes_;
  Event wake_;
  Event claims_changed_;  // set with every change of a claim
  Loop::TimerId retry_timer_ = 0;
  SchedulerCache cache_;
  std::set<std::string> pushed_off_;  // uids of victims, until they are gone
  // What was last said of a waiting pod, by uid, so that the same is not said twice.
  std::map<std::string, std::string> reported_;
  std::set<std::string> promised_;  // volumes that pods on their way to a node get
  Scope scope_;                     // last: destroyed first
};

}  // namespace stint
