// The downward API: fields and resources of a pod as text. Pure; any thread.
#pragma once

#include <string>

#include "api/pod_resources.h"
#include "api/types.h"
#include "base/result.h"

namespace stint {

struct DownwardInput {
  const corev1::Pod& pod;
  std::string host_ip, pod_ip;
  ResourceAmounts allocatable;  // stands in for limits that are not set
};

// Errors name the path; a label or annotation that is not there is "".
Result<std::string> field_value(const DownwardInput& input, std::string_view path);
// ceil(value / divisor). `container` is the one that asks when the selector names none.
Result<std::string> resource_value(const DownwardInput& input, const corev1::ResourceFieldSelector& selector, std::string_view container);

}  // namespace stint
