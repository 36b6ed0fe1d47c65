// Resources of a pod and its containers as the kernel is told them. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"
#include "runtime/runtime.h"

namespace stint {

CgroupLimits container_limits(const corev1::Container& container);
// Quota and memory only when every container has that limit, or the pod itself.
CgroupLimits pod_limits(const corev1::PodSpec& spec);
// "pod<uid>", "burstable/pod<uid>" or "besteffort/pod<uid>".
std::string pod_cgroup(const corev1::Pod& pod);
// Guaranteed −997, BestEffort 1000, Burstable by its share of the node's memory.
int oom_score_adj(const corev1::Pod& pod, const corev1::Container& container, int64_t memory_capacity_bytes);

}  // namespace stint
