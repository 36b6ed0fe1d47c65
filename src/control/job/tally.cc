#include "control/job/tally.h"

#include <algorithm>

#include "control/job/pod_failure_policy.h"
#include "control/job/spec.h"

namespace stint::job {
namespace {

// Not counted yet, and to be counted: a pod without the finalizer was dealt with, one without an index belongs to nothing.
bool is_open(const corev1::Pod& pod, const batchv1::Job& job) { return has_tracking_finalizer(pod) && has_valid_index(pod, job); }

void count_finished(const View& view, Tally& tally) {
  const batchv1::Job& job = *view.job;
  const auto& uncounted = job.status().uncountedterminatedpods();
  tally.uncounted_succeeded.insert(uncounted.succeeded().begin(), uncounted.succeeded().end());
  tally.uncounted_failed.insert(uncounted.failed().begin(), uncounted.failed().end());
  int32_t new_failures = 0;
  for (const PodPtr& pod : view.settling) {
    if (!is_open(*pod, job)) continue;
    const std::string& uid = pod->metadata().uid();
    if (is_succeeded(*pod) && !tally.uncounted_succeeded.contains(uid)) tally.newly_succeeded.push_back(pod);
    if (!is_failed(*pod, job) || tally.uncounted_failed.contains(uid)) continue;
    tally.newly_failed.push_back(pod);
    if (match_pod_failure(job, *pod).counts()) ++new_failures;
  }
  const auto size = [](const auto& container) { return static_cast<int32_t>(container.size()); };
  tally.succeeded = job.status().succeeded() + size(tally.newly_succeeded) + size(tally.uncounted_succeeded);
  tally.failed = job.status().failed() + new_failures + size(tally.uncounted_failed);
  // Ignored failures delay the replacement too, so they are in.
  tally.back_off = view.back_off.after(tally.newly_succeeded, tally.newly_failed);
}

bool fails_its_index(const corev1::Pod& pod, const batchv1::Job& job) {
  if (!is_failed(pod, job)) return false;
  const PodFailureMatch match = match_pod_failure(job, pod);
  if (match.action == PodFailureAction::kFailIndex) return true;
  return match.counts() && index_failures(pod) >= job.spec().backofflimitperindex();
}

void count_indexes(const View& view, Tally& tally) {
  const batchv1::Job& job = *view.job;
  std::vector<int> succeeded, failed;
  for (const PodPtr& pod : view.settling) {
    if (!is_open(*pod, job)) continue;
    if (is_succeeded(*pod)) succeeded.push_back(completion_index(*pod));
    if (has_limit_per_index(job) && fails_its_index(*pod, job)) failed.push_back(completion_index(*pod));
  }
  const int completions = job.spec().completions();
  tally.completed_before = IndexSet::parse(job.status().completedindexes(), completions);
  tally.completed = tally.completed_before.merged(IndexSet::of(std::move(succeeded)));
  tally.succeeded = tally.completed.size();
  if (has_limit_per_index(job)) {
    tally.failed_indexes = IndexSet::parse(job.status().failedindexes(), completions).merged(IndexSet::of(std::move(failed)));
  }
}

bool is_newer_failure(const corev1::Pod& pod, const corev1::Pod& known) {
  const auto failures = [](const corev1::Pod& p) { return int64_t{index_failures(p)} + index_ignored_failures(p); };
  return failures(pod) >= failures(known) && finish_time(pod) >= finish_time(known);
}

void hold_back(const View& view, Tally& tally) {
  for (const PodPtr& pod : view.settling) {
    if (!is_open(*pod, *view.job) || !is_failed(*pod, *view.job)) continue;
    const int index = completion_index(*pod);
    if (tally.completed.has(index) || tally.failed_indexes.has(index) || view.taken_over.contains(index)) continue;
    PodPtr& held = tally.held_back[index];
    if (held == nullptr || is_newer_failure(*pod, *held)) held = pod;
  }
}

}  // namespace

Tally count(const View& view) {
  Tally tally{.active = view.sums.active, .ready = view.sums.ready, .terminating = view.sums.terminating};
  count_finished(view, tally);
  if (is_indexed(*view.job)) count_indexes(view, tally);
  if (is_indexed(*view.job) && has_limit_per_index(*view.job)) hold_back(view, tally);
  return tally;
}

}  // namespace stint::job
