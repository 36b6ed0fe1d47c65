#include "control/job/metrics.h"

#include <algorithm>

#include "control/job/pod_failure_policy.h"
#include "control/job/spec.h"

namespace stint::job {
namespace {

constexpr std::string_view kModeNames[] = {"NonIndexed", "Indexed"};
constexpr std::string_view kActionNames[] = {"reconciling", "tracking", "pods_created", "pods_deleted"};

std::string_view action_name(PodFailureAction action) {
  switch (action) {
    case PodFailureAction::kFailJob:
      return "FailJob";
    case PodFailureAction::kFailIndex:
      return "FailIndex";
    case PodFailureAction::kIgnore:
      return "Ignore";
    case PodFailureAction::kCount:
      return "Count";
    case PodFailureAction::kNone:
      break;
  }
  return "";
}

size_t mode_of(const batchv1::Job& job) { return is_indexed(job) ? 1 : 0; }

bool ended_with_finalizer(const corev1::Pod* pod) {
  if (pod == nullptr) return false;
  const std::string& phase = pod->status().phase();
  return (phase == "Succeeded" || phase == "Failed") && has_tracking_finalizer(*pod);
}

std::string_view creation_reason(const batchv1::Job& job, const Tally& tally) {
  if (replaces_only_failed(job) && tally.failed > 0) return "recreate_failed";
  return tally.failed > 0 || tally.terminating > 0 ? "recreate_terminating_or_failed" : "new";
}

Counter& tracking_event(Metrics& metrics, std::string_view event) {
  return metrics
      .counters("job_controller_terminated_pods_tracking_finalizer_total",
                "Ended pods seen to have the finalizer that holds them until they are counted (add), and to have lost it (delete).",
                {"event"})
      .with({event});
}

}  // namespace

JobMetrics::JobMetrics(Metrics& metrics)
    : stale_skips_(metrics
                       .counters("job_controller_stale_sync_skips_total",
                                 "Syncs put off until the cache showed this controller's own last write.", {"group", "resource"})
                       .with({"batch", "jobs"})),
      finalizers_added_(tracking_event(metrics, "add")),
      finalizers_removed_(tracking_event(metrics, "delete")),
      finished_(metrics.counters("job_controller_jobs_finished_total", "Jobs that ended, by how and why.",
                                 {"completion_mode", "result", "reason"})),
      handled_failures_(metrics.counters("job_controller_pod_failures_handled_by_failure_policy_total",
                                         "Failed pods that a rule of their Job's podFailurePolicy matched, by its action.", {"action"})),
      finished_indexes_(metrics.counters("job_controller_job_finished_indexes_total",
                                         "Indexes that ended, by how, and by whether failures are limited per index or for the whole Job.",
                                         {"status", "backoffLimit"})),
      creations_(metrics.counters("job_controller_job_pods_creation_total", "Pods asked for, by why, and by whether there came one.",
                                  {"reason", "status"})),
      external_(metrics.counters("job_controller_jobs_by_external_controller_total", "Jobs seen whose managedBy names another controller.",
                                 {"controller_name"})) {
  const std::vector<std::string> labels{"completion_mode", "result", "action"};
  auto& counts = metrics.counters("job_controller_job_syncs_total", "Syncs of Jobs, by how they ended and what they did.", labels);
  auto& seconds = metrics.histograms("job_controller_job_sync_duration_seconds", "Time that one sync of a Job took.",
                                     exponential_bounds(0.004, 2, 15), labels);
  auto& pods = metrics.counters("job_controller_job_pods_finished_total", "Ended pods that are counted in their Job's status.",
                                {"completion_mode", "result"});
  for (size_t mode = 0; mode < kModes; ++mode) {
    for (size_t result = 0; result < kResults; ++result) {
      const std::string_view sync_result = result == 0 ? "success" : "error", pod_result = result == 0 ? "succeeded" : "failed";
      pods_finished_[mode][result] = &pods.with({kModeNames[mode], pod_result});
      for (size_t action = 0; action < kActions; ++action) {
        syncs_[mode][result][action] = {&counts.with({kModeNames[mode], sync_result, kActionNames[action]}),
                                        &seconds.with({kModeNames[mode], sync_result, kActionNames[action]})};
      }
    }
  }
}

JobMetrics::Action JobMetrics::action_of(const batchv1::Job& job, const Plan& plan) {
  if (!plan.manages_pods) return Action::kReconciling;
  if (is_suspended(job) || !plan.discard.empty()) return Action::kPodsDeleted;
  return plan.create.empty() ? Action::kTracking : Action::kPodsCreated;
}

void JobMetrics::synced(const batchv1::Job& job, Action action, bool success, Duration took) {
  const Syncs& syncs = syncs_[mode_of(job)][success ? 0 : 1][static_cast<size_t>(action)];
  syncs.count->add();
  syncs.seconds->observe(std::chrono::duration<double>(took).count());
}

void JobMetrics::saw_pod(const corev1::Pod* old, const corev1::Pod* next) {
  const bool was = ended_with_finalizer(old), is = ended_with_finalizer(next);
  if (was != is) (is ? finalizers_added_ : finalizers_removed_).add();
}

void JobMetrics::saw_new_job(const batchv1::Job& job) {
  if (is_managed_elsewhere(job)) external_.with({job.spec().managedby()}).add();
}

// Upstream counts a refused creation as succeeded too; here each is one of the two.
void JobMetrics::created_pods(const batchv1::Job& job, const Tally& tally, int32_t created, int32_t refused) {
  const std::string_view reason = creation_reason(job, tally);
  if (created > 0) creations_.with({reason, "succeeded"}).add(created);
  if (refused > 0) creations_.with({reason, "failed"}).add(refused);
}

void JobMetrics::wrote_status(const batchv1::Job& job, const batchv1::JobStatus& status) {
  const batchv1::JobStatus& before = job.status();
  // An elastic Job that shrinks forgets successes; nothing ended thereby.
  const int32_t succeeded = std::max(0, status.succeeded() - before.succeeded());
  const int32_t failed = std::max(0, status.failed() - before.failed());
  pods_finished_[mode_of(job)][0]->add(succeeded);
  pods_finished_[mode_of(job)][1]->add(failed);
  if (!is_indexed(job)) return;
  const std::string_view limit = has_limit_per_index(job) ? "perIndex" : "global";
  if (succeeded > 0) finished_indexes_.with({"succeeded", limit}).add(succeeded);
  if (status.failedindexes() == before.failedindexes()) return;
  const auto size = [&](const std::string& indexes) { return IndexSet::parse(indexes, job.spec().completions()).size(); };
  finished_indexes_.with({"failed", limit}).add(std::max(0, size(status.failedindexes()) - size(before.failedindexes())));
}

void JobMetrics::settled(const batchv1::Job& job, const Pods& pods) {
  if (!job.spec().has_podfailurepolicy()) return;
  const auto& known = job.status().uncountedterminatedpods().failed();
  for (const PodPtr& pod : pods) {
    if (!is_failed(*pod, job) || std::ranges::find(known, pod->metadata().uid()) != known.end()) continue;
    const std::string_view action = action_name(match_pod_failure(job, *pod).action);
    if (!action.empty()) handled_failures_.with({action}).add();
  }
}

void JobMetrics::finished(const batchv1::Job& job, const batchv1::JobCondition& verdict) {
  finished_.with({kModeNames[mode_of(job)], is_success(verdict) ? "succeeded" : "failed", verdict.reason()}).add();
}

}  // namespace stint::job
