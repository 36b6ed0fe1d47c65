// What one sync of a CronJob does: the whole decision, from what is seen and the time alone. Pure; any thread. Source: upstream's
// pkg/controller/cronjob/cronjob_controllerv2.go (syncCronJob).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/batch/cron_schedule.h"
#include "control/cronjob/history.h"
#include "control/notice.h"

namespace stint::cronjob {

// The annotation of a run's Job with the time that it was planned for.
inline constexpr char kPlannedTime[] = "batch.kubernetes.io/cronjob-scheduled-timestamp";

struct View {
  std::shared_ptr<const batchv1::CronJob> cron_job;
  std::vector<JobPtr> jobs;                     // that it controls
  std::set<std::string, std::less<>> removed;   // uids of its Jobs that the history limits just removed
  std::set<std::string, std::less<>> vanished;  // uids in status.active of Jobs that the server does not know any more
  // Its schedule or zone has just changed. What the new one would have started before is not caught up: it counts from its next time.
  bool rescheduled = false;
};

struct Plan {
  batchv1::CronJobStatus status;
  std::vector<Notice> notices;
  std::vector<corev1::ObjectReference> replace;  // to be deleted before the start
  std::optional<WallTime> start;                 // the planned time of the run to start now
  std::optional<Duration> look_again;
};

Plan plan(const View& view, WallTime now);

bool is_listed(const batchv1::CronJobStatus& status, std::string_view job_uid);
void unlist(batchv1::CronJobStatus& status, std::string_view job_uid);

// The Job of the run planned at `time`. Its name is the lock against a second one.
std::string job_name(const batchv1::CronJob& cron_job, WallTime time);
batchv1::Job make_job(const batchv1::CronJob& cron_job, WallTime time);
corev1::ObjectReference reference_to(const batchv1::Job& job);

}  // namespace stint::cronjob
