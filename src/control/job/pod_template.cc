#include "control/job/pod_template.h"

#include <algorithm>

#include "control/job/pod_failure_policy.h"
#include "control/job/spec.h"

namespace stint::job {
namespace {

constexpr std::string_view kIndexEnv = "JOB_COMPLETION_INDEX";

void add_owner(const batchv1::Job& job, metav1::ObjectMeta& metadata) {
  auto& owner = *metadata.add_ownerreferences();
  owner.set_apiversion("batch/v1");
  owner.set_kind("Job");
  owner.set_name(job.metadata().name());
  owner.set_uid(job.metadata().uid());
  owner.set_controller(true);
  owner.set_blockownerdeletion(true);
}

// A container that sets the variable itself keeps its own.
void add_index_env(corev1::Container& container) {
  if (std::ranges::any_of(container.env(), [](const auto& env) { return env.name() == kIndexEnv; })) return;
  auto& env = *container.add_env();
  env.set_name(std::string(kIndexEnv));
  auto& field = *env.mutable_valuefrom()->mutable_fieldref();
  field.set_apiversion("v1");
  field.set_fieldpath("metadata.labels['" + std::string(kIndexKey) + "']");
}

std::string indexed_prefix(const std::string& job_name, int index) {
  const std::string suffix = "-" + std::to_string(index) + "-";
  return job_name.substr(0, kGenerateNameBytesMax - suffix.size()) + suffix;
}

// The new pod carries on the count of the one it replaces, whose own failure is added.
void add_failure_counts(const batchv1::Job& job, const PodPtr& replaces, metav1::ObjectMeta& metadata) {
  int64_t failures = 0, ignored = 0;
  if (replaces) {
    failures = index_failures(*replaces);
    ignored = index_ignored_failures(*replaces);
    ++(match_pod_failure(job, *replaces).counts() ? failures : ignored);
  }
  auto& annotations = *metadata.mutable_annotations();
  annotations[std::string(kFailureCountKey)] = std::to_string(failures);
  if (ignored > 0) annotations[std::string(kIgnoredFailureCountKey)] = std::to_string(ignored);
}

void add_index(const batchv1::Job& job, const Creation& creation, corev1::Pod& pod) {
  auto& metadata = *pod.mutable_metadata();
  const std::string index = std::to_string(creation.index);
  metadata.set_generatename(indexed_prefix(job.metadata().name(), creation.index));
  (*metadata.mutable_annotations())[std::string(kIndexKey)] = index;
  (*metadata.mutable_labels())[std::string(kIndexKey)] = index;
  pod.mutable_spec()->set_hostname(job.metadata().name() + "-" + index);
  for (auto& container : *pod.mutable_spec()->mutable_initcontainers()) add_index_env(container);
  for (auto& container : *pod.mutable_spec()->mutable_containers()) add_index_env(container);
  if (has_limit_per_index(job)) add_failure_counts(job, creation.replaces, metadata);
}

}  // namespace

corev1::Pod make_pod(const batchv1::Job& job, const Creation& creation) {
  const auto& from = job.spec().template_();
  corev1::Pod pod;
  auto& metadata = *pod.mutable_metadata();
  metadata.set_namespace_(job.metadata().namespace_());
  metadata.set_generatename(job.metadata().name() + "-");
  *metadata.mutable_labels() = from.metadata().labels();
  *metadata.mutable_annotations() = from.metadata().annotations();
  *metadata.mutable_finalizers() = from.metadata().finalizers();
  if (!has_tracking_finalizer(pod)) metadata.add_finalizers(std::string(kTrackingFinalizer));
  add_owner(job, metadata);
  *pod.mutable_spec() = from.spec();
  if (creation.index != kNoIndex) add_index(job, creation, pod);
  return pod;
}

}  // namespace stint::job
