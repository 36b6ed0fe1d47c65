// What the rules of Jobs and CronJobs share. Pure; any thread.
#pragma once

#include <string_view>

#include "api/field_path.h"
#include "api/kind.h"

namespace stint::batch {

inline constexpr const char* kControllerUidLabel = "batch.kubernetes.io/controller-uid";
inline constexpr const char* kJobNameLabel = "batch.kubernetes.io/job-name";
inline constexpr const char* kLegacyControllerUidLabel = "controller-uid";
inline constexpr const char* kLegacyJobNameLabel = "job-name";

inline const batchv1::Job& as_job(const Message& object) { return static_cast<const batchv1::Job&>(object); }
inline batchv1::Job& as_job(Message& object) { return static_cast<batchv1::Job&>(object); }

inline bool is_indexed(const batchv1::JobSpec& spec) { return spec.completionmode() == "Indexed"; }
bool has_condition(const batchv1::JobStatus& status, std::string_view type, std::string_view value = "True");

// Defaults.
void set_job_defaults(Message& job);
// The pod template and the policies of a job spec, also inside a CronJob, whose other fields stay as they are.
void set_job_template_defaults(batchv1::JobSpec& spec);
// A Job without labels takes those of its pods.
void set_job_labels(batchv1::Job& job);

// Validation. The spec without its selector, as it also stands in a CronJob.
void validate_job_template_spec(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors);
// With its selector, as of a Job.
void validate_job_spec(const batchv1::JobSpec& spec, FieldErrors& errors);
// The hostnames of an Indexed Job's pods must be DNS labels.
void validate_name_allows_completions(const batchv1::Job& job, FieldErrors& errors);
void validate_job(const Message& job, FieldErrors& errors);
void validate_job_update(const Message& next, const Message& old, FieldErrors& errors);
void validate_job_status(const Message& next, const Message& old, FieldErrors& errors);
void validate_pod_failure_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors);
void validate_success_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors);
void warn_job_spec(const batchv1::JobSpec& spec, const FieldPath& path, std::vector<std::string>& warnings);

extern const Column kJobColumns[8];
void job_row(const Message& job, WallTime now, Row& row);

}  // namespace stint::batch
