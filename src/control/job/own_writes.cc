#include "control/job/own_writes.h"

namespace stint::job {

void OwnWrites::expect_created(const std::string& job_uid, int32_t count, Duration steady_now) {
  creations_[job_uid] = {count, steady_now};
}

void OwnWrites::created_seen(const std::string& job_uid, int32_t count) {
  const auto found = creations_.find(job_uid);
  if (found == creations_.end()) return;
  found->second.unseen -= count;
  if (found->second.unseen <= 0) creations_.erase(found);
}

bool OwnWrites::all_created_seen(const std::string& job_uid, Duration steady_now) const {
  const auto found = creations_.find(job_uid);
  return found == creations_.end() || steady_now - found->second.since >= kCreationSeenLimit;
}

void OwnWrites::observe(const corev1::Pod& pod, bool gone) {
  const std::string& uid = pod.metadata().uid();
  if (gone || is_deleting(pod)) deleted_.erase(uid);
  if (gone || !has_tracking_finalizer(pod)) released_.erase(uid);
}

PodPtr OwnWrites::apply(const PodPtr& cached, WallTime now) const {
  const std::string& uid = cached->metadata().uid();
  const bool deleted = deleted_.contains(uid), released = released_.contains(uid);
  if (!deleted && !released) return cached;
  auto pod = std::make_shared<corev1::Pod>(*cached);
  if (deleted && !is_deleting(*pod)) *pod->mutable_metadata()->mutable_deletiontimestamp() = to_time(now);
  if (released) remove_finalizer(*pod, kTrackingFinalizer);
  return pod;
}

bool OwnWrites::shows_status(const batchv1::Job& cached) const {
  const auto found = status_versions_.find(cached.metadata().uid());
  return found == status_versions_.end() || revision_of(cached.metadata().resourceversion()) >= revision_of(found->second);
}

bool OwnWrites::is_last_status(const batchv1::Job& cached) const {
  const auto found = status_versions_.find(cached.metadata().uid());
  return found != status_versions_.end() && cached.metadata().resourceversion() == found->second;
}

void OwnWrites::forget_job(const std::string& job_uid) {
  creations_.erase(job_uid);
  status_versions_.erase(job_uid);
}

}  // namespace stint::job
