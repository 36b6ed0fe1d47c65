// This controller's writes that the caches do not show yet. A sync that did not know them would create twice, or count twice. All of it is
// memory: after a restart the first list shows everything. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "control/job/pod.h"

namespace stint::job {

// After this long an unseen creation is given up: its event was lost in a relist (the pod came and went). As upstream.
inline constexpr Duration kCreationSeenLimit = std::chrono::minutes(5);

class OwnWrites {
 public:
  // Creations are counted, since a pod's event may come before the answer that names it.
  void expect_created(const std::string& job_uid, int32_t count, Duration steady_now);
  void created_seen(const std::string& job_uid, int32_t count = 1);  // also for one that failed
  bool all_created_seen(const std::string& job_uid, Duration steady_now) const;

  // Before the call is made; taken back if it fails.
  void expect_deleted(const std::string& pod_uid) { deleted_.insert(pod_uid); }
  void expect_released(const std::string& pod_uid) { released_.insert(pod_uid); }
  void take_back_deleted(const std::string& pod_uid) { deleted_.erase(pod_uid); }
  void take_back_released(const std::string& pod_uid) { released_.erase(pod_uid); }

  // The cache got this state of a pod, or lost the pod.
  void observe(const corev1::Pod& pod, bool gone);

  // The pod as it is after the writes.
  PodPtr apply(const PodPtr& cached, WallTime now) const;

  // The resourceVersion of the Job's last status write: a cache that is older must not be read.
  void wrote_status(const std::string& job_uid, const std::string& resource_version) { status_versions_[job_uid] = resource_version; }
  bool shows_status(const batchv1::Job& cached) const;
  bool is_last_status(const batchv1::Job& cached) const;  // just that write: nothing new to its writer

  void forget_job(const std::string& job_uid);

 private:
  struct Creations {
    int32_t unseen = 0;
    Duration since;  // steady: a clock that is set must not make a late pod a lost one
  };
  std::unordered_map<std::string, Creations> creations_;          // by uid of the Job
  std::unordered_map<std::string, std::string> status_versions_;  // by uid of the Job
  std::unordered_set<std::string> deleted_;                       // uids of pods
  std::unordered_set<std::string> released_;
};

}  // namespace stint::job
