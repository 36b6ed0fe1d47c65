// Amounts of resources by name, exact, and what a pod's containers ask for together. Pure; any thread.
#pragma once

#include <map>
#include <string>

#include "api/pod_resources.h"

namespace stint::core {

using Amounts = std::map<std::string, std::string>;  // the quantities' texts

Amounts amounts_of(const ResourceList& list);
void add(Amounts& total, const Amounts& more);
ResourceList as_list(const Amounts& amounts);
// Both have the same names with amounts of the same size.
bool same_amounts(const ResourceList& a, const ResourceList& b);

enum class Asked { kRequests, kLimits };
const ResourceList& list_of(const corev1::ResourceRequirements& resources, Asked asked);
// Containers that run beside each other added up, or the largest of the steps before them; the pod's own amounts go before those.
Amounts pod_amounts(const corev1::PodSpec& spec, Asked asked);
// What a pod costs besides its containers.
void add_overhead(const corev1::PodSpec& spec, Asked asked, Amounts& amounts);

}  // namespace stint::core
