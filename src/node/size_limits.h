// emptyDir volumes that may hold only so much (sizeLimit). Blocking, but for the first; any thread.
#pragma once

#include <string>

#include "api/types.h"
#include "node/pod_files.h"

namespace stint {

bool has_size_limits(const corev1::PodSpec& spec);

// What eviction says of the first volume, in spec order, that takes more blocks than it may; "" if none does. Files that vanish or that
// can't be looked at meanwhile count nothing.
std::string exceeded_size_limit(const corev1::PodSpec& spec, const PodPaths& paths);

}  // namespace stint
