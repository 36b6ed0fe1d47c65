#include "control/job/tracking.h"

#include <algorithm>

#include "control/job/pod_failure_policy.h"
#include "control/job/spec.h"

namespace stint::job {
namespace {

using UidList = google::protobuf::RepeatedPtrField<std::string>;

int32_t drop_released(UidList& list, const Uids& still_held) {
  const int before = list.size();
  list.erase(std::remove_if(list.begin(), list.end(), [&](const std::string& uid) { return !still_held.contains(uid); }), list.end());
  return before - list.size();
}

// Which pods may lose their finalizer: all when the Job ends either way, else the finished ones; a failed pod that its index still needs
// may not.
bool may_release(const View& view, const Plan& plan, const Verdict& verdict, const PodPtr& pod) {
  if (is_deleting(*view.job) || verdict || is_succeeded(*pod)) return true;
  if (!is_failed(*pod, *view.job)) return false;
  const auto held = plan.tally.held_back.find(completion_index(*pod));
  return held == plan.tally.held_back.end() || held->second->metadata().uid() != pod->metadata().uid();
}

void settle_pod(const View& view, const Tally& tally, const corev1::Pod& pod, Settlement& settlement, std::vector<int>& completed) {
  const batchv1::Job& job = *view.job;
  const std::string& uid = pod.metadata().uid();
  auto& uncounted = *settlement.status.mutable_uncountedterminatedpods();
  if (tally.uncounted_failed.contains(uid) || !has_valid_index(pod, job)) return;
  if (is_succeeded(pod)) {
    // The index in completedIndexes is proof enough against counting it twice.
    if (is_indexed(job)) {
      if (!tally.completed_before.has(completion_index(pod))) completed.push_back(completion_index(pod));
    } else if (!tally.uncounted_succeeded.contains(uid)) {
      uncounted.add_succeeded(uid);
    }
    return;
  }
  // Once the Job fails, whatever still runs fails with it.
  const bool fails_with_job = settlement.verdict && !is_success(*settlement.verdict);
  if ((is_failed(pod, job) || fails_with_job) && match_pod_failure(job, pod).counts()) uncounted.add_failed(uid);
}

void settle_pods(const View& view, const Plan& plan, Settlement& settlement) {
  Pods pods = view.settling;
  for (const Pods* running : {&plan.kill, &plan.let_go}) pods.insert(pods.end(), running->begin(), running->end());
  if (is_indexed(*view.job)) std::ranges::sort(pods, {}, [](const PodPtr& pod) { return completion_index(*pod); });
  std::vector<int> completed;
  const auto& uncounted = settlement.status.uncountedterminatedpods();
  for (const PodPtr& pod : pods) {
    if (!has_tracking_finalizer(*pod) || !may_release(view, plan, settlement.verdict, pod)) continue;
    settlement.release.push_back(pod);
    settle_pod(view, plan.tally, *pod, settlement, completed);
    if (completed.size() + uncounted.succeeded_size() + uncounted.failed_size() >= kUncountedMax) {
      settlement.capped = true;
      break;
    }
  }
  if (!is_indexed(*view.job)) return;
  settlement.status.set_succeeded(plan.tally.completed.size());
  settlement.status.set_completedindexes(plan.tally.completed.to_string());
  if (has_limit_per_index(*view.job)) {
    settlement.status.set_failedindexes(plan.tally.failed_indexes.to_string());
  } else {
    settlement.status.clear_failedindexes();
  }
}

// Only where the pods were managed: the condition says what was done to them.
void settle_suspension(const batchv1::Job& job, WallTime now, Settlement& settlement) {
  batchv1::JobStatus& status = settlement.status;
  if (is_suspended(job)) {
    if (!set_condition(status, make_condition(kSuspended, true, "JobSuspended", "Job suspended", now))) return;
    status.clear_starttime();
    settlement.notices.push_back({false, "Suspended", "Job suspended"});
  } else {
    if (!set_condition(status, make_condition(kSuspended, false, "JobResumed", "Job resumed", now))) return;
    *status.mutable_starttime() = to_time(now);  // the deadline runs from here
    settlement.notices.push_back({false, "Resumed", "Job resumed"});
  }
}

// Zero counters without presence are left out, as Go leaves them out.
void drop_zeros(batchv1::JobStatus& status) {
  if (status.active() == 0) status.clear_active();
  if (status.succeeded() == 0) status.clear_succeeded();
  if (status.failed() == 0) status.clear_failed();
  if (status.completedindexes().empty()) status.clear_completedindexes();
}

// The API takes no end without a start, but for a suspended Job of no completions. Upstream leaves a Job that ends while it is suspended
// without its terminal condition until somebody resumes it; here it started when it ended.
void settle_start_time(const batchv1::Job& job, WallTime now, batchv1::JobStatus& status) {
  const bool had_nothing_to_do = is_suspended(job) && job.spec().has_completions() && job.spec().completions() == 0;
  if (!status.has_starttime() && !had_nothing_to_do) *status.mutable_starttime() = to_time(now);
}

}  // namespace

void count_released(batchv1::JobStatus& status, const Uids& still_held) {
  auto& uncounted = *status.mutable_uncountedterminatedpods();
  status.set_succeeded(status.succeeded() + drop_released(*uncounted.mutable_succeeded(), still_held));
  status.set_failed(status.failed() + drop_released(*uncounted.mutable_failed(), still_held));
  drop_zeros(status);
}

Uids uids_with_finalizer(const View& view, const Plan& plan) {
  Uids uids = view.held_uids;
  for (const Pods* running : {&plan.kill, &plan.let_go}) {
    for (const PodPtr& pod : *running) {
      if (has_tracking_finalizer(*pod)) uids.insert(pod->metadata().uid());
    }
  }
  return uids;
}

Settlement settle(const View& view, const Plan& plan, const Outcome& outcome, WallTime now) {
  Settlement settlement{.status = plan.status, .verdict = plan.verdict};
  batchv1::JobStatus& status = settlement.status;
  const auto active = plan.tally.active + outcome.created - outcome.removed;
  if (plan.verdict) {
    // A pod that could not be deleted, or that is not in the cache yet, would be left behind with its finalizer.
    if (outcome.removed != std::ssize(plan.kill) || !view.all_created_seen) settlement.verdict.reset();
  } else if (auto complete = completion_verdict(*view.job, plan.tally.succeeded, active, now); complete && view.all_created_seen) {
    settlement.verdict = std::move(complete);  // with a pod that the cache does not show yet, some would still run
  } else if (plan.manages_pods) {
    settle_suspension(*view.job, now, settlement);
  }
  status.set_active(active);
  status.set_ready(plan.tally.ready - outcome.removed_ready);
  status.set_terminating(plan.tally.terminating + outcome.removed);
  count_released(status, uids_with_finalizer(view, plan));
  settle_pods(view, plan, settlement);
  if (settlement.verdict && !has_true_condition(status, settlement.verdict->type())) *status.add_conditions() = *settlement.verdict;
  drop_zeros(status);
  return settlement;
}

Conclusion conclude(const batchv1::Job& job, const Settlement& settlement, const batchv1::JobStatus& written, const Uids& still_held,
                    WallTime now) {
  Conclusion conclusion{.status = written};
  batchv1::JobStatus& status = conclusion.status;
  count_released(status, still_held);
  const auto& uncounted = status.uncountedterminatedpods();
  if (!settlement.verdict || settlement.capped || uncounted.succeeded_size() + uncounted.failed_size() > 0 || status.terminating() > 0) {
    return conclusion;
  }
  const batchv1::JobCondition& verdict = *settlement.verdict;
  conclusion.finished = true;
  settle_start_time(job, now, status);
  set_condition(status, make_condition(is_success(verdict) ? kComplete : kFailed, true, verdict.reason(), verdict.message(), now));
  if (!is_success(verdict)) {
    conclusion.notices.push_back({true, verdict.reason(), verdict.message()});
    return conclusion;
  }
  *status.mutable_completiontime() = to_time(now);
  if (job.spec().has_completions() && status.succeeded() > job.spec().completions()) {
    conclusion.notices.push_back({true, "TooManySucceededPods", "Too many succeeded pods running after completion count reached"});
  }
  conclusion.notices.push_back({false, "Completed", "Job completed"});
  return conclusion;
}

}  // namespace stint::job
