// What a Job wants to know of one pod. Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/object.h"
#include "api/types.h"

namespace stint::job {

using PodPtr = std::shared_ptr<const corev1::Pod>;
using Pods = std::vector<PodPtr>;

// Keeps a pod, and so its outcome, until the Job's status has counted it.
inline constexpr std::string_view kTrackingFinalizer = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view kIndexKey = "batch.kubernetes.io/job-completion-index";  // annotation and label
inline constexpr std::string_view kFailureCountKey = "batch.kubernetes.io/job-index-failure-count";
inline constexpr std::string_view kIgnoredFailureCountKey = "batch.kubernetes.io/job-index-ignored-failure-count";

bool has_tracking_finalizer(const corev1::Pod& pod);
bool is_succeeded(const corev1::Pod& pod);
bool is_finished(const corev1::Pod& pod);     // either way
bool is_active(const corev1::Pod& pod);       // neither finished nor being deleted
bool is_terminating(const corev1::Pod& pod);  // being deleted and not yet finished
bool is_ready(const corev1::Pod& pod);
// Whether the Job takes it for failed: under podReplacementPolicy TerminatingOrFailed a pod being deleted is, unless it succeeded.
bool is_failed(const corev1::Pod& pod, const batchv1::Job& job);

// From the annotation; kNoIndex if there is none or it is no index.
int completion_index(const corev1::Pod& pod);
// Below spec.completions; any pod of a NonIndexed Job.
bool has_valid_index(const corev1::Pod& pod, const batchv1::Job& job);

// Counted and ignored failures of the pod's index before this pod; 0 if the annotations are absent or no int32.
int32_t index_failures(const corev1::Pod& pod);
int32_t index_ignored_failures(const corev1::Pod& pod);

// When it ended, from the best witness there is: its containers, its Ready condition, its deletion, its creation.
WallTime finish_time(const corev1::Pod& pod);
// Sum over init and regular containers.
int64_t restarts(const corev1::Pod& pod);

// In this order pods are given up: the least advanced first.
bool goes_before(const corev1::Pod& a, const corev1::Pod& b);

}  // namespace stint::job
