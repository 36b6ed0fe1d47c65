// metrics.k8s.io: what nodes and pods use. Kept nowhere: made of what the node agent measures, at each request (server/usage_metrics.h).
#pragma once

#include <map>
#include <string>

#include "api/kind.h"
#include "api/usage.h"

namespace stint::metrics {

inline constexpr std::string_view kGroup = "metrics.k8s.io";

extern const Rules kNodeMetricsRules;
extern const Rules kPodMetricsRules;

// The object of either version, `kind` being one of the four, with the name and the labels of what was measured.
std::unique_ptr<Message> node_metrics(const Kind& kind, const metav1::ObjectMeta& node, const NodeUsage& usage);
std::unique_ptr<Message> pod_metrics(const Kind& kind, const metav1::ObjectMeta& pod, const PodUsage& usage);

}  // namespace stint::metrics
