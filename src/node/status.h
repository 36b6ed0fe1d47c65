// From what the node knows of a pod to the PodStatus that it publishes. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"
#include "base/clock.h"
#include "node/container_record.h"

namespace stint {

struct NodeIdentity {
  std::string host_ip;
  std::string runtime_name;  // the scheme of container ids: "crun"
};

// `pod` is the newest object known: its status is what is kept (qosClass, foreign conditions, startTime, times of transitions, a terminal
// phase). A terminal phase is withheld while any container still runs.
corev1::PodStatus compute_status(const corev1::Pod& pod, const PodRecord& record, const NodeIdentity& node, WallTime now);

}  // namespace stint
