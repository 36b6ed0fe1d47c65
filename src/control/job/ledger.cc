#include "control/job/ledger.h"

#include "control/job/pod_failure_policy.h"
#include "control/job/spec.h"

namespace stint::job {
namespace {

int64_t live_restarts(const corev1::Pod& pod) {
  const std::string& phase = pod.status().phase();
  return phase == "Running" || phase == "Pending" ? restarts(pod) : 0;
}

Pods values(const std::map<std::string, PodPtr>& by_name) {
  Pods pods;
  pods.reserve(by_name.size());
  for (const auto& [name, pod] : by_name) pods.push_back(pod);
  return pods;
}

void erase_pod(std::map<std::string, PodPtr>& by_name, const corev1::Pod& pod) {
  const auto found = by_name.find(pod.metadata().name());
  if (found != by_name.end() && found->second->metadata().uid() == pod.metadata().uid()) by_name.erase(found);
}

}  // namespace

PodLedger::Terms PodLedger::Terms::of(const batchv1::Job& job) {
  return {.indexed = is_indexed(job), .replaces_only_failed = job::replaces_only_failed(job), .completions = job.spec().completions()};
}

PodLedger::Entry PodLedger::judge(const batchv1::Job& job, PodPtr pod) {
  Entry entry{.active = is_active(*pod), .terminating = is_terminating(*pod), .tracked = has_tracking_finalizer(*pod)};
  entry.ready = entry.active && is_ready(*pod);
  entry.condemning =
      job.spec().has_podfailurepolicy() && is_failed(*pod, job) && match_pod_failure(job, *pod).action == PodFailureAction::kFailJob;
  if (is_indexed(job) && has_valid_index(*pod, job)) entry.index = completion_index(*pod);
  entry.holds_index = entry.index != kNoIndex && (entry.active || (entry.terminating && job::replaces_only_failed(job)));
  entry.restarts = live_restarts(*pod);
  entry.pod = std::move(pod);
  return entry;
}

void PodLedger::put(PodPtr pod) {
  const std::string& uid = pod->metadata().uid();
  erase(uid);
  Entry entry = judge(*job_, pod);
  if (!entry.matters()) return;
  add(entry);
  entries_.emplace(uid, std::move(entry));
}

void PodLedger::erase(const std::string& pod_uid) {
  const auto found = entries_.find(pod_uid);
  if (found == entries_.end()) return;
  subtract(found->second);
  entries_.erase(found);
}

void PodLedger::follow(JobPtr job) {
  job_ = std::move(job);
  if (Terms::of(*job_) == terms_) return;
  PodLedger anew(job_);
  for (auto& [uid, entry] : entries_) anew.put(entry.pod);
  *this = std::move(anew);
}

void PodLedger::count_active(const Entry& entry, int sign) {
  sums_.active += sign;
  if (entry.ready) sums_.ready += sign;
  if (!terms_.indexed) return;
  if (entry.index == kNoIndex) {
    sums_.misplaced += sign;
    return;
  }
  // Of several pods at one index all but one are too many.
  int32_t& there = active_at_[entry.index];
  if (std::max(there, there + sign) > 1) sums_.misplaced += sign;
  there += sign;
  if (there == 0) active_at_.erase(entry.index);
}

void PodLedger::add(const Entry& entry) {
  if (entry.active) count_active(entry, 1);
  if (entry.terminating) ++sums_.terminating;
  sums_.restarts += entry.restarts;
  if (entry.holds_index) held_.add(entry.index);
  if (entry.tracked && !entry.active) settling_[entry.pod->metadata().name()] = entry.pod;
  if (entry.condemning) condemning_[entry.pod->metadata().name()] = entry.pod;
}

void PodLedger::subtract(const Entry& entry) {
  if (entry.active) count_active(entry, -1);
  if (entry.terminating) --sums_.terminating;
  sums_.restarts -= entry.restarts;
  if (entry.holds_index) held_.remove(entry.index);
  if (entry.tracked && !entry.active) erase_pod(settling_, *entry.pod);
  if (entry.condemning) erase_pod(condemning_, *entry.pod);
}

View PodLedger::look(JobPtr job) const {
  View view{.sums = sums_, .settling = values(settling_), .condemning = values(condemning_), .held = held_.to_set()};
  for (const PodPtr& pod : view.settling) {
    view.held_uids.insert(pod->metadata().uid());
    if (active_at_.contains(completion_index(*pod))) view.taken_over.insert(completion_index(*pod));
  }
  const auto& listed = job->status().uncountedterminatedpods();
  for (const auto* uids : {&listed.succeeded(), &listed.failed()}) {
    for (const std::string& uid : *uids) {
      const auto found = entries_.find(uid);
      if (found != entries_.end() && found->second.tracked) view.held_uids.insert(uid);
    }
  }
  view.active_pods = [this] {
    std::map<std::string, PodPtr> active;
    for (const auto& [uid, entry] : entries_) {
      if (entry.active) active.emplace(entry.pod->metadata().name(), entry.pod);
    }
    return values(active);
  };
  view.job = std::move(job);
  return view;
}

}  // namespace stint::job
