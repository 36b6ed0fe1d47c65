// The pod conditions that the node agent owns. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"
#include "base/clock.h"

namespace stint {

// What only the node itself knows.
struct NodeView {
  bool sandbox_ready = false;
  bool restarting_all = false;  // a rule wants every container to begin anew
  std::string disruption;       // why the node ends the pod; "" it does not, or says so only at the end
};

// Fills status.conditions from its container statuses and phase: foreign ones of `old` first, then DisruptionTarget,
// PodReadyToStartContainers, Initialized, Ready, ContainersReady, PodScheduled, and AllContainersRestarting where a rule may want that.
// lastTransitionTime is kept where the status did not change. REQUIRES: phase and container statuses of `status` are final.
void compute_conditions(const corev1::Pod& pod, const corev1::PodStatus& old, const NodeView& view, WallTime now,
                        corev1::PodStatus& status);

const corev1::PodCondition* find_condition(const corev1::PodStatus& status, std::string_view type);

}  // namespace stint
