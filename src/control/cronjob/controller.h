// The CronJob controller: gathers what the caches and, where they may be behind, the server show of one CronJob, asks plan.h what to do,
// and does it. Loop thread only.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "client/recorder.h"
#include "client/work_queue.h"
#include "control/controller.h"
#include "control/cronjob/plan.h"

namespace stint {

class CronJobController : public Controller {
 public:
  explicit CronJobController(ControllerContext& context);
  void start() override;

 private:
  using Again = std::optional<Duration>;

  void on_cron_job(const Object& old, const Object& next);
  void on_job(const Object& old, const Object& next);
  void wake_controller_of(const Message& job);
  bool shows_last_status(const batchv1::CronJob& cached) const;

  Task<void> run();
  Task<void> watch_clock();
  Task<Result<Again>> sync(std::string key);
  Task<Result<Again>> act(cronjob::View& view);
  Task<void> trim_history(cronjob::View& view);
  Task<bool> delete_job(const batchv1::CronJob& about, corev1::ObjectReference job);
  Task<Result<void>> add_unseen_run(cronjob::View& view);
  Task<Result<void>> confirm(cronjob::View& view);
  // Deletes what is replaced and creates the run's Job; `status` follows as far as that goes.
  Task<Result<void>> start_run(const cronjob::View& view, const cronjob::Plan& plan, batchv1::CronJobStatus& status);
  Task<Result<cronjob::JobPtr>> create_or_find(const batchv1::CronJob& cron_job, WallTime time);
  Task<Result<void>> write_status(const batchv1::CronJob& cron_job, batchv1::CronJobStatus status);

  Loop& loop_;
  Client& client_;
  Informer& cron_jobs_;
  Informer& jobs_;
  Recorder recorder_;
  Histogram& creation_skew_;
  // The resourceVersion of the last status write by uid: a cache that is older would start a run again.
  std::unordered_map<std::string, std::string> written_;
  // The newest run by the CronJob's uid, until the cache of Jobs shows it.
  std::unordered_map<std::string, corev1::ObjectReference> unseen_run_;
  std::unordered_set<std::string> stale_;        // keys whose sync waits for the cache to show that write
  std::unordered_set<std::string> rescheduled_;  // keys whose schedule or zone changed since their last sync
  Event has_cron_jobs_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint
