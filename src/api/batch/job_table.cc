// How a Job is printed in tables.
#include "api/batch/job.h"
#include "api/selector.h"
#include "api/table_cells.h"

namespace stint::batch {
namespace {

std::string status_text(const batchv1::Job& job) {
  const batchv1::JobStatus& status = job.status();
  if (has_condition(status, "Complete")) return "Complete";
  if (has_condition(status, "Failed")) return "Failed";
  if (is_deleting(job)) return "Terminating";
  for (const char* type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (has_condition(status, type)) return type;
  }
  return "Running";
}

std::string completions(const batchv1::Job& job) {
  std::string succeeded = std::to_string(job.status().succeeded());
  if (job.spec().has_completions()) return succeeded + "/" + std::to_string(job.spec().completions());
  if (job.spec().parallelism() > 1) return succeeded + "/1 of " + std::to_string(job.spec().parallelism());
  return succeeded + "/1";
}

std::string duration(const batchv1::Job& job, WallTime now) {
  const batchv1::JobStatus& status = job.status();
  if (!status.has_starttime()) return "";
  WallTime end = status.has_completiontime() ? from_time(status.completiontime()) : now;
  return human_duration(end - from_time(status.starttime()));
}

std::string selector_text(const batchv1::Job& job) {
  Result<LabelSelector> selector = LabelSelector::from(job.spec().selector());
  if (!selector) return "<error>";
  return or_none(selector->to_string());
}

}  // namespace

constinit const Column kJobColumns[8] = {
    {.name = "Name", .format = "name", .description = "Name of the Job, unique in its namespace."},
    {.name = "Status", .description = "How far the Job is, in one word."},
    {.name = "Completions", .description = "Pods that succeeded, of all that should."},
    {.name = "Duration", .description = "Time from the start to the end, or until now."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "Containers", .priority = 1, .description = "Names of the containers of each pod."},
    {.name = "Images", .priority = 1, .description = "Images of the containers of each pod."},
    {.name = "Selector", .priority = 1, .description = "Labels by which the Job finds its pods."},
};

void job_row(const Message& object, WallTime now, Row& row) {
  const batchv1::Job& job = as_job(object);
  const corev1::PodSpec& pod = job.spec().template_().spec();
  row.cells = {job.metadata().name(), status_text(job),     completions(job),      duration(job, now),
               age_of(job, now),      container_names(pod), container_images(pod), selector_text(job)};
}

}  // namespace stint::batch
