// What the conditions of a Node mean for its taints, and when it is given up. Pure; any thread. Source: upstream's
// pkg/controller/nodelifecycle; all nodes are one zone here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/types.h"
#include "base/clock.h"

namespace stint::node_lifecycle {

inline constexpr Duration kPeriod = std::chrono::seconds(5);
inline constexpr Duration kGrace = std::chrono::seconds(50);         // without a sign of life
inline constexpr Duration kStartupGrace = std::chrono::seconds(60);  // of one that never said whether it is ready

// "True", "False", "Unknown"; "" if it never said.
std::string readiness(const corev1::Node& node);

// The status of a node that gave no sign of life for its grace: Ready and the pressures are not known any more. Nothing: it says so
// already.
std::optional<corev1::NodeStatus> given_up(const corev1::Node& node, WallTime now);

// Whether pods may be driven off nodes that are not ready.
enum class Eviction {
  kNormal,   // one node more each ten seconds
  kHalted,   // too many nodes at once are not ready: no further one
  kNowhere,  // none is ready: the trouble is elsewhere, and nobody is driven off
};
Eviction eviction(std::span<const std::shared_ptr<const corev1::Node>> nodes);

// The node's taints with those that follow from its conditions and from spec.unschedulable. `drives_off`: pods too are to go, where it is
// not ready; a node that does so already goes on. Nothing: they are there.
std::optional<std::vector<corev1::Taint>> taints(const corev1::Node& node, bool drives_off, WallTime now);
// It drives pods off, or has to.
bool drives_off(const corev1::Node& node);
bool has_to_drive_off(const corev1::Node& node);

}  // namespace stint::node_lifecycle
