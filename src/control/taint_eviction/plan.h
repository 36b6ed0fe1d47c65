// When the taints of its node end a pod. Pure; any thread. Source: upstream's pkg/controller/tainteviction.
#pragma once

#include <optional>

#include "api/types.h"
#include "base/clock.h"

namespace stint::taint_eviction {

// How long the pod may stay, from when the taints were there; nothing: for ever. 0: a taint that it does not tolerate.
std::optional<Duration> time_left(const corev1::PodSpec& pod, const corev1::NodeSpec& node);

bool evicts(const corev1::NodeSpec& node);  // it has taints that end pods

}  // namespace stint::taint_eviction
