// CronJob. Source: upstream's pkg/registry/batch/cronjob/strategy.go, pkg/apis/batch/v1/defaults.go and its printer.
#include "api/batch/cronjob.h"

#include "api/batch/job.h"
#include "api/batch/rules.h"
#include "api/core/pod_spec.h"
#include "api/table_cells.h"

namespace stint::batch {
namespace {

void set_defaults(Message& object) {
  constexpr int32_t kSuccessfulHistory = 3;
  constexpr int32_t kFailedHistory = 1;
  batchv1::CronJobSpec& spec = *as_cron_job(object).mutable_spec();
  if (spec.concurrencypolicy().empty()) spec.set_concurrencypolicy("Allow");
  if (!spec.has_suspend()) spec.set_suspend(false);
  if (!spec.has_successfuljobshistorylimit()) spec.set_successfuljobshistorylimit(kSuccessfulHistory);
  if (!spec.has_failedjobshistorylimit()) spec.set_failedjobshistorylimit(kFailedHistory);
  set_job_template_defaults(*spec.mutable_jobtemplate()->mutable_spec());
}

void drop_disabled(batchv1::CronJob& cron_job) {
  batchv1::JobSpec& job = *cron_job.mutable_spec()->mutable_jobtemplate()->mutable_spec();
  job.clear_scheduling();
  core::drop_disabled_fields(*job.mutable_template_()->mutable_spec());
}

void prepare_create(Message& object) {
  batchv1::CronJob& cron_job = as_cron_job(object);
  cron_job.clear_status();
  cron_job.mutable_metadata()->set_generation(1);
  drop_disabled(cron_job);
}

void prepare_update(Message& next, const Message& old) {
  *as_cron_job(next).mutable_status() = as_cron_job(old).status();
  drop_disabled(as_cron_job(next));
}

void prepare_status_update(Message& next, const Message& old) { *as_cron_job(next).mutable_spec() = as_cron_job(old).spec(); }

std::string suspend_text(const batchv1::CronJobSpec& spec) {
  if (!spec.has_suspend()) return "<unset>";
  return spec.suspend() ? "True" : "False";
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the CronJob, unique in its namespace."},
    {.name = "Schedule", .description = "When Jobs are made, as a cron expression."},
    {.name = "Timezone", .description = "Time zone of the schedule."},
    {.name = "Suspend", .type = "boolean", .description = "Whether no new Jobs are made."},
    {.name = "Active", .type = "integer", .description = "Jobs that are running."},
    {.name = "Last Schedule", .description = "Time since the last planned run that was started."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "Containers", .priority = 1, .description = "Names of the containers of each pod."},
    {.name = "Images", .priority = 1, .description = "Images of the containers of each pod."},
    {.name = "Selector", .priority = 1, .description = "Labels by which Jobs find their pods."},
};

void row(const Message& object, WallTime now, Row& row) {
  const batchv1::CronJob& cron_job = as_cron_job(object);
  const batchv1::CronJobSpec& spec = cron_job.spec();
  const corev1::PodSpec& pod = spec.jobtemplate().spec().template_().spec();
  bool started = cron_job.status().has_lastscheduletime();
  std::string last = started ? age(cron_job.status().lastscheduletime(), now) : std::string(kNone);
  row.cells = {cron_job.metadata().name(),
               spec.schedule(),
               spec.has_timezone() ? spec.timezone() : std::string(kNone),
               suspend_text(spec),
               Cell::integer(cron_job.status().active_size()),
               last,
               age_of(cron_job, now),
               container_names(pod),
               container_images(pod),
               kNone};
}

}  // namespace

constinit const Rules kCronJobRules = {
    .set_defaults = set_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_cron_job,
    .validate_update = validate_cron_job_update,
    .warn = warn_cron_job,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::batch
