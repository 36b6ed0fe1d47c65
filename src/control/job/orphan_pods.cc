#include "control/job/orphan_pods.h"

#include "api/selector.h"
#include "control/informers.h"
#include "control/job/claim.h"
#include "control/job/spec.h"

namespace stint::job {

JobPtr find_job(const Informer& jobs, const corev1::Pod& pod) {
  const auto* owner = controller_of(pod);
  if (owner == nullptr || owner->kind() != "Job") return nullptr;
  auto job = as<batchv1::Job>(jobs.get(pod.metadata().namespace_(), owner->name()));
  return job != nullptr && job->metadata().uid() == owner->uid() ? job : nullptr;
}

OrphanPods::OrphanPods(Loop& loop, Client& client, const Informer& jobs, const Informer& pods, Metrics& metrics)
    : client_(client),
      jobs_(jobs),
      pods_(pods),
      queue_(loop, "job_orphan_pod", {}, [this](std::string key) { return sync(std::move(key)); }, &metrics) {}

void OrphanPods::add(const corev1::Pod& pod) {
  if (has_tracking_finalizer(pod)) queue_.add(object_key(pod));
}

void OrphanPods::add_pods_of(const batchv1::Job& job) {
  for (const Object& pod : pods_.by_index(kControllerIndex, job.metadata().uid())) add(*as<corev1::Pod>(pod));
  const auto selector = LabelSelector::from(job.spec().selector());
  if (!selector || selector->empty()) return;
  for (const Object& object : pods_.by_index(kOwnerlessIndex, job.metadata().namespace_())) {
    if (selector->matches(meta(*object).labels())) add(*as<corev1::Pod>(object));
  }
}

Task<Result<std::optional<Duration>>> OrphanPods::sync(std::string key) {
  const size_t slash = key.find('/');
  const std::string ns = key.substr(0, slash), name = key.substr(slash + 1);
  const auto pod = as<corev1::Pod>(pods_.get(ns, name));
  if (pod == nullptr || !has_tracking_finalizer(*pod)) co_return std::nullopt;
  if (const auto* owner = controller_of(*pod)) {
    if (owner->kind() != "Job" || owner->apiversion() != "batch/v1") co_return std::nullopt;
    const JobPtr job = find_job(jobs_, *pod);
    if (job != nullptr && (is_managed_elsewhere(*job) || !is_finished(*job))) co_return std::nullopt;
  }
  const auto patched = co_await client_.patch(kind_of<corev1::Pod>(), ns, name, PatchType::kStrategic, drop_finalizer_patch(), "");
  if (!patched && patched.error().reason != Reason::kNotFound) co_return fail(patched.error());
  co_return std::nullopt;
}

}  // namespace stint::job
