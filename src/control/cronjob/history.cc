#include "control/cronjob/history.h"

#include <algorithm>

#include "api/object.h"

namespace stint::cronjob {
namespace {

bool started_before(const JobPtr& a, const JobPtr& b) {
  const auto &status_a = a->status(), &status_b = b->status();
  if (status_a.has_starttime() != status_b.has_starttime()) return status_a.has_starttime();
  const WallTime start_a = from_time(status_a.starttime()), start_b = from_time(status_b.starttime());
  return start_a != start_b ? start_a < start_b : a->metadata().name() < b->metadata().name();
}

void add_oldest(const std::vector<JobPtr>& jobs, std::string_view condition, int32_t limit, std::vector<JobPtr>& outdated) {
  std::vector<JobPtr> finished;
  std::ranges::copy_if(jobs, std::back_inserter(finished), [&](const JobPtr& job) { return finished_as(*job) == condition; });
  std::ranges::sort(finished, started_before);
  const ptrdiff_t excess = std::ssize(finished) - limit;
  if (excess > 0) outdated.insert(outdated.end(), finished.begin(), finished.begin() + excess);
}

}  // namespace

std::vector<JobPtr> find_outdated(const batchv1::CronJob& cron_job, const std::vector<JobPtr>& jobs) {
  std::vector<JobPtr> outdated;
  const auto& spec = cron_job.spec();
  if (spec.has_successfuljobshistorylimit()) add_oldest(jobs, "Complete", spec.successfuljobshistorylimit(), outdated);
  if (spec.has_failedjobshistorylimit()) add_oldest(jobs, "Failed", spec.failedjobshistorylimit(), outdated);
  return outdated;
}

std::string_view finished_as(const batchv1::Job& job) {
  for (const auto& condition : job.status().conditions()) {
    if (condition.status() != "True") continue;
    if (condition.type() == "Complete") return "Complete";
    if (condition.type() == "Failed") return "Failed";
  }
  return "";
}

}  // namespace stint::cronjob
