// The objects that a pod names and its node therefore may read. Source: upstream's node authorizer (VisitPodSecretNames and its like).
// Pure.
#pragma once

#include <set>
#include <string>

#include "api/types.h"

namespace stint {

struct PodReferences {
  std::set<std::string> secrets, config_maps, claims;  // by name, in the pod's namespace
};

PodReferences references_of(const corev1::Pod& pod);

}  // namespace stint
