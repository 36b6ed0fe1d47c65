// Which finished Jobs of a CronJob are too old to keep. Pure; any thread.
#pragma once

#include <memory>
#include <vector>

#include "api/types.h"

namespace stint::cronjob {

using JobPtr = std::shared_ptr<const batchv1::Job>;

// The oldest beyond successfulJobsHistoryLimit, then those beyond failedJobsHistoryLimit.
std::vector<JobPtr> find_outdated(const batchv1::CronJob& cron_job, const std::vector<JobPtr>& jobs);

// "Complete", "Failed", or "" while the Job goes on.
std::string_view finished_as(const batchv1::Job& job);

}  // namespace stint::cronjob
