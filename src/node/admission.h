// Whether a pod bound to this node fits beside those that are here. Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "node/node_context.h"

namespace stint {

// `others`: the pods that weigh on the node, without `pod`.
std::optional<Refusal> refuse_pod(const corev1::Pod& pod, std::span<const corev1::Pod* const> others, const ResourceAmounts& allocatable);

// What the pod asks for and this node does not do, in words for an event; "" when there is nothing. Such a pod runs without it.
std::string ignored_features(const corev1::PodSpec& spec);

}  // namespace stint
