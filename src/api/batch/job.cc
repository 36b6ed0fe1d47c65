// Job. Source: upstream's pkg/registry/batch/job/strategy.go.
#include "api/batch/job.h"

#include "api/batch/rules.h"
#include "api/core/pod_spec.h"
#include "api/equality.h"
#include "api/names.h"

namespace stint::batch {
namespace {

// Labels that make the Job's pods its own, and a selector on them; what the user gave is kept and checked by validation.
void generate_selector(batchv1::Job& job) {
  const metav1::ObjectMeta& meta = job.metadata();
  auto& labels = *job.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels();
  for (const char* key : {kLegacyJobNameLabel, kJobNameLabel}) labels.insert({key, meta.name()});
  for (const char* key : {kLegacyControllerUidLabel, kControllerUidLabel}) labels.insert({key, meta.uid()});
  job.mutable_spec()->mutable_selector()->mutable_matchlabels()->insert({kControllerUidLabel, meta.uid()});
}

void prepare_create(Message& object) {
  batchv1::Job& job = as_job(object);
  // Labels of the user's own are the Job's as well, and are held to the rules of labels twice. Those that are generated alone become the
  // Job's with the defaults of what is stored.
  const bool has_own = !job.spec().template_().metadata().labels().empty();
  if (!job.spec().manualselector()) generate_selector(job);
  if (has_own) set_job_labels(job);
  job.clear_status();
  job.mutable_metadata()->set_generation(1);
  job.mutable_spec()->clear_scheduling();
  core::drop_disabled_fields(*job.mutable_spec()->mutable_template_()->mutable_spec());
}

void prepare_update(Message& next_object, const Message& old) {
  batchv1::Job& next = as_job(next_object);
  *next.mutable_status() = as_job(old).status();
  next.mutable_spec()->clear_scheduling();
  core::drop_disabled_fields(*next.mutable_spec()->mutable_template_()->mutable_spec());
  set_job_labels(next);
}

void prepare_status_update(Message& next, const Message& old) {
  *as_job(next).mutable_spec() = as_job(old).spec();
  set_job_labels(as_job(next));
}

void warn(const Message& next_object, const Message* old, std::vector<std::string>& warnings) {
  const batchv1::Job& next = as_job(next_object);
  const Faults faults = dns_label_faults(next.metadata().name());
  if (old == nullptr && !faults.empty()) {
    warnings.push_back(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: " +
        listed(faults));
  }
  if (old != nullptr && semantically_equal(next.spec(), as_job(*old).spec())) return;
  warn_job_spec(next.spec(), FieldPath("spec"), warnings);
}

constexpr SelectableField kFields[] = {
    {"status.successful", [](const Message& o) { return std::to_string(as_job(o).status().succeeded()); }},
};

}  // namespace

bool has_condition(const batchv1::JobStatus& status, std::string_view type, std::string_view value) {
  for (const batchv1::JobCondition& condition : status.conditions()) {
    if (condition.type() == type && condition.status() == value) return true;
  }
  return false;
}

constinit const Rules kJobRules = {
    .set_defaults = set_job_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_job,
    .validate_update = validate_job_update,
    .validate_status = validate_job_status,
    .warn = warn,
    .columns = kJobColumns,
    .row = job_row,
    .fields = kFields,
};

}  // namespace stint::batch
