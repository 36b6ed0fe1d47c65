// Jobs, pods and whole syncs for the tests of this folder: each function makes the common case, and the test changes what it is about.
#pragma once

#include <string>

#include "control/job/ledger.h"
#include "control/job/plan.h"
#include "control/job/spec.h"
#include "control/job/tracking.h"

namespace stint::job::test {

using namespace std::chrono_literals;

inline constexpr WallTime kNow = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 8 / 3)) + 10h;

// A started Job "j" in namespace "ns" with the defaults of the API.
inline batchv1::Job make_job(int completions = 1, int parallelism = 1) {
  batchv1::Job job;
  job.mutable_metadata()->set_name("j");
  job.mutable_metadata()->set_namespace_("ns");
  job.mutable_metadata()->set_uid("job-uid");
  auto& spec = *job.mutable_spec();
  spec.set_completions(completions);
  spec.set_parallelism(parallelism);
  spec.set_backofflimit(6);
  spec.set_completionmode("NonIndexed");
  spec.set_podreplacementpolicy("TerminatingOrFailed");
  (*spec.mutable_selector()->mutable_matchlabels())["batch.kubernetes.io/controller-uid"] = "job-uid";
  (*spec.mutable_template_()->mutable_metadata()->mutable_labels())["batch.kubernetes.io/controller-uid"] = "job-uid";
  spec.mutable_template_()->mutable_spec()->set_restartpolicy("Never");
  spec.mutable_template_()->mutable_spec()->add_containers()->set_name("main");
  *job.mutable_status()->mutable_starttime() = to_time(kNow - 1min);
  return job;
}

inline batchv1::Job make_work_queue_job(int parallelism) {
  batchv1::Job job = make_job(1, parallelism);
  job.mutable_spec()->clear_completions();
  return job;
}

inline batchv1::Job make_indexed_job(int completions, int parallelism) {
  batchv1::Job job = make_job(completions, parallelism);
  job.mutable_spec()->set_completionmode("Indexed");
  return job;
}

inline corev1::Pod make_pod(const std::string& uid, const std::string& phase) {
  corev1::Pod pod;
  auto& metadata = *pod.mutable_metadata();
  metadata.set_name("j-" + uid);
  metadata.set_namespace_("ns");
  metadata.set_uid(uid);
  metadata.add_finalizers(std::string(kTrackingFinalizer));
  *metadata.mutable_creationtimestamp() = to_time(kNow - 1min);
  (*metadata.mutable_labels())["batch.kubernetes.io/controller-uid"] = "job-uid";
  auto& owner = *metadata.add_ownerreferences();
  owner.set_apiversion("batch/v1");
  owner.set_kind("Job");
  owner.set_name("j");
  owner.set_uid("job-uid");
  owner.set_controller(true);
  pod.mutable_status()->set_phase(phase);
  return pod;
}

// Ended with this code so long ago.
inline corev1::Pod end_pod(corev1::Pod pod, int exit_code, Duration ago = 0s) {
  pod.mutable_status()->set_phase(exit_code == 0 ? "Succeeded" : "Failed");
  auto& status = *pod.mutable_status()->add_containerstatuses();
  status.set_name("main");
  status.mutable_state()->mutable_terminated()->set_exitcode(exit_code);
  *status.mutable_state()->mutable_terminated()->mutable_finishedat() = to_time(kNow - ago);
  return pod;
}

inline corev1::Pod with_index(corev1::Pod pod, int index) {
  (*pod.mutable_metadata()->mutable_annotations())[std::string(kIndexKey)] = std::to_string(index);
  return pod;
}

inline corev1::Pod with_failures(corev1::Pod pod, int count) {
  (*pod.mutable_metadata()->mutable_annotations())[std::string(kFailureCountKey)] = std::to_string(count);
  return pod;
}

inline corev1::Pod being_deleted(corev1::Pod pod) {
  *pod.mutable_metadata()->mutable_deletiontimestamp() = to_time(kNow);
  return pod;
}

inline corev1::Pod without_finalizer(corev1::Pod pod) {
  pod.mutable_metadata()->clear_finalizers();
  return pod;
}

inline View make_view(batchv1::Job job, std::vector<corev1::Pod> pods = {}) {
  const JobPtr shared = std::make_shared<batchv1::Job>(std::move(job));
  const auto ledger = std::make_shared<PodLedger>(shared);
  for (corev1::Pod& pod : pods) ledger->put(std::make_shared<corev1::Pod>(std::move(pod)));
  View view = ledger->look(shared);
  view.active_pods = [ledger, ask = view.active_pods] { return ask(); };
  return view;
}

// A sync in which every write succeeds.
struct Synced {
  Plan plan;
  Settlement settlement;
  Conclusion conclusion;
  batchv1::JobStatus first() const { return settlement.status; }
  batchv1::JobStatus last() const { return conclusion.status; }
};

inline Synced sync(const View& view, WallTime now = kNow) {
  Synced synced{.plan = plan(view, now)};
  const Pods& removed = synced.plan.kill.empty() ? synced.plan.discard : synced.plan.kill;
  Outcome outcome{.created = static_cast<int32_t>(synced.plan.create.size()), .removed = static_cast<int32_t>(removed.size())};
  for (const PodPtr& pod : removed) outcome.removed_ready += is_ready(*pod) ? 1 : 0;
  synced.settlement = settle(view, synced.plan, outcome, now);
  auto held = uids_with_finalizer(view, synced.plan);
  for (const PodPtr& pod : synced.settlement.release) held.erase(pod->metadata().uid());
  synced.conclusion = conclude(*view.job, synced.settlement, synced.settlement.status, held, now);
  return synced;
}

inline std::string reason_of(const batchv1::JobStatus& status, std::string_view type) {
  return has_true_condition(status, type) ? find_condition(status, type)->reason() : "";
}

inline std::vector<std::string> uids(const Pods& pods) {
  std::vector<std::string> all;
  for (const PodPtr& pod : pods) all.push_back(pod->metadata().uid());
  std::ranges::sort(all);
  return all;
}

}  // namespace stint::job::test
