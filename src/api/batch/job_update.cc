// What may change in a Job. Source: upstream's pkg/apis/batch/validation and its job strategy.
#include "api/batch/job.h"
#include "api/equality.h"
#include "api/immutable_field.h"

namespace stint::batch {
namespace {

// While a Job is suspended and nothing of it runs, where and with what its pods will run may still be decided.
bool template_is_open(const batchv1::Job& old) {
  bool not_started = !old.status().has_starttime();
  return old.spec().suspend() && (not_started || has_condition(old.status(), "Suspended")) && old.status().active() == 0;
}

// Only nodeAffinity is open: the old affinity with the next one's nodeAffinity, or none at all.
void open_affinity(const corev1::PodSpec& next, corev1::PodSpec& old) {
  if (next.has_affinity()) {
    corev1::Affinity& affinity = *old.mutable_affinity();
    affinity.clear_nodeaffinity();
    if (next.affinity().has_nodeaffinity()) *affinity.mutable_nodeaffinity() = next.affinity().nodeaffinity();
  } else if (old.has_affinity()) {
    old.mutable_affinity()->clear_nodeaffinity();
    if (semantically_equal(old.affinity(), corev1::Affinity())) old.clear_affinity();
  }
}

using Containers = google::protobuf::RepeatedPtrField<corev1::Container>;

void open_resources(const Containers& next, Containers& old) {
  if (next.size() != old.size()) return;
  for (int i = 0; i < next.size(); ++i) {
    if (next[i].name() == old[i].name()) *old[i].mutable_resources() = next[i].resources();
  }
}

void validate_template_update(const batchv1::Job& next_job, const batchv1::Job& old_job, FieldErrors& errors) {
  if (!template_is_open(old_job)) return validate_immutable_field(next_job.spec(), old_job.spec(), "template", FieldPath("spec"), errors);
  const corev1::PodTemplateSpec& next = next_job.spec().template_();
  corev1::PodTemplateSpec old = old_job.spec().template_();
  corev1::PodSpec& old_spec = *old.mutable_spec();
  open_affinity(next.spec(), old_spec);
  *old_spec.mutable_nodeselector() = next.spec().nodeselector();
  *old_spec.mutable_tolerations() = next.spec().tolerations();
  *old_spec.mutable_schedulinggates() = next.spec().schedulinggates();
  open_resources(next.spec().containers(), *old_spec.mutable_containers());
  open_resources(next.spec().initcontainers(), *old_spec.mutable_initcontainers());
  // Of the template only the pod's spec is compared, so its metadata is open as a whole.
  validate_immutable_field(next, old, "spec", FieldPath("spec.template"), errors);
}

void validate_completions(const batchv1::JobSpec& next, const batchv1::JobSpec& old, FieldErrors& errors) {
  if (!is_indexed(next)) return validate_immutable_field(next, old, "completions", FieldPath("spec"), errors);
  bool changed = next.has_completions() != old.has_completions() || next.completions() != old.completions();
  if (changed && next.has_completions() && next.completions() != next.parallelism()) {
    errors.invalid("spec.completions", shown(next.completions()), "can only be modified in tandem with spec.parallelism");
  }
}

}  // namespace

void validate_job_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const batchv1::Job& next = as_job(next_object);
  const batchv1::Job& old = as_job(old_object);
  validate_job_spec(next.spec(), errors);
  validate_completions(next.spec(), old.spec(), errors);
  validate_immutable_field(next.spec(), old.spec(), "selector", FieldPath("spec"), errors);
  validate_template_update(next, old, errors);
  for (const char* field : {"completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"}) {
    validate_immutable_field(next.spec(), old.spec(), field, FieldPath("spec"), errors);
  }
  validate_name_allows_completions(next, errors);
}

}  // namespace stint::batch
