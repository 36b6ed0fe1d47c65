#include "control/job/pod_writes.h"

#include <algorithm>

#include "client/refusals.h"
#include "control/in_batches.h"
#include "control/job/claim.h"
#include "control/job/pod_template.h"

namespace stint::job {
namespace {

// Calls in flight for one Job.
constexpr size_t kParallelWritesMax = 500;
constexpr size_t kFirstCreationBatch = 1;

void note_error(PodWrites::Done& done, const Error& error) {
  if (!done.error) done.error = error;
}

}  // namespace

Task<PodWrites::Done> PodWrites::create(JobPtr job, std::vector<Creation> creations) {
  Done done;
  const std::string& job_uid = job->metadata().uid();
  if (creations.empty()) co_return done;
  own_.expect_created(job_uid, static_cast<int32_t>(creations.size()), loop_.steady_now());
  size_t begun = 0;
  for (size_t batch = kFirstCreationBatch; begun < creations.size(); batch = std::min(batch * 2, kParallelWritesMax)) {
    std::vector<Task<void>> tasks;
    const size_t end = std::min(begun + batch, creations.size());
    for (; begun < end; ++begun) tasks.push_back(create_one(job, std::move(creations[begun]), done));
    co_await when_all(loop_, std::move(tasks));
    if (!done.error) continue;
    own_.created_seen(job_uid, static_cast<int32_t>(creations.size() - begun));
    break;
  }
  co_return done;
}

Task<void> PodWrites::create_one(JobPtr job, Creation creation, Done& done) {
  const std::string& job_uid = job->metadata().uid();
  auto pod = std::make_unique<corev1::Pod>(make_pod(*job, creation));
  const auto made = co_await client_.create(kind_of<corev1::Pod>(), job->metadata().namespace_(), std::move(pod));
  if (made) {
    ++done.count;
    recorder_.normal(*job, "SuccessfulCreate", "Created pod: " + meta(**made).name());
    co_return;
  }
  // The creation stays expected: so the Job does not try again and again until it goes with its namespace.
  if (is_namespace_terminating(made.error())) co_return;
  own_.created_seen(job_uid);
  ++done.refused;
  recorder_.warning(*job, "FailedCreate", "Error creating: " + made.error().message);
  note_error(done, made.error());
}

Task<PodWrites::Done> PodWrites::remove(JobPtr job, Pods pods, bool release_first) {
  Done done;
  co_await in_batches(loop_, pods.size(), kParallelWritesMax, [&](size_t i) { return remove_one(job, pods[i], release_first, done); });
  co_return done;
}

Task<void> PodWrites::remove_one(JobPtr job, PodPtr pod, bool release_first, Done& done) {
  const auto& metadata = pod->metadata();
  if (release_first && has_tracking_finalizer(*pod)) {
    const auto released = co_await drop_finalizer(pod);
    if (!released) {
      note_error(done, released.error());
      co_return;
    }
  }
  own_.expect_deleted(metadata.uid());
  const auto removed = co_await client_.remove(kind_of<corev1::Pod>(), metadata.namespace_(), metadata.name(), {});
  if (!removed && removed.error().reason != Reason::kNotFound) {
    own_.take_back_deleted(metadata.uid());
    recorder_.warning(*job, "FailedDelete", "Error deleting: " + removed.error().message);
    note_error(done, removed.error());
    co_return;
  }
  if (removed) recorder_.normal(*job, "SuccessfulDelete", "Deleted pod: " + metadata.name());
  ++done.count;
  if (is_ready(*pod)) ++done.ready;
}

Task<PodWrites::Done> PodWrites::release(Pods pods, Uids& held) {
  Done done;
  co_await in_batches(loop_, pods.size(), kParallelWritesMax, [&](size_t i) { return release_one(pods[i], held, done); });
  co_return done;
}

Task<void> PodWrites::release_one(PodPtr pod, Uids& held, Done& done) {
  const auto released = co_await drop_finalizer(pod);
  if (!released) {
    note_error(done, released.error());
    co_return;
  }
  held.erase(pod->metadata().uid());
  ++done.count;
}

// A pod that is gone has no finalizer either.
Task<Result<void>> PodWrites::drop_finalizer(PodPtr pod) {
  const auto& metadata = pod->metadata();
  own_.expect_released(metadata.uid());
  const auto patched = co_await client_.patch(kind_of<corev1::Pod>(), metadata.namespace_(), metadata.name(), PatchType::kStrategic,
                                              drop_finalizer_patch(), "");
  // Gone: the cache may show it with its finalizer for a while yet, and it would be counted again.
  if (patched || patched.error().reason == Reason::kNotFound) co_return Result<void>();
  own_.take_back_released(metadata.uid());
  co_return fail(patched.error());
}

}  // namespace stint::job
