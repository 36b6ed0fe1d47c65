// Defaults of Jobs. Source: upstream's pkg/apis/batch/v1/defaults.go.
#include <limits>

#include "api/batch/job.h"
#include "api/core/pod_spec.h"

namespace stint::batch {

void set_job_template_defaults(batchv1::JobSpec& spec) {
  core::set_pod_spec_defaults(*spec.mutable_template_()->mutable_spec());
  if (!spec.has_podfailurepolicy()) return;
  for (batchv1::PodFailurePolicyRule& rule : *spec.mutable_podfailurepolicy()->mutable_rules()) {
    for (batchv1::PodFailurePolicyOnPodConditionsPattern& pattern : *rule.mutable_onpodconditions()) {
      if (pattern.status().empty()) pattern.set_status("True");
    }
  }
}

void set_job_labels(batchv1::Job& job) {
  if (!job.metadata().labels().empty()) return;
  *job.mutable_metadata()->mutable_labels() = job.spec().template_().metadata().labels();
}

void set_job_defaults(Message& object) {
  constexpr int32_t kBackoffLimit = 6;
  batchv1::Job& job = as_job(object);
  batchv1::JobSpec& spec = *job.mutable_spec();
  if (!spec.has_parallelism() && !spec.has_completions()) spec.set_completions(1);
  if (!spec.has_parallelism()) spec.set_parallelism(1);
  if (!spec.has_backofflimit()) {
    spec.set_backofflimit(spec.has_backofflimitperindex() ? std::numeric_limits<int32_t>::max() : kBackoffLimit);
  }
  if (!spec.has_completionmode()) spec.set_completionmode("NonIndexed");
  if (!spec.has_suspend()) spec.set_suspend(false);
  if (!spec.has_podreplacementpolicy()) spec.set_podreplacementpolicy(spec.has_podfailurepolicy() ? "Failed" : "TerminatingOrFailed");
  if (!spec.has_manualselector()) spec.set_manualselector(false);
  set_job_template_defaults(spec);
  // A new Job takes them in prepare_create, with the generated ones among them.
  if (!job.metadata().uid().empty()) set_job_labels(job);
}

}  // namespace stint::batch
