// What a pod asks of a node, as scheduler and node agent both reckon it (upstream: component-helpers/resource). Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "api/types.h"

namespace stint {

// Resource name → amount: "cpu" in thousandths, everything else in whole units.
using ResourceAmounts = std::map<std::string, int64_t, std::less<>>;
using ResourceList = google::protobuf::Map<std::string, resource::Quantity>;

// Stops at int64's maximum, as quantities do: two pods that ask for all there can be ask for no less than one. REQUIRES: none is negative.
int64_t sum_of_amounts(int64_t a, int64_t b);
void add_amounts(ResourceAmounts& total, const ResourceAmounts& more);

// Quantities that do not parse count as 0: validation refuses them before.
ResourceAmounts resource_amounts(const ResourceList& list);

// The larger of regular containers plus sidecars and of each init step, plus overhead; pod-level requests win per resource.
ResourceAmounts pod_requests(const corev1::PodSpec& spec);

}  // namespace stint
