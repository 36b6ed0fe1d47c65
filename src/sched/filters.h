// The questions that decide whether a pod may go to a node. Each answers with upstream's reason, or "" for yes. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "sched/node_load.h"

namespace stint {

// All reasons against it, empty when the pod fits.
std::vector<std::string> reasons_against(const corev1::Pod& pod, const NodeLoad& load);

bool matches_node_affinity(const corev1::PodSpec& spec, const corev1::Node& node);
// Any of its terms, all of a term.
bool matches_node_selector(const corev1::NodeSelector& selector, const corev1::Node& node);
bool tolerates(const corev1::PodSpec& spec, const corev1::Taint& taint);

}  // namespace stint
